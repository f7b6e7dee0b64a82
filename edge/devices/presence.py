"""Taps out of looks: a card that lies on the reader is one tap, however often it is looked at.

And looks out of what readers say unasked, which can't be looked at.
"""

from edge.devices.kinds import Look

MISSES = 3
"""Looks in a row that must find nothing before a presentation is over: single looks miss a card that lies still."""
REMEMBERED = 8
"""Cards of one presentation that aren't reported again; no hand holds more."""


class Presence:
    """One card reader's field over time."""

    def __init__(self) -> None:
        self._shown: tuple[Look, ...] = ()
        self._missed = 0

    def see(self, look: Look) -> Look | None:
        """Takes a look; answers it when it shows something new in this presentation.

        A further card is new. Several at once are new only as long as no card was read: a card already served and
        a second one beside it need no hint to hold one only.
        """
        if look.uid is None and not look.several:
            self._missed += 1
            if self._missed >= MISSES:
                self._shown = ()
            return None
        self._missed = 0
        if look in self._shown or (look.several and self._shown):
            return None
        self._shown = (*self._shown, look)[-REMEMBERED:]
        return look


class Heard:
    """What one reader has said of cards, as if it could be looked at."""

    def __init__(self, hold_s: float) -> None:
        """A card that was told of lies there for `hold_s` seconds more."""
        self._hold_s = hold_s
        self._uid: str | None = None
        self._until = 0.0
        self._fresh = False

    def hear(self, uid: str, now: float) -> None:
        """The reader tells of a card at `now` (monotonic seconds)."""
        self._uid, self._until, self._fresh = uid, now + self._hold_s, True

    def look(self, now: float) -> Look:
        """The card that lies there; one that was told of since the last look does, however long ago that was."""
        if not self._fresh and now >= self._until:
            self._uid = None
        self._fresh = False
        return Look(self._uid)
