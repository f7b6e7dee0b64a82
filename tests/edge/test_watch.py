"""A watch minds one device: connects, reports once, tries again, and never decides."""

import pytest

from edge.errors import DeviceFault, DeviceGone, TagError, UnlockUnsure
from edge.notices import (
    AfiWritten,
    CardShown,
    CodeScanned,
    ContactMoved,
    Down,
    LockDone,
    LockFailed,
    LockMoved,
    LockUnsure,
    Notice,
    RoundRun,
    SwitchMoved,
    TagRead,
    Up,
)
from edge.watch import (
    BoardWatch,
    CardWatch,
    ContactWatch,
    DoorWatch,
    ReaderWatch,
    ReadTag,
    RunRound,
    ScanWatch,
    WriteAfi,
)
from protocol.names import DeviceName, TagUid
from tests.edge.whole import ADA, A, Board, Cards, Codes, Lock, Switch, Tags, tag


class Said(list[Notice]):
    """What a watch put into the inbox."""

    def of(self, kind: type) -> list[Notice]:
        return [notice for notice in self if isinstance(notice, kind)]


@pytest.fixture
def said() -> Said:
    return Said()


def live(watch: object, seconds: float, start: float = 0.0) -> float:
    """Turns the watch for that long on a clock of its own; answers the time after."""
    now = start
    while now < start + seconds:
        now += max(0.001, watch.turn(now))  # type: ignore[attr-defined]  # any of the watches
    return now


def test_a_card_held_to_the_reader_is_one_presentation(said: Said) -> None:
    cards = Cards()
    watch = CardWatch(DeviceName("card"), cards, said.append, 0.5, 30)
    cards.uid = ADA
    now = live(watch, 5)
    assert len(said.of(CardShown)) == 1
    cards.uid = None
    now = live(watch, 3, now)
    cards.uid = ADA
    live(watch, 1, now)
    assert len(said.of(CardShown)) == 2


def test_an_outage_is_said_once_and_its_end_once(said: Said) -> None:
    cards = Cards()
    cards.gone = True
    watch = CardWatch(DeviceName("card"), cards, said.append, 0.5, 4)
    now = live(watch, 60)
    assert len(said.of(Down)) == 1
    cards.gone = False
    live(watch, 10, now)
    assert len(said.of(Up)) == 1


def test_attempts_to_reconnect_grow_apart_up_to_the_limit() -> None:
    cards = Cards()
    cards.gone = True
    watch = CardWatch(DeviceName("card"), cards, lambda notice: None, 0.5, 4)
    assert [watch.turn(0) for _ in range(6)] == [0.5, 1, 2, 4, 4, 4]


def test_an_unlock_asked_for_while_the_door_is_gone_is_dropped_not_kept(said: Said) -> None:
    lock = Lock()
    lock.gone = True
    watch = DoorWatch(DeviceName("door"), lock, said.append, 0.5, 4, 0.05)
    watch.unlock()
    now = live(watch, 5)
    lock.gone = False
    live(watch, 5, now)
    assert lock.pulses == 0


def test_a_lock_that_failed_once_is_reported_and_connected_anew(said: Said) -> None:
    lock = Lock()

    def burnt() -> None:
        raise DeviceFault("door", "the guard is dead")

    watch = DoorWatch(DeviceName("door"), lock, said.append, 0.5, 4, 0.05)
    now = live(watch, 1)
    lock.before_pulse = burnt
    watch.unlock()
    live(watch, 5, now)
    assert len(said.of(Down)) == 1
    assert lock.connects == 2


def test_a_bouncing_contact_is_one_edge(said: Said) -> None:
    lock = Lock()
    watch = DoorWatch(DeviceName("door"), lock, said.append, 0.5, 4, 0.05)
    now = live(watch, 0.1)
    for is_open in (True, False, True, False, True):
        lock.open = is_open
        now = live(watch, 0.012, now)
    live(watch, 0.2, now)
    assert [n.open for n in said.of(ContactMoved) if isinstance(n, ContactMoved)] == [True]


def test_every_order_to_a_reader_is_answered_also_when_it_is_gone(said: Said) -> None:
    tags = Tags()
    watch = ReaderWatch(DeviceName("shelf-a"), tags, said.append, 0.5, 4)
    now = live(watch, 0.1)
    watch.order(RunRound(A, 1))
    watch.order(ReadTag(tag(1), 1))
    now = live(watch, 0.1, now)
    tags.gone = True
    watch.order(RunRound(A, 2))
    watch.order(ReadTag(tag(1), 2))
    live(watch, 5, now)
    rounds = [n for n in said.of(RoundRun) if isinstance(n, RoundRun)]
    assert [(n.count, n.round is not None) for n in rounds] == [(1, True), (2, False)]
    assert [n.count for n in said.of(TagRead) if isinstance(n, TagRead)] == [1, 2]


def test_a_reader_nobody_asked_is_asked_now_and_then_whether_it_lives(said: Said) -> None:
    tags = Tags()
    watch = ReaderWatch(DeviceName("shelf-a"), tags, said.append, 0.5, 4)
    now = live(watch, 10)
    tags.gone = True
    live(watch, 40, now)
    assert len(said.of(Down)) == 1


def test_each_code_before_a_scanner_is_passed_on(said: Said) -> None:
    codes = Codes()
    watch = ScanWatch(DeviceName("scanner"), codes, said.append, 0.5, 4)
    codes.texts += ["30000000000001", "30000000000002"]
    live(watch, 1)
    assert said.of(CodeScanned) == [
        CodeScanned(DeviceName("scanner"), "30000000000001"),
        CodeScanned(DeviceName("scanner"), "30000000000002"),
    ]


