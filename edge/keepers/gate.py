"""The keeper of a gate: rounds without end, and what passes looked at once."""

import logging
from collections.abc import Collection, Mapping
from typing import Any

from edge.devices.kinds import TagMemory
from edge.furniture import Gate as Furniture
from edge.keepers.keeper import Keeper
from edge.keepers.security import Security
from edge.notices import AfiWritten, Notice, RoundRun, TagRead
from edge.passage import Passage
from edge.stations import gate
from edge.stations.gate import Gate, Memory, Phase, Plan, Seen
from edge.stations.inputs import Input, Part, Passed, Started
from edge.stations.table import Step
from edge.watch import ReaderWatch, ReadTag, RunRound
from protocol.names import DeviceName, ShelfName, TagUid
from protocol.status import StationStatus

log = logging.getLogger(__name__)

GATE = ShelfName("gate")
"""What rounds are asked for as."""
ROUND_S = 0.05
"""From the end of a round to the next."""
PAUSE_S = 1.0
"""The same while a reader fails."""


class GateKeeper(Keeper[Gate]):
    """One gate at work."""

    kind = "gate"
    resting = Phase.IDLE
    station: Furniture

    def __init__(self, *made: Any) -> None:
        """As every keeper."""
        super().__init__(*made)
        self._passage = Passage(self.station.reads)
        self._rounds_at: dict[DeviceName, float] = {}
        self._alarmed: dict[TagUid, float] = {}
        """When each tag raised its last alarm."""
        self._security = Security(self.site, self.take)
        self.strangers = 0
        """Tags that passed and are none of ours."""

    def boot(self, memory: str | None, visit: str | None) -> Gate:
        """A gate begins afresh."""
        self.plan = Plan(self.station.name, self.site.settings.timing.refusal_s)
        return Gate(Phase.STARTING, Memory())

    def step(self, state: Gate, given: Input) -> Step[Gate]:
        """What the gate's table answers."""
        return gate.step(state, given, self.plan)

    def parts(self) -> Mapping[Part, tuple[DeviceName, ...]]:
        """Its readers."""
        return {Part.READER: self.station.readers}

    def start(self, up: Collection[DeviceName], open_doors: Mapping[DeviceName, bool | None]) -> None:
        """The first input: what doesn't answer."""
        down = frozenset({Part.READER} if any(name not in up for name in self.station.readers) else ())
        self._rounds_at = dict.fromkeys(self.station.readers, self.site.clock.now())
        self.take(Started(None, down))

    def notice(self, notice: Notice) -> None:
        """Rounds, tags, and what came of writing them."""
        match notice:
            case RoundRun(device=device, round=done):
                now = self.site.clock.now()
                self._rounds_at[device] = now + (PAUSE_S if done is None else ROUND_S)
                if done is not None:
                    self._passage, came = self._passage.after(done.tags, now)
                    self._security.reach(self._passage.tags)
                    for tag in sorted(came):
                        self._reader(device).order(ReadTag(tag, 0))
            case TagRead(device=device, tag=tag, memory=memory):
                self._judge(device, tag, memory)
            case AfiWritten(tag=tag, afi=afi, why=why):
                self._security.tried(tag, afi, why)
            case _:
                super().notice(notice)

    def tick(self, now: float) -> None:
        """Asks for the rounds that are due, and fires the timers."""
        for name, at in list(self._rounds_at.items()):
            if now >= at:
                del self._rounds_at[name]
                self._reader(name).order(RunRound(GATE, 0))
        super().tick(now)

    def next_due(self) -> float:
        """When the next timer runs out, or the next round is due."""
        dues = [due for due in (super().next_due(), *self._rounds_at.values()) if due is not None]
        return min(dues)

    def status(self) -> StationStatus:
        """The gate as its heartbeat tells it."""
        return StationStatus(
            station=self.name,
            kind=self.kind,
            phase=self.state.phase,
            out_of_order=", ".join(sorted(self.state.down)) if Part.READER in self.state.down else None,
        )

    def _judge(self, device: DeviceName, tag: TagUid, memory: TagMemory | None) -> None:
        """Whether what passes leaves without a loan; and where its security was left wrong, mends it."""
        content = self.content(memory)
        whose = self.identity(tag, content)
        if whose.item is None or whose.foreign is not None:
            self.strangers += 1
            log.debug("%s: %s passed, which is none of ours: %s", self.name, tag, whose.foreign)
            return
        loans, tags = self.site.loans, self.site.settings.tags
        entry = self.site.mirror.item(whose.item)
        seen = Seen(
            afi=None if memory is None else memory.afi,
            news=loans.news(whose.item),
            wrong=loans.wrong(tag),
            lent=None if entry is None else entry.lent,
        )
        if gate.alarms(seen, tags.afi_in_stock, tags.afi_on_loan):
            self._alarm(Passed(tag, whose.item, whose.owner, seen.afi))
        if seen.wrong is not None:
            self._security.mend(self._reader(device), tag)

    def _alarm(self, passed: Passed) -> None:
        now, quiet_s = self.site.clock.now(), self.station.quiet_s
        self._alarmed = {tag: at for tag, at in self._alarmed.items() if now - at < quiet_s}
        if passed.tag not in self._alarmed:
            self._alarmed[passed.tag] = now
            self.take(passed)

    def _reader(self, name: DeviceName) -> ReaderWatch:
        watch = self.watches[name]
        assert isinstance(watch, ReaderWatch)
        return watch
