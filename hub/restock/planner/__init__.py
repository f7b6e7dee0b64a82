"""The planner: values in, plan out. Decides over all sites at once which copies stay, come, go home or move on."""

from hub.restock.planner.demands import Infeasible, Reason, Refusal
from hub.restock.planner.lines import Kind, Line, Lines
from hub.restock.planner.outlook import Limit, Missed, Scarce, Wish
from hub.restock.planner.plan import Plan, Stage, plan
from hub.restock.planner.relaxed import Cancelled
from hub.restock.planner.world import (
    LIBRARY,
    NO_VAN,
    UNLIMITED,
    BadWorld,
    Candidates,
    Demands,
    Limits,
    Pairs,
    Pins,
    Reservations,
    Sites,
    Stock,
    Themes,
    Vans,
    World,
)

__all__ = [
    "LIBRARY",
    "NO_VAN",
    "UNLIMITED",
    "BadWorld",
    "Cancelled",
    "Candidates",
    "Demands",
    "Infeasible",
    "Kind",
    "Limit",
    "Limits",
    "Line",
    "Lines",
    "Missed",
    "Pairs",
    "Pins",
    "Plan",
    "Reason",
    "Refusal",
    "Reservations",
    "Scarce",
    "Sites",
    "Stage",
    "Stock",
    "Themes",
    "Vans",
    "Wish",
    "World",
    "plan",
]