def test_a_scanner_that_is_gone_is_said_once_and_scans_again_when_it_is_back(said: Said) -> None:
    codes = Codes()
    watch = ScanWatch(DeviceName("scanner"), codes, said.append, 0.5, 4)
    now = live(watch, 1)
    codes.gone = True
    now = live(watch, 30, now)
    codes.gone = False
    codes.texts.append("30000000000001")
    live(watch, 10, now)
    assert [type(notice) for notice in said] == [Up, Down, Up, CodeScanned]


@pytest.mark.parametrize("on", [True, False])
def test_what_a_switch_says_at_first_is_told_with_its_coming_up(said: Said, on: bool) -> None:
    switch = Switch()
    switch.on = on
    live(ContactWatch(DeviceName("exit"), switch, said.append, 0.5, 4, 0.05), 1)
    assert said == [Up(DeviceName("exit"), "a test's device", on=on)]


def test_a_switch_that_bounces_moves_once(said: Said) -> None:
    switch = Switch()
    watch = ContactWatch(DeviceName("exit"), switch, said.append, 0.5, 4, 0.05)
    now = live(watch, 0.1)
    for on in (True, False, True, False, True):
        switch.on = on
        now = live(watch, 0.012, now)
    now = live(watch, 0.2, now)
    switch.on = False
    live(watch, 0.2, now)
    assert said.of(SwitchMoved) == [SwitchMoved(DeviceName("exit"), True), SwitchMoved(DeviceName("exit"), False)]


def test_what_a_switch_did_while_it_was_gone_is_told_when_it_is_back(said: Said) -> None:
    switch = Switch()
    watch = ContactWatch(DeviceName("fire"), switch, said.append, 0.5, 4, 0.05)
    now = live(watch, 1)
    switch.gone = True
    now = live(watch, 5, now)
    switch.on, switch.gone = True, False
    live(watch, 5, now)
    assert [notice.on for notice in said.of(Up) if isinstance(notice, Up)] == [False, True]
    assert said.of(SwitchMoved) == []


class Shy(Tags):
    """Tags that can be written at the third attempt."""

    def __init__(self, misses: int) -> None:
        super().__init__()
        self.misses = misses
        self.tried = 0

    def write_afi(self, uid: TagUid, afi: int) -> None:
        self._there()
        self.tried += 1
        if self.tried <= self.misses:
            raise TagError(uid, "no answer")


@pytest.mark.parametrize(("misses", "why"), [(0, None), (2, None), (3, "no answer")])
def test_an_afi_is_written_at_the_third_attempt_or_not_at_all(said: Said, misses: int, why: str | None) -> None:
    watch = ReaderWatch(DeviceName("pad"), Shy(misses), said.append, 0.5, 4)
    watch.order(WriteAfi(tag(1), 0xC2))
    live(watch, 1)
    assert said.of(AfiWritten) == [AfiWritten(DeviceName("pad"), tag(1), 0xC2, why)]
    assert not said.of(Down)


def test_an_afi_asked_of_a_reader_that_is_gone_is_answered_at_once(said: Said) -> None:
    tags = Shy(0)
    tags.gone = True
    watch = ReaderWatch(DeviceName("pad"), tags, said.append, 0.5, 4)
    watch.order(WriteAfi(tag(1), 0xC2))
    live(watch, 1)
    (written,) = said.of(AfiWritten)
    assert isinstance(written, AfiWritten)
    assert written.why


def board_watch(board: Board, said: Said) -> BoardWatch:
    return BoardWatch(DeviceName("locks"), board, said.append, 0.5, 30, 0.05)


def test_a_board_tells_every_door_as_it_comes_up_and_each_move_once(said: Said) -> None:
    board = Board(3)
    board.open[2] = True
    watch = board_watch(board, said)
    now = live(watch, 1)
    (up,) = said.of(Up)
    assert isinstance(up, Up)
    assert up.locks == {1: False, 2: True, 3: False}
    assert watch.doors == up.locks
    board.open[3] = True
    now = live(watch, 2, now)
    board.open[3] = False
    live(watch, 2, now)
    assert [(move.lock, move.open) for move in said.of(LockMoved) if isinstance(move, LockMoved)] == [
        (3, True),
        (3, False),
    ]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, LockDone),
        (UnlockUnsure("locks", "it said nothing"), LockUnsure),
        (DeviceGone("locks", "unplugged"), LockUnsure),
        (DeviceFault("locks", "it couldn't"), LockFailed),
    ],
)
def test_an_order_is_given_once_whatever_comes_of_it(said: Said, answer: Exception | None, told: type) -> None:
    board = Board(3)
    watch = board_watch(board, said)
    now = live(watch, 1)
    board.answer = answer
    watch.unlock(2, 7)
    assert watch.wanted
    now = live(watch, 1, now)
    board.answer = None
    live(watch, 60, now)
    assert board.pulls == [2]
    answers = [notice for notice in said if isinstance(notice, LockDone | LockUnsure | LockFailed)]
    assert [(type(one), one.lock, one.order) for one in answers] == [(told, 2, 7)]


def test_an_order_to_a_board_that_is_gone_is_refused_at_once_and_never_kept(said: Said) -> None:
    board = Board(3)
    watch = board_watch(board, said)
    now = live(watch, 1)
    board.gone = True
    now = live(watch, 1, now)
    assert watch.doors == {}
    watch.unlock(1, 8)
    now = live(watch, 60, now)
    assert [type(one) for one in said if isinstance(one, LockDone | LockUnsure | LockFailed)] == [LockFailed]
    board.gone = False
    live(watch, 60, now)
    assert board.pulls == []
    assert len(said.of(Up)) == 2
