"""What is known of titles at sites when a plan is made: what its reasons speak of."""

from collections import Counter

from hub.restock import planner
from hub.restock.planner.reasons import Facts
from hub.restocking.world import Ground


class Findings:
    """What reasons can speak of."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        learned, terms = ground.learned, ground.terms
        named = {number: title for title, number in learned.titles.items()}
        since = (learned.until - terms.look_back) * 86_400.0
        self._taken: Counter[tuple[str, str]] = Counter()
        self._idle: Counter[tuple[str, str]] = Counter()
        for stay in learned.stays:
            number = learned.of_item.get(stay.item)
            if number is None:
                continue
            key = (named[number], stay.site)
            self._taken[key] += stay.taken and stay.end >= since
            self._idle[key] += not stay.ended and stay.begin <= since
        w = ground.world
        wants = {
            (int(theme), w.sites.ids[site]): int(least)
            for theme, site, least in zip(w.demands.theme, w.demands.site, w.demands.least, strict=True)
        }
        self._themes: dict[tuple[str, str], tuple[str, int]] = {}
        for theme, group in zip(w.themes.theme, w.themes.group, strict=True):
            for site in w.sites.ids:
                if (int(theme), site) in wants:
                    self._themes.setdefault((w.groups[group], site), (w.themes.ids[theme], wants[int(theme), site]))
        self._waiting = {
            (w.groups[group], w.sites.ids[site]): int(count)
            for group, site, count in zip(w.reservations.group, w.reservations.site, w.reservations.count, strict=True)
        }
        self._barred = {
            (w.groups[group], w.sites.ids[site]) for group, site in zip(w.barred.group, w.barred.site, strict=True)
        }

    def of(self, line: planner.Line) -> Facts:
        """What is known of a line's title at both ends."""
        at, from_ = (line.group, line.target or ""), (line.group, line.origin or "")
        theme, wants = self._themes.get(at, (None, 0))
        return Facts(
            taken=self._taken[at],
            days=self._ground.terms.look_back,
            left=self._ground.there[at],
            waiting=self._waiting.get(at, 0),
            theme=theme,
            theme_wants=wants,
            idle=self._idle[from_],
            barred=from_ in self._barred,
        )
