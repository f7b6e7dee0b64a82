"""The end of a demo: everything comes to rest, then where things are is compared with where the hub says they are."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from firmware_sim.children import Children
from firmware_sim.librarian import Librarian
from firmware_sim.settings import RECOUNT_S
from firmware_sim.sites import Site
from firmware_sim.town import Town
from firmware_sim.truth import Difference, compare, listing

REST_S = RECOUNT_S + 5.0
"""How long a site must have been quiet: long enough for every shelf to have been counted once more."""
PATIENCE_S = 60.0
"""How long all sites together may take to come to rest."""
GRACE_S = 10.0
"""How long differences may take to vanish once all is at rest: the hub's last commits."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the comparison showed."""

    items: int
    differences: tuple[Difference, ...]
    unrest: tuple[str, ...]
    """Sites that never came to rest, and why."""
    lines: tuple[str, ...]
    """Every item: where it is, where the hub says it is."""

    @property
    def agrees(self) -> bool:
        """Truth and hub say the same, and nothing is still under way."""
        return not self.differences and not self.unrest

    def told(self, every_item: bool) -> list[str]:
        """The truth check in words."""
        lines = ["Truth check"]
        if every_item or self.differences:
            lines += [f"  {line}" for line in self.lines]
        lines += [f"  never came to rest: {why}" for why in self.unrest]
        lines += [f"  DIFFERS: {difference}" for difference in self.differences]
        agreed = self.items - len(self.differences)
        lines.append(f"  {agreed} of {self.items} items are where the hub says they are")
        return lines


def come_to_rest(
    sites: Sequence[Site], children: Children, hurry: Callable[[], bool], patience_s: float = PATIENCE_S
) -> tuple[str, ...]:
    """Waits until every site has been quiet for long enough; answers which never were, and why.

    `hurry` is asked now and then whether somebody has lost patience.
    """
    restless_since = {site.spot.partner.site: (time.monotonic(), "just begun") for site in sites}
    deadline = time.monotonic() + patience_s
    while True:
        children.check()
        for site in sites:
            why = site.unrest()
            if why is not None:
                restless_since[site.spot.partner.site] = (time.monotonic(), why)
        now = time.monotonic()
        restless = [f"{name}: {why}" for name, (since, why) in restless_since.items() if now - since < REST_S]
        if not restless:
            return ()
        if now > deadline or hurry():
            return tuple(restless)
        time.sleep(0.25)


def judge(town: Town[Any], librarian: Librarian, unrest: tuple[str, ...]) -> Verdict:
    """Compares, until all agrees or the grace is over; raises httpx.HTTPError when the hub doesn't answer at all."""
    deadline = time.monotonic() + GRACE_S
    while True:
        try:
            answers = librarian.answers()
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
            continue
        differences = compare(town.truth, answers, town.shadowed())
        if not differences or time.monotonic() > deadline:
            items = len(town.truth.items())
            return Verdict(items, differences, unrest, tuple(listing(town.truth, answers)))
        time.sleep(0.5)
