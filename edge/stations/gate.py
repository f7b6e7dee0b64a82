"""The gate: antennas at an exit, and an alarm for what leaves without a loan. One table: (phase, input) -> row. Pure.

A gate never lends and never stops anybody. What this site itself knows of an item goes first: what it has lent raises
no alarm, whatever the tag says, and what it has taken back raises one. Then the tag's own security, which needs no
network; the directory only where the tag doesn't tell. What isn't the library's raises no alarm.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from edge.lent import News, Wrong
from edge.screen import Change, View, ViewItem, ViewKind
from edge.stations import security, table
from edge.stations.effects import Record, Remind, Show
from edge.stations.inputs import Input, Part, PartDown, PartUp, Passed, SecurityTried, Started, TimedOut, Timer
from edge.stations.table import Step, Table, row
from edge.stations.visit import OpenVisit
from protocol.events import GateAlarmed
from protocol.names import Frozen, StationName


class Phase(StrEnum):
    """What the gate is at."""

    STARTING = "starting"
    IDLE = "idle"
    ALARM = "alarm"
    OUT = "out-of-order"
    """A reader doesn't answer; others may."""


class GateView(StrEnum):
    """What only a gate shows."""

    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Plan:
    """A gate's fixed facts."""

    station: StationName
    alarm_s: float
    """How long the screen calls."""


class Memory(Frozen):
    """What a gate knows across restarts: nothing."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate's state."""

    phase: Phase
    memory: Memory = field(default_factory=Memory)
    visit: OpenVisit | None = None
    down: frozenset[Part] = frozenset()
    called: tuple[ViewItem, ...] = ()
    """What the alarm that is on is about."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of something of ours that goes through."""

    afi: int | None
    """None when it couldn't be read, or tags here have none."""
    news: News | None
    """What happened to it here, that the directory can't know."""
    wrong: Wrong | None
    """What its tag should say and doesn't, as far as this site knows."""
    lent: bool | None
    """On loan, as the directory has it; None when it doesn't know the item."""


def alarms(seen: Seen, in_stock: int, on_loan: int) -> bool:
    """Whether it leaves without a loan."""
    if seen.news is not None and (seen.news.lent or seen.news.away):
        return False
    if seen.wrong is not None:
        return not seen.wrong.on_loan
    if seen.afi in (in_stock, on_loan):
        return seen.afi == in_stock
    return seen.news is not None or seen.lent is False


def step(state: Gate, given: Input, plan: Plan) -> Step[Gate]:
    """What the gate becomes and wants done."""
    return table.step(TABLE, state, given, plan)


def _started(state: Gate, given: Started, plan: Plan) -> Step[Gate]:
    return _rest(replace(state, down=given.down))


def _rest(state: Gate) -> Step[Gate]:
    if Part.READER in state.down:
        return Step(replace(state, phase=Phase.OUT, called=()), (Show(View(ViewKind.OUT_OF_ORDER)),))
    return Step(replace(state, phase=Phase.IDLE, called=()), (Show(View(ViewKind.IDLE)),))


def _passed(state: Gate, given: Passed, plan: Plan) -> Step[Gate]:
    """The alarm is given though it can't be written down: it is about what happens now."""
    fact = GateAlarmed(station=plan.station, tag=given.tag, item=given.item, owner=given.owner, afi=given.afi)
    called = (*(one for one in state.called if one.tag != given.tag), ViewItem(Change.LYING, given.tag, given.item))
    state = replace(state, phase=Phase.ALARM, called=called)
    said = View(GateView.ALARM, items=called, seconds=plan.alarm_s)
    return Step(state, (Record((fact,)), Show(said), Remind(Timer.SCREEN, plan.alarm_s)))


def _over(state: Gate, given: TimedOut, plan: Plan) -> Step[Gate]:
    return _rest(state) if given.timer is Timer.SCREEN else Step(state, known=False)


def _secured(state: Gate, given: SecurityTried, plan: Plan) -> Step[Gate]:
    """A tag that was left wrong by another station passed by."""
    return Step(state, security.told(given, plan.station))


def _down(state: Gate, given: PartDown, plan: Plan) -> Step[Gate]:
    return _on(replace(state, down=state.down | {given.part}))


def _up(state: Gate, given: PartUp, plan: Plan) -> Step[Gate]:
    return _on(replace(state, down=state.down - {given.part}))


def _on(state: Gate) -> Step[Gate]:
    """An alarm stays for its time."""
    return Step(state) if state.phase is Phase.ALARM else _rest(state)


_STARTING, _IDLE, _ALARM, _OUT = Phase.STARTING, Phase.IDLE, Phase.ALARM, Phase.OUT

TABLE: Table = {
    (_STARTING, Started): row(_started, _IDLE, _OUT),
    (_IDLE, Passed): row(_passed, _ALARM),
    (_IDLE, SecurityTried): row(_secured, _IDLE),
    (_IDLE, PartDown): row(_down, _IDLE, _OUT),
    (_IDLE, PartUp): row(_up, _IDLE),
    (_ALARM, Passed): row(_passed, _ALARM),
    (_ALARM, SecurityTried): row(_secured, _ALARM),
    (_ALARM, TimedOut): row(_over, _IDLE, _OUT),
    (_ALARM, PartDown): row(_down, _ALARM),
    (_ALARM, PartUp): row(_up, _ALARM),
    (_OUT, Passed): row(_passed, _ALARM),
    (_OUT, SecurityTried): row(_secured, _OUT),
    (_OUT, PartDown): row(_down, _OUT),
    (_OUT, PartUp): row(_up, _IDLE, _OUT),
}
"""Every case a gate knows. What isn't here changes nothing."""
