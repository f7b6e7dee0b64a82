"""Taps out of looks: a card that lies on the reader is one tap, however often it is looked at."""

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
