"""The self-test of a station: what answers, and when it is due again (`edge.stations.selftest` decides)."""

from collections.abc import Iterable, Mapping
from datetime import time
from typing import Any

from edge.site import Site
from edge.stations import selftest
from edge.stations.selftest import Trial
from edge.watch import DoorWatch, Watch
from protocol.events import Fact, SelfTested, Tested
from protocol.names import ClockTrust, DeviceName, StationName
from protocol.status import DeviceState, DeviceStatus

CALM_S = 60.0
"""So long nobody has been there when a self-test begins."""
LOOK_S = 3600.0
"""Between looks whether one is due, since the clock may have been set meanwhile."""


class Nights:
    """A station's self-tests: the last one, kept in the journal as `trial/<station>`, and the next."""

    def __init__(self, site: Site, name: StationName) -> None:
        self._site = site
        self._key = f"trial/{name}"
        self._hour = time.fromisoformat(site.settings.timing.self_test_at)
        kept = site.journal.kept(self._key).get(self._key)
        self.last = Trial.model_validate_json(kept) if kept else None
        self._began = self._stirred = self.look_at = site.clock.now()
        self._tried_at: float | None = None

    def stirred(self) -> None:
        """Somebody is there."""
        self._stirred = self._site.clock.now()

    def due(self, now: float, at_rest: bool) -> bool:
        """Whether the station is to try itself now; asked again at `look_at`."""
        if now < self.look_at:
            return False
        site, last = self._site, self.last
        trusted = site.clock.stamp().clock is not ClockTrust.UNSYNCED
        since_s = None if self._tried_at is None else now - self._tried_at
        due_s = selftest.due_s(
            site.here(), trusted, self._hour, last.night if last else None, since_s, now - self._began
        )
        self.look_at = now + (min(due_s, LOOK_S) if due_s > 0 else CALM_S)
        return due_s <= 0 and at_rest and now >= self._stirred + CALM_S

    def trial(self, facts: Iterable[Fact]) -> Trial | None:
        """The self-test among facts that are about to be written down."""
        fact = next((f for f in facts if isinstance(f, SelfTested)), None)
        return Trial(night=selftest.night_of(self._site.here(), self._hour), fact=fact) if fact else None

    def keep(self, trial: Trial | None) -> dict[str, str | None]:
        """What the journal keeps of it."""
        return {self._key: trial.model_dump_json()} if trial else {}

    def tried(self, trial: Trial | None) -> None:
        """It is on record."""
        if trial is not None:
            self.last, self._tried_at = trial, self._site.clock.now()


def tried(site: Site, uses: Mapping[DeviceName, str], watches: Mapping[DeviceName, Watch[Any]]) -> tuple[Tested, ...]:
    """What answers of these devices, which are asked all the time; and the site's clock and disk."""
    devices = {status.device: status for status in site.health.devices()}
    trust, free, floor = site.clock.stamp().clock, site.free_mb(), site.settings.storage.free_floor_mb
    return (
        *(_tried(watches[name], devices[name]) for name in uses),
        Tested(part="clock", ok=trust is not ClockTrust.UNSYNCED, says=str(trust)),
        Tested(part="disk", ok=free >= floor, says=f"{free} MB free, {floor} needed"),
    )


def _tried(watch: Watch[Any], status: DeviceStatus) -> Tested:
    works = status.state is DeviceState.OK
    words = status.detail or ("answers" if works else "doesn't answer")
    if works and isinstance(watch, DoorWatch):
        return Tested(part=watch.name, ok=not watch.open, says=f"{words}; {'open' if watch.open else 'shut'} now")
    return Tested(part=watch.name, ok=works, says=words)
