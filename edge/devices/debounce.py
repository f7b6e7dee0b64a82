"""A contact's true edges out of a bouncing one."""


class Debounce:
    """Believes a change once it has lasted."""

    def __init__(self, stable_s: float, value: bool) -> None:
        """`value` is what is believed at first; a change must last `stable_s` seconds."""
        self.value = value
        self._stable_s = stable_s
        self._since: float | None = None

    def see(self, value: bool, now: float) -> bool | None:
        """Takes a reading at `now` (monotonic seconds); the new value when it has come to be believed, else None."""
        if value == self.value:
            self._since = None
            return None
        if self._since is None:
            self._since = now
        if now - self._since < self._stable_s:
            return None
        self.value, self._since = value, None
        return value
