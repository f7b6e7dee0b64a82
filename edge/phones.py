"""Codes on patrons' phones: whose they are, and that each minute of a card opens once, also over a restart."""

from edge.clock import Clock
from edge.directory import Mirror
from edge.journal import Journal
from protocol.names import CardTag, SiteId
from protocol.phone import MINUTE_S, Refused, Shown, check

KEPT = "phone/"
KEEP_MINUTES = 86_400 // MINUTE_S
"""For how long a card's newest minute is remembered: codes last for less, but a clock may have been ahead for hours."""


class Phones:
    """The codes that one site's stations are shown."""

    def __init__(self, site: SiteId, journal: Journal, mirror: Mirror, clock: Clock) -> None:
        """`journal` remembers what was accepted, `mirror` has the cards' keys."""
        self._site, self._journal, self._mirror, self._clock = site, journal, mirror, clock

    def accept(self, text: str) -> Shown | Refused:
        """Whose card the code stands for, written down before anybody acts upon it: it is good for this one time.

        Raises StorageFailed; then it wasn't accepted.
        """
        stamp = self._clock.stamp()
        newest = self._newest()
        found = check(text, self._site, self._mirror.phones, stamp.at, stamp.clock, newest)
        if isinstance(found, Shown):
            old = [card for card, minute in newest.items() if minute < found.minute - KEEP_MINUTES]
            keep = {f"{KEPT}{found.card}": str(found.minute), **dict.fromkeys(f"{KEPT}{card}" for card in old)}
            self._journal.commit((), stamp, keep=keep)
        return found

    def _newest(self) -> dict[CardTag, int]:
        kept = self._journal.kept(KEPT)
        return {CardTag(key.removeprefix(KEPT)): int(minute) for key, minute in kept.items()}
