"""The forecast: what a title or a group is expected to be lent at a site over the next cycle, and how surely."""

from hub.restock.forecast.counts import quantiles, tails, worth
from hub.restock.forecast.fit import fit
from hub.restock.forecast.forecast import Forecast, Group, Interval
from hub.restock.forecast.history import Catalogue, Exposure, Exposures, Settings

__all__ = [
    "Catalogue",
    "Exposure",
    "Exposures",
    "Forecast",
    "Group",
    "Interval",
    "Settings",
    "fit",
    "quantiles",
    "tails",
    "worth",
]
