"""Every case of a desk, in the words of the field."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.access import Admitted, Refused
from edge.screen import Change, ViewKind
from edge.stations import desk
from edge.stations.effects import Record, SetSecurity
from edge.stations.inputs import CodeUnknown, LoansKnown, PadChanged, Part, Pressed, Tapped, TimedOut, Timer
from edge.stations.tabletop import DeskView, Phase
from protocol.directory import Lending, Out
from protocol.events import (
    Borrowed,
    BorrowFlag,
    CardRefused,
    ForeignKind,
    ItemRefused,
    ItemTrouble,
    Loaded,
    RefusalReason,
    Renewed,
    Returned,
    SecurityOpen,
    SecuritySet,
    Unloaded,
    VisitEnded,
    VisitKind,
    VisitOpened,
    VisitOutcome,
)
from protocol.names import VisitId
from tests.edge.stations.tables import ADA, BO, PLAN, RESTOCK, TODAY, Counter, item, kinds, tag


@pytest.fixture
def counter() -> Counter:
    return Counter(lent={20, 21})


# --- with a card -------------------------------------------------------------------------------------------------


def test_items_and_a_card_are_loans_in_one_breath_with_the_visits_beginning(counter: Counter) -> None:
    counter.lay(1, 2)
    assert (counter.shows, counter.facts) == (DeskView.LYING, [])
    counter.tap()
    records = [effect for effect in counter.effects if isinstance(effect, Record) and effect.facts]
    assert kinds(records[0].facts) == ["visit_opened", "borrowed", "borrowed"]
    assert counter.security == {tag(1): True, tag(2): True}
    loan = counter.said(Borrowed)[0]
    assert (loan.due, loan.loan_days, loan.shelf) == (TODAY + timedelta(days=28), 28, PLAN.shelf)
    assert (loan.evidence.seen_before, loan.evidence.rounds_before, loan.evidence.seen_after) == (3, 3, 0)


def test_a_card_then_items_are_loans_one_after_another(counter: Counter) -> None:
    counter.tap()
    counter.lay(1)
    counter.lay(2)
    assert [loan.item for loan in counter.said(Borrowed)] == [item(1), item(2)]
    assert len(counter.said(VisitOpened)) == 1
    counter.press("done")
    assert counter.said(VisitEnded)[0].outcome is VisitOutcome.SETTLED
    assert counter.lines() == {item(1): Change.BORROWED, item(2): Change.BORROWED}


def test_no_tag_is_set_before_its_loan_is_written_down(counter: Counter) -> None:
    counter.lay(1)
    counter.full = True
    counter.tap()
    assert counter.security == {}
    assert counter.facts == []
    assert counter.state.visit is None


def test_a_loan_that_cant_be_written_down_in_a_visit_never_happened(counter: Counter) -> None:
    counter.tap()
    counter.full = True
    counter.lay(1)
    assert counter.said(Borrowed) == []
    assert counter.security == {}
    assert counter.views[-1].reason is RefusalReason.NO_STORAGE
    counter.full = False
    counter.mend(Part.STORAGE)
    counter.look()
    assert [loan.item for loan in counter.said(Borrowed)] == [item(1)]


def test_nothing_is_said_to_be_done_before_its_tags_are_set(counter: Counter) -> None:
    counter.slow = True
    counter.lay(1, 2)
    counter.tap()
    assert (counter.shows, counter.lines()) == (DeskView.WRITING, {})
    counter.press("done")
    assert (counter.shows, counter.lines()) == (DeskView.WRITING, {})
    for order in list(counter.orders):
        counter.write(order)
    assert counter.shows == ViewKind.RECEIPT
    assert counter.lines() == {item(1): Change.BORROWED, item(2): Change.BORROWED}


def test_a_return_is_said_to_be_done_when_its_tag_is_set_or_cant_be(counter: Counter) -> None:
    counter.slow = True
    counter.stuck = {tag(20)}
    counter.lay(20)
    counter.wait(Timer.SETTLE)
    assert counter.shows == DeskView.WRITING
    counter.write(counter.orders.pop())
    assert counter.lines() == {item(20): Change.RETURNED}
    assert len(counter.said(SecurityOpen)) == 1


def test_a_tag_that_nothing_is_heard_of_keeps_nobody_waiting_for_ever(counter: Counter) -> None:
    counter.slow = True
    counter.lay(1)
    counter.tap()
    counter.press("done")
    counter.wait(Timer.SCREEN)
    assert counter.shows == ViewKind.IDLE


def test_what_is_on_loan_is_returned_in_a_visit_only_when_somebody_says_so(counter: Counter) -> None:
    counter.lay(20, 1)
    counter.tap()
    assert counter.lines() == {item(1): Change.BORROWED, item(20): Change.OUT}
    assert counter.views[-1].choices == ("return", "done")
    counter.press("return")
    (back,) = counter.said(Returned)
    assert (back.item, back.visit) == (item(20), counter.said(VisitOpened)[0].visit)
    assert (back.evidence.seen_after, back.evidence.rounds_after) == (3, 3)
    assert counter.security[tag(20)] is False


def test_what_comes_back_makes_room_for_what_the_limit_forbade(counter: Counter) -> None:
    counter.lay(20, 1, 2)
    counter.tap(decision=Admitted(VisitKind.BORROW, 28, limit=3, loans=3))
    assert [refused.why for refused in counter.said(ItemRefused)] == [ItemTrouble.OVER_LIMIT] * 2
    counter.press("return")
    assert [loan.item for loan in counter.said(Borrowed)] == [item(1)]
    assert counter.lines() == {
        item(20): Change.RETURNED,
        item(1): Change.BORROWED,
        item(2): ItemTrouble.OVER_LIMIT,
    }
    together = [effect for effect in counter.effects if isinstance(effect, Record)][-1]
    assert kinds(together.facts) == ["returned", "borrowed", "item_refused"]


@pytest.mark.parametrize(
    ("about", "why"),
    [
        ({"lending": Lending.REFERENCE}, ItemTrouble.REFERENCE),
        ({"lending": Lending.HELD}, ItemTrouble.HELD),
        ({"lending": Lending.HELD, "kept_for": (BO,)}, ItemTrouble.HELD),
        ({"foreign": ForeignKind.OTHER_LIBRARY}, ItemTrouble.NOT_OURS),
        ({"foreign": ForeignKind.UNKNOWN_ITEM}, ItemTrouble.NOT_OURS),
        ({"foreign": ForeignKind.CARD, "item": None}, ItemTrouble.NOT_OURS),
        ({"foreign": ForeignKind.BLANK, "item": None}, ItemTrouble.UNREADABLE),
        ({"foreign": ForeignKind.DAMAGED, "item": None}, ItemTrouble.UNREADABLE),
    ],
)
def test_an_item_that_cant_be_lent_says_why_and_holds_up_no_other(
    counter: Counter, about: dict[str, Any], why: ItemTrouble
) -> None:
    counter.lay(1)
    counter.lay(2, **about)
    counter.tap()
    assert [loan.item for loan in counter.said(Borrowed)] == [item(1)]
    assert [refused.why for refused in counter.said(ItemRefused)] == [why]
    assert tag(2) not in counter.security


def test_an_item_held_for_this_very_patron_is_lent_without_a_word(counter: Counter) -> None:
    counter.lay(1, lending=Lending.HELD, kept_for=(BO, ADA))
    counter.tap()
    assert [loan.flags for loan in counter.said(Borrowed)] == [()]


def test_where_nothing_is_set_aside_a_held_item_is_lent_and_flagged(counter: Counter) -> None:
    plan = replace(PLAN, set_aside=False)
    lying = Counter()
    lying.lay(1, lending=Lending.HELD)
    after = desk.step(lying.state, Tapped(Admitted(VisitKind.BORROW, 28), VisitId("1" * 32), ADA), plan)
    (record,) = [effect for effect in after.effects if isinstance(effect, Record)]
    assert [fact.flags for fact in record.facts if isinstance(fact, Borrowed)] == [(BorrowFlag.HELD,)]


def test_a_card_that_may_only_return_borrows_nothing(counter: Counter) -> None:
    counter.lay(1, 20)
    counter.tap(decision=Admitted(VisitKind.RETURN_ONLY, 28, because=RefusalReason.BLOCKED))
    counter.press("return")
    assert [back.item for back in counter.said(Returned)] == [item(20)]
    assert [refused.why for refused in counter.said(ItemRefused)] == [ItemTrouble.RETURN_ONLY]


def test_a_set_is_lent_when_its_last_part_lies_there_and_every_tag_of_it_is_set(counter: Counter) -> None:
    counter.tap()
    counter.lay(9, part=1, parts=2)
    assert counter.said(Borrowed) == []
    assert counter.lines() == {item(9): ItemTrouble.INCOMPLETE}
    counter.lay(9, part=2, parts=2)
    assert len(counter.said(Borrowed)) == 1
    assert counter.security == {tag(9, 1): True, tag(9, 2): True}
    assert counter.known.keys() == {f"lent/{item(9)}"}


def test_a_set_is_returned_whole_or_not_at_all(counter: Counter) -> None:
    counter.lent = {9}
    counter.lay(9, part=1, parts=2)
    counter.wait(Timer.SETTLE)
    assert (counter.shows, counter.said(Returned)) == (DeskView.LYING, [])
    counter.lay(9, part=2, parts=2)
    counter.wait(Timer.SETTLE)
    assert len(counter.said(Returned)) == 1
    assert counter.security == {tag(9, 1): False, tag(9, 2): False}


def test_the_same_part_twice_doesnt_make_a_set_whole(counter: Counter) -> None:
    counter.tap()
    counter.lay(9, part=1, parts=2)
    counter.pad[tag(9, 3)] = replace(counter.pad[tag(9, 1)], tag=tag(9, 3))
    counter.look()
    assert counter.said(Borrowed) == []
    counter.press("done")
    (refused,) = counter.said(ItemRefused)
    assert refused.why is ItemTrouble.INCOMPLETE


def test_two_tags_in_one_book_are_one_loan(counter: Counter) -> None:
    counter.lay(1, part=1)
    counter.lay(1, part=2)
    counter.tap()
    assert len(counter.said(Borrowed)) == 1
    assert counter.security == {tag(1, 1): True, tag(1, 2): True}


def test_a_second_card_waits_and_changes_nothing(counter: Counter) -> None:
    counter.tap()
    counter.lay(1)
    visit = counter.state.visit
    counter.tap(BO)
    assert counter.said(CardRefused)[0].reason is RefusalReason.BUSY
    assert (counter.state.visit, counter.shows) == (visit, ViewKind.BUSY)
    counter.wait(Timer.SCREEN)
    assert counter.shows == DeskView.SERVING
    counter.press("done")
    assert counter.said(VisitEnded)[0].shared is None


def test_ones_own_card_again_ends_the_visit(counter: Counter) -> None:
    counter.tap()
    counter.tap()
    assert len(counter.said(VisitEnded)) == 1


def test_a_visit_ends_by_itself_and_only_something_new_makes_it_last(counter: Counter) -> None:
    counter.tap()
    counter.lay(1)
    counter.timers[Timer.SESSION] = -1
    counter.lift(1)
    counter.lay(1)
    assert counter.timers[Timer.SESSION] == -1
    counter.lay(2)
    assert counter.timers[Timer.SESSION] == PLAN.session_s
    counter.wait(Timer.SESSION)
    assert len(counter.said(VisitEnded)) == 1
    assert counter.lines() == {item(1): Change.BORROWED, item(2): Change.BORROWED}
    counter.lift()
    assert counter.shows == ViewKind.IDLE


def test_what_was_left_lying_on_loan_when_its_patron_walked_off_has_been_brought_back(counter: Counter) -> None:
    counter.lay(20)
    counter.tap()
    counter.wait(Timer.SESSION)
    assert counter.lines() == {item(20): Change.OUT}
    counter.wait(Timer.SCREEN)
    assert counter.shows == DeskView.LYING_RETURN
    counter.wait(Timer.SETTLE)
    assert [back.item for back in counter.said(Returned)] == [item(20)]


def test_who_says_done_takes_what_is_on_loan_home_again(counter: Counter) -> None:
    counter.lay(20)
    counter.tap()
    counter.press("done")
    assert counter.lines() == {item(20): Change.OUT}
    for timer in (Timer.SCREEN, Timer.SETTLE):
        counter.wait(timer)
    assert counter.said(Returned) == []


def test_what_was_just_lent_and_is_put_down_again_isnt_returned_by_that(counter: Counter) -> None:
    counter.lay(1)
    counter.tap()
    counter.press("done")
    counter.lift()
    counter.lay(1)
    assert (counter.shows, Timer.SETTLE in counter.timers) == (DeskView.LYING_LENT, False)
    counter.press("return")
    assert len(counter.said(Returned)) == 1


def test_after_a_while_it_is_an_item_like_any_other(counter: Counter) -> None:
    counter.lay(1)
    counter.tap()
    counter.press("done")
    counter.lift()
    counter.wait(Timer.LATELY)
    counter.lay(1)
    counter.wait(Timer.SETTLE)
    assert len(counter.said(Returned)) == 1


def test_a_tag_that_is_missed_for_a_moment_is_no_second_loan(counter: Counter) -> None:
    counter.tap()
    counter.lay(1)
    counter.lift(1)
    counter.lay(1)
    assert len(counter.said(Borrowed)) == 1
    assert counter.said(Returned) == []


def test_nothing_is_done_with_what_the_newest_round_missed_until_it_is_seen_again(counter: Counter) -> None:
    counter.lay(1, 2, 20, 21)
    counter.pad = {uid: replace(one, sure=uid not in (tag(2), tag(21))) for uid, one in counter.pad.items()}
    counter.look()
    counter.tap()
    counter.press("return")
    assert [loan.item for loan in counter.said(Borrowed)] == [item(1)]
    assert [back.item for back in counter.said(Returned)] == [item(20)]
    counter.pad = {uid: replace(one, sure=True) for uid, one in counter.pad.items()}
    counter.look()
    assert [loan.item for loan in counter.said(Borrowed)] == [item(1), item(2)]


def test_a_weak_tag_that_is_missed_now_and_then_doesnt_put_off_its_return(counter: Counter) -> None:
    counter.lay(20)
    counter.timers[Timer.SETTLE] = 1
    views = len(counter.views)
    for sure in (False, True, False, True):
        counter.pad[tag(20)] = replace(counter.pad[tag(20)], sure=sure)
        counter.look()
    assert (counter.timers[Timer.SETTLE], len(counter.views)) == (1, views)


def test_whoever_takes_their_books_away_can_still_read_the_receipt(counter: Counter) -> None:
    counter.lay(1)
    counter.tap()
    counter.press("done")
    counter.lift()
    assert counter.shows == ViewKind.RECEIPT
    counter.wait(Timer.SCREEN)
    assert counter.shows == ViewKind.IDLE


# --- loans and renewals ------------------------------------------------------------------------------------------


def out(n: int, **more: Any) -> Out:
    return Out(item=item(n), due=date(2026, 12, 1), **more)


def test_a_card_alone_lists_its_loans_and_renews_nothing_by_itself(counter: Counter) -> None:
    counter.out = (out(20), out(21, wanted=True))
    counter.tap()
    view = counter.views[-1]
    assert [(line.item, bool(line.press)) for line in view.items] == [(item(20), True), (item(21), False)]
    assert view.choices == ("renew-all", "done")
    assert counter.said(Renewed) == []


def test_all_loans_are_renewed_that_may_be_and_others_say_why(counter: Counter) -> None:
    counter.out = (out(20), out(21, wanted=True), out(22, renewals=1))
    counter.tap()
    counter.press("renew-all")
    (renewed,) = counter.said(Renewed)
    assert (renewed.item, renewed.due) == (item(20), TODAY + timedelta(days=28))
    assert [(no.item, no.why) for no in counter.said(ItemRefused)] == [
        (item(21), ItemTrouble.WANTED),
        (item(22), ItemTrouble.RENEWED_OFTEN),
    ]
    counter.press(f"renew:{item(20)}")
    assert len(counter.said(Renewed)) == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"fresh": False}, ItemTrouble.STALE),
        ({"allowed": False}, ItemTrouble.RETURN_ONLY),
        ({"held": frozenset({item(20)})}, ItemTrouble.HELD),
    ],
)
def test_a_renewal_is_refused_with_its_reason(counter: Counter, change: dict[str, Any], why: ItemTrouble) -> None:
    counter.tap()
    counter.give(replace(LoansKnown((out(20),), 1, 28, True, TODAY), **change))
    counter.press("renew-all")
    assert [no.why for no in counter.said(ItemRefused)] == [why]
    assert counter.said(Renewed) == []


def test_a_renewal_without_a_believable_clock_promises_no_date(counter: Counter) -> None:
    counter.tap()
    counter.give(LoansKnown((out(20),), 1, 28, True, None))
    counter.press("renew-all")
    assert counter.said(Renewed)[0].due is None


def test_a_loan_that_lies_there_is_renewed_by_its_line_and_not_returned_afterwards(counter: Counter) -> None:
    counter.out = (out(20),)
    counter.lay(20)
    counter.tap()
    (line,) = counter.views[-1].items
    counter.press(line.press)
    assert len(counter.said(Renewed)) == 1
    for timer in (Timer.SESSION, Timer.SCREEN, Timer.SETTLE):
        counter.wait(timer)
    assert counter.said(Returned) == []


def test_nothing_of_the_list_is_left_on_the_screen(counter: Counter) -> None:
    counter.out = (out(20), out(21))
    counter.tap()
    counter.wait(Timer.SESSION)
    assert (counter.shows, counter.views[-1].items) == (ViewKind.RECEIPT, ())


# --- without a card ----------------------------------------------------------------------------------------------


def test_an_item_on_loan_that_lies_there_alone_is_returned_after_a_moment(counter: Counter) -> None:
    counter.lay(20)
    assert counter.views[-1].choices == ("return", "keep")
    assert counter.facts == []
    counter.wait(Timer.SETTLE)
    assert kinds(counter.facts) == ["visit_opened", "returned", "visit_ended"]
    assert counter.said(VisitOpened)[0].kind is VisitKind.DROP
    assert counter.said(VisitOpened)[0].who is None
    assert counter.lines() == {item(20): Change.RETURNED}
    assert counter.state.phase is Phase.IDLE


def test_it_isnt_returned_twice_while_it_stays_there(counter: Counter) -> None:
    counter.lay(20)
    counter.wait(Timer.SETTLE)
    counter.lay(21)
    counter.wait(Timer.SETTLE)
    assert [back.item for back in counter.said(Returned)] == [item(20), item(21)]
    assert len({opened.visit for opened in counter.said(VisitOpened)}) == 2


def test_who_lifts_it_in_time_keeps_it(counter: Counter) -> None:
    counter.lay(20)
    counter.lift()
    assert Timer.SETTLE not in counter.timers
    assert counter.state.phase is Phase.IDLE


def test_who_says_not_now_keeps_it_until_another_is_laid_down(counter: Counter) -> None:
    counter.lay(20)
    counter.press("keep")
    assert Timer.SETTLE not in counter.timers
    counter.lay(21)
    assert Timer.SETTLE in counter.timers


def test_an_item_that_isnt_on_loan_is_neither_returned_nor_lent_without_a_card(counter: Counter) -> None:
    counter.lay(1)
    for timer in Timer:
        counter.wait(timer)
    assert (counter.facts, counter.shows) == ([], DeskView.LYING)
    counter.press("return")
    assert counter.facts == []


def test_a_tag_that_comes_and_goes_beside_it_doesnt_put_off_the_return(counter: Counter) -> None:
    counter.lay(20)
    counter.timers[Timer.SETTLE] = 1
    counter.lay(1)
    counter.lift(1)
    assert counter.timers[Timer.SETTLE] == 1


def test_a_refused_card_has_nothing_returned_behind_its_refusal(counter: Counter) -> None:
    counter.lay(20)
    counter.tap(decision=Refused(RefusalReason.UNREADABLE))
    assert Timer.SETTLE not in counter.timers
    counter.wait(Timer.SCREEN)
    assert counter.shows == DeskView.LYING_RETURN
    assert Timer.SETTLE in counter.timers


def test_nothing_is_returned_that_cant_be_written_down(counter: Counter) -> None:
    counter.lay(20)
    counter.full = True
    counter.wait(Timer.SETTLE)
    assert (counter.facts, counter.security) == ([], {})
    assert counter.state.phase is Phase.OUT
    counter.full = False
    counter.mend(Part.STORAGE)
    counter.wait(Timer.SETTLE)
    assert len(counter.said(Returned)) == 1


def test_a_disk_at_its_very_end_is_said_instead_of_returning(counter: Counter) -> None:
    counter.lay(20)
    counter.look(writable=False)
    assert counter.views[-1].reason is RefusalReason.NO_STORAGE
    counter.wait(Timer.SETTLE)
    assert counter.facts == []
    counter.look()
    assert counter.shows == DeskView.LYING_RETURN


def test_a_barcode_nobody_knows_is_said_so(counter: Counter) -> None:
    counter.give(CodeUnknown())
    assert counter.shows == DeskView.UNKNOWN_CODE
    counter.wait(Timer.SCREEN)
    assert counter.shows == ViewKind.IDLE


# --- couriers ----------------------------------------------------------------------------------------------------


def test_a_courier_brings_what_didnt_stand_here_and_takes_what_did(counter: Counter) -> None:
    counter.lay(1)
    counter.lay(2, here=True)
    counter.tap(decision=RESTOCK)
    assert [fact.item for fact in counter.said(Loaded)] == [item(1)]
    assert [fact.item for fact in counter.said(Unloaded)] == [item(2)]
    assert counter.security == {tag(1): False}
    assert counter.said(Borrowed, Returned) == []


def test_what_a_courier_brought_isnt_taken_away_because_its_tag_was_missed_for_a_moment(counter: Counter) -> None:
    counter.tap(decision=RESTOCK)
    counter.lay(1)
    counter.lift(1)
    counter.lay(1, here=True)
    assert (len(counter.said(Loaded)), counter.said(Unloaded)) == (1, [])


def test_a_courier_can_say_which_way_it_goes(counter: Counter) -> None:
    counter.tap(decision=RESTOCK)
    counter.press("taking")
    counter.lay(1)
    counter.press("bringing")
    counter.lay(2, here=True)
    assert [fact.item for fact in counter.said(Unloaded)] == [item(1)]
    assert [fact.item for fact in counter.said(Loaded)] == [item(2)]
    assert counter.views[-1].choices == ("taking", "done")


def test_a_service_card_does_nothing_with_what_lies_there(counter: Counter) -> None:
    counter.lay(1, 20)
    counter.tap(decision=Admitted(VisitKind.SERVICE))
    counter.press("return")
    counter.press("done")
    assert counter.said(Borrowed, Loaded, Unloaded, ItemRefused) == []


# --- security ----------------------------------------------------------------------------------------------------


def test_a_tag_that_cant_be_set_is_a_task_once_and_never_ends_the_loan(counter: Counter) -> None:
    counter.stuck = {tag(1)}
    counter.lay(1)
    counter.tap()
    counter.look()
    counter.look()
    (task,) = counter.said(SecurityOpen)
    assert (task.tag, task.item, task.on_loan) == (tag(1), item(1), True)
    assert counter.said(Returned) == []
    counter.stuck = set()
    counter.look()
    assert len(counter.said(SecuritySet)) == 1
    assert counter.security == {tag(1): True}


def test_a_power_cut_between_journal_and_tag_is_made_good_when_the_tag_is_seen_next(counter: Counter) -> None:
    counter.slow = True
    counter.tap()
    counter.lay(9, part=1, parts=2)
    counter.lay(9, part=2, parts=2)
    pad, counter.pad = counter.pad, {}
    counter.start()
    (ended,) = counter.said(VisitEnded)
    assert ended.recovered
    assert counter.security == {}
    counter.pad, counter.slow = pad, False
    counter.look()
    assert counter.security == {tag(9, 1): True, tag(9, 2): True}
    assert len(counter.said(Borrowed)) == 1
    assert counter.said(Returned) == []


# --- devices -----------------------------------------------------------------------------------------------------


def test_a_pad_that_fails_in_mid_visit_leaves_what_was_done_and_guesses_nothing(counter: Counter) -> None:
    counter.lay(1, 20)
    counter.tap()
    counter.fail(Part.PAD)
    assert counter.said(VisitEnded)[0].outcome is VisitOutcome.UNSETTLED
    assert counter.said(Returned) == []
    assert counter.lines() == {item(1): Change.BORROWED}
    counter.wait(Timer.SCREEN)
    assert counter.shows == ViewKind.OUT_OF_ORDER
    counter.lift(1)
    counter.mend(Part.PAD)
    assert counter.shows == DeskView.LYING_RETURN


def test_while_the_pad_is_gone_not_even_a_service_card_opens_a_visit(counter: Counter) -> None:
    counter.fail(Part.PAD)
    counter.tap(decision=Admitted(VisitKind.SERVICE))
    assert counter.said(CardRefused)[0].reason is RefusalReason.OUT_OF_ORDER
    assert counter.said(VisitOpened) == []


def test_without_its_card_reader_a_desk_takes_books_back(counter: Counter) -> None:
    counter.fail(Part.CARD)
    assert counter.shows == DeskView.RETURNS
    counter.lay(20)
    counter.wait(Timer.SETTLE)
    assert len(counter.said(Returned)) == 1
    counter.wait(Timer.SCREEN)
    counter.mend(Part.CARD)
    assert counter.shows == ViewKind.IDLE


def test_a_pad_that_fails_while_items_lie_there_returns_none_of_them(counter: Counter) -> None:
    counter.lay(20)
    counter.fail(Part.PAD)
    counter.wait(Timer.SETTLE)
    assert counter.facts == []
    assert counter.state.phase is Phase.OUT


def test_an_input_the_table_does_not_have_changes_nothing(counter: Counter) -> None:
    after = desk.step(counter.state, Pressed("done"), PLAN)
    assert (after.known, after.state) == (False, counter.state)
    assert not desk.step(counter.state, TimedOut(Timer.HELD), PLAN).known


class AnyOrder(RuleBasedStateMachine):
    """Any inputs in any order, power cuts and full disks among them: the desk keeps its promises."""

    def __init__(self) -> None:
        super().__init__()
        self.counter = Counter(lent={5, 6}, out=(out(5), out(6, wanted=True)))

    @rule(n=st.integers(1, 7), part=st.integers(1, 2))
    def lay(self, n: int, part: int) -> None:
        parts = {"parts": 2} if n == 7 else {}
        self.counter.lay(n, part=part if n == 7 else 0, **parts)

    @rule(sure=st.booleans())
    def blink(self, sure: bool) -> None:
        self.counter.pad = {uid: replace(one, sure=sure) for uid, one in self.counter.pad.items()}
        self.counter.look()

    @rule(n=st.integers(1, 7))
    def lift(self, n: int) -> None:
        self.counter.lift(n)

    @rule(
        card=st.sampled_from([ADA, BO]),
        kind=st.sampled_from([VisitKind.BORROW, VisitKind.RETURN_ONLY, VisitKind.RESTOCK, VisitKind.SERVICE]),
    )
    def tap(self, card: Any, kind: VisitKind) -> None:
        self.counter.tap(card, Admitted(kind, 28, limit=3))

    @rule(why=st.sampled_from(list(RefusalReason)))
    def refused(self, why: RefusalReason) -> None:
        self.counter.tap(decision=Refused(why))

    @rule(what=st.sampled_from(["return", "keep", "done", "renew-all", f"renew:{item(5)}", "taking", "bringing", "x"]))
    def press(self, what: str) -> None:
        self.counter.press(what)

    @rule(timer=st.sampled_from(list(Timer)))
    def wait(self, timer: Timer) -> None:
        self.counter.wait(timer)

    @rule(n=st.integers(1, 6), stuck=st.booleans())
    def stick(self, n: int, stuck: bool) -> None:
        (self.counter.stuck.add if stuck else self.counter.stuck.discard)(tag(n))

    @rule(slow=st.booleans())
    def write(self, slow: bool) -> None:
        self.counter.slow = slow
        while self.counter.orders:
            self.counter.write(self.counter.orders.pop(0))

    @rule(part=st.sampled_from([Part.PAD, Part.CARD, Part.SCANNER]), down=st.booleans())
    def device(self, part: Part, down: bool) -> None:
        if down != (part in self.counter.state.down):
            (self.counter.fail if down else self.counter.mend)(part)

    @rule(full=st.booleans())
    def disk(self, full: bool) -> None:
        self.counter.full = full
        if not full and Part.STORAGE in self.counter.state.down:
            self.counter.mend(Part.STORAGE)
            self.counter.look()

    @rule()
    def power_cut(self) -> None:
        if not self.counter.full:
            self.counter.start()

    @rule(given=st.sampled_from([CodeUnknown(), PadChanged((), None), LoansKnown(None, 0, 0, False, None)]))
    def any_time(self, given: Any) -> None:
        start = self.counter.state
        after = desk.step(start, given, PLAN)
        if after.known:
            assert after.state.phase in desk.TABLE[start.phase, type(given)].to

    @invariant()
    def every_visit_is_ended_once_and_before_the_next(self) -> None:
        opened: str | None = None
        for fact in self.counter.facts:
            if isinstance(fact, VisitOpened):
                assert opened is None
                opened = fact.visit
            if isinstance(fact, VisitEnded):
                assert fact.visit == opened
                opened = None

    @invariant()
    def every_loan_and_return_belongs_to_the_visit_that_is_open(self) -> None:
        opened: str | None = None
        for fact in self.counter.facts:
            if isinstance(fact, VisitOpened):
                opened = fact.visit
            if isinstance(fact, Borrowed | Returned | Renewed | Loaded | Unloaded):
                assert fact.visit == opened
            if isinstance(fact, VisitEnded):
                opened = None

    @invariant()
    def nothing_is_lent_twice_and_nothing_comes_back_that_wasnt_out(self) -> None:
        lent: set[Any] = {item(5), item(6)}
        for fact in self.counter.facts:
            if isinstance(fact, Borrowed):
                assert fact.item not in lent
                lent.add(fact.item)
            if isinstance(fact, Returned):
                assert fact.item in lent
                lent.discard(fact.item)
            if isinstance(fact, Loaded | Unloaded):
                lent.discard(fact.item)

    @invariant()
    def what_a_tag_says_is_true_or_known_to_be_wrong(self) -> None:
        truth: dict[Any, bool] = {}
        for fact in self.counter.facts:
            if isinstance(fact, Borrowed | Returned | Loaded | Unloaded):
                every = {tag(7, 1), tag(7, 2)} if fact.item == item(7) else {fact.tag}
                truth.update(dict.fromkeys(every, isinstance(fact, Borrowed)))
            if isinstance(fact, Unloaded):
                truth = {uid: on_loan for uid, on_loan in truth.items() if uid not in every}
        for uid, on_loan in truth.items():
            assert self.counter.security.get(uid) == on_loan or f"afi/{uid}" in self.counter.known

    @invariant()
    def no_tag_is_set_that_nothing_was_written_down_of(self) -> None:
        written: set[Any] = set()
        for effect in self.counter.effects:
            if isinstance(effect, Record):
                written |= {getattr(fact, "tag", None) for fact in effect.facts}
                written |= {uid for more in effect.others.values() for uid in more}
            if isinstance(effect, SetSecurity):
                assert effect.tag in written

    def teardown(self) -> None:
        """At the end, with everything mended and nobody there, the desk comes to rest and every tag is right."""
        counter = self.counter
        self.disk(False)
        counter.stuck.clear()
        self.write(False)
        for part in (Part.PAD, Part.CARD, Part.SCANNER):
            self.device(part, False)
        for _ in range(3):
            for timer in (Timer.SESSION, Timer.SCREEN, Timer.SETTLE):
                counter.wait(timer)
        counter.look()
        counter.lift()
        assert counter.state.phase is Phase.IDLE
        assert counter.kept[1] is None
        assert len(counter.said(VisitOpened)) == len(counter.said(VisitEnded))


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = hypothesis_settings(max_examples=150, stateful_step_count=40, deadline=None)
