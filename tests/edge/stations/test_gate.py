"""What a gate calls out for, and what it lets pass."""

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.lent import News, Wrong
from edge.screen import ViewKind
from edge.stations import gate
from edge.stations.effects import Effect, Record, Remind, Show
from edge.stations.gate import Gate, GateView, Memory, Phase, Plan, Seen
from edge.stations.inputs import Input, Part, PartDown, PartUp, Passed, SecurityTried, Started, TimedOut, Timer
from protocol.events import GateAlarmed, SecurityOpen, SecuritySet
from protocol.names import StationName
from tests.edge.stations.tables import OURS, item, tag

PLAN = Plan(StationName("gate-1"), 8)
IN_STOCK, ON_LOAN = 0x07, 0xC2
LENT, BACK, TAKEN = News(lent=True), News(lent=False), News(lent=False, away=True)
TO_LEND, TO_STOCK = Wrong(on_loan=True), Wrong(on_loan=False)


@pytest.mark.parametrize(
    ("afi", "news", "wrong", "lent", "called"),
    [
        (IN_STOCK, None, None, False, True),
        (IN_STOCK, None, None, None, True),
        (IN_STOCK, None, None, True, True),  # the tag goes before the directory
        (ON_LOAN, None, None, False, False),
        (ON_LOAN, None, None, None, False),
        (None, None, None, False, True),
        (None, None, None, True, False),
        (None, None, None, None, False),  # nobody says that it is anybody's to keep here
        (0x00, None, None, False, True),  # a library that doesn't use AFI
        (0x00, None, None, True, False),
        (IN_STOCK, LENT, TO_LEND, False, False),  # lent by a cabinet here, offline
        (IN_STOCK, LENT, None, False, False),
        (None, LENT, None, False, False),
        (ON_LOAN, BACK, TO_STOCK, True, True),  # brought back here, its tag not set yet
        (None, BACK, None, True, True),
        (ON_LOAN, BACK, None, True, False),
        (IN_STOCK, TAKEN, None, False, False),  # a courier's
        (IN_STOCK, None, TO_LEND, True, False),  # the directory has caught up, the tag hasn't
    ],
)
def test_what_leaves_without_a_loan(
    afi: int | None, news: News | None, wrong: Wrong | None, lent: bool | None, called: bool
) -> None:
    assert gate.alarms(Seen(afi, news, wrong, lent), IN_STOCK, ON_LOAN) is called


class Exit:
    """One gate and all it said."""

    def __init__(self, *down: Part) -> None:
        self.state = Gate(Phase.STARTING, Memory())
        self.effects: list[Effect] = []
        self.timers: set[Timer] = set()
        self.give(Started(None, frozenset(down)))

    def give(self, given: Input) -> None:
        before = self.state
        after = gate.step(before, given, PLAN)
        if after.known:
            assert after.state.phase in gate.TABLE[before.phase, type(given)].to
        self.state = after.state
        self.effects += after.effects
        self.timers |= {effect.timer for effect in after.effects if isinstance(effect, Remind)}

    def wait(self) -> None:
        if Timer.SCREEN in self.timers:
            self.timers.clear()
            self.give(TimedOut(Timer.SCREEN))

    def passes(self, n: int) -> None:
        self.give(Passed(tag(n), item(n), OURS, IN_STOCK))

    def facts(self) -> list[object]:
        return [fact for effect in self.effects if isinstance(effect, Record) for fact in effect.facts]

    @property
    def shows(self) -> object:
        return [effect.view for effect in self.effects if isinstance(effect, Show)][-1]


def test_an_alarm_names_what_it_is_about_and_ends_by_itself() -> None:
    exit_ = Exit()
    exit_.passes(1)
    exit_.passes(2)
    exit_.passes(1)
    assert [fact.item for fact in exit_.facts() if isinstance(fact, GateAlarmed)] == [item(1), item(2), item(1)]
    assert [line.item for line in exit_.state.called] == [item(2), item(1)]
    exit_.wait()
    assert (exit_.state.phase, exit_.state.called) == (Phase.IDLE, ())


def test_a_reader_that_fails_during_an_alarm_doesnt_end_it() -> None:
    exit_, phases = Exit(), []
    happens = (
        lambda: exit_.passes(1),
        lambda: exit_.give(PartDown(Part.READER)),
        exit_.wait,
        lambda: exit_.passes(2),
        exit_.wait,
        lambda: exit_.give(PartUp(Part.READER)),
    )
    for happen in happens:
        happen()
        phases.append(exit_.state.phase)
    assert phases == [Phase.ALARM, Phase.ALARM, Phase.OUT, Phase.ALARM, Phase.OUT, Phase.IDLE]


def test_a_disk_that_takes_nothing_doesnt_stop_the_alarm() -> None:
    exit_ = Exit()
    exit_.give(PartDown(Part.STORAGE))
    exit_.passes(1)
    assert getattr(exit_.shows, "kind", None) == GateView.ALARM


def test_what_came_of_setting_a_tag_is_told_where_it_is_news() -> None:
    exit_ = Exit()
    exit_.give(SecurityTried(tag(1), True, None, item(1), tell=False))
    exit_.give(SecurityTried(tag(2), True, "it is locked", item(2)))
    exit_.give(SecurityTried(tag(2), True, None, item(2)))
    assert [type(fact) for fact in exit_.facts()] == [SecurityOpen, SecuritySet]


class AnyOrder(RuleBasedStateMachine):
    """Any inputs in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.exit = Exit()
        self.passed = 0

    @rule(n=st.integers(1, 3))
    def passes(self, n: int) -> None:
        self.exit.passes(n)
        self.passed += 1

    @rule()
    def wait(self) -> None:
        self.exit.wait()

    @rule(part=st.sampled_from([Part.READER, Part.STORAGE]), down=st.booleans())
    def part(self, part: Part, down: bool) -> None:
        self.exit.give(PartDown(part) if down else PartUp(part))

    @rule(timer=st.sampled_from(list(Timer)))
    def other(self, timer: Timer) -> None:
        if timer is not Timer.SCREEN:
            self.exit.give(TimedOut(timer))

    @invariant()
    def every_alarm_is_given_and_written_down(self) -> None:
        assert sum(isinstance(fact, GateAlarmed) for fact in self.exit.facts()) == self.passed

    @invariant()
    def the_screen_calls_as_long_as_there_is_an_alarm(self) -> None:
        calling = getattr(self.exit.shows, "kind", None) == GateView.ALARM
        assert calling == (self.exit.state.phase is Phase.ALARM) == bool(self.exit.state.called)
        assert Timer.SCREEN in self.exit.timers or not calling

    def teardown(self) -> None:
        """It comes to rest."""
        self.exit.wait()
        self.exit.give(PartUp(Part.READER))
        assert self.exit.state.phase is Phase.IDLE
        assert getattr(self.exit.shows, "kind", None) == ViewKind.IDLE


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = hypothesis_settings(max_examples=100, stateful_step_count=30, deadline=None)
