"""What a real unit must get right: fifteen behaviours that toy implementations forget, each with its stories.

The list, where it comes from, and what of it can't be met here: docs/behaviours.md.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from firmware_sim.cable import State
from firmware_sim.catalogue import OWNER
from firmware_sim.readingroom import PRESS_S
from firmware_sim.town import ELSEWHERE, LIBRARY, bearer
from firmware_sim.transponders import Card, blank_tag
from protocol.directory import Block, CardClass, Lending
from tests.stories.stage import A, B, Stage, until

IN_STOCK, ON_LOAN = 0x07, 0xC2
"""AFI of an item, as the sites' settings have them."""


def at_desk(event: Any) -> bool:
    return bool(event["body"]["fact"]["station"] == "desk-1")


class Test01TagNotRead:
    """1. A tag that is not read is not a book that was taken."""

    def test_a_shadowed_tag_without_a_visit_is_missing_then_found_and_never_a_loan(self, stage: Stage) -> None:
        here, mark = stage.harbour, stage.mark()
        (book,) = here.items(1)
        here.idle()
        here.town.shadow(here.name, book, True)
        stage.becomes(book, "missing")
        here.town.shadow(here.name, book, False)
        stage.becomes(book, "shelf")
        assert not here.said("borrowed", mark)
        assert here.said("found", mark)

    def test_an_item_hidden_during_a_visit_and_seen_again_was_never_borrowed(self, stage: Stage) -> None:
        ada, here, mark = stage.patron(), stage.harbour, stage.mark()
        (book,) = here.items(1)
        here.enter(ada)
        here.town.shadow(here.name, book, True)
        here.leave()
        until("the mistaken loan", lambda: here.said("borrowed", mark))
        here.town.shadow(here.name, book, False)
        until("its reversal", lambda: here.said("borrow_reversed", mark))
        stage.becomes(book, "shelf")
        assert stage.loans(book)[0]["state"] == "reversed"

    def test_a_tag_at_the_edge_of_the_field_is_never_lent_to_who_did_not_take_it(self, stage: Stage) -> None:
        ada, here = stage.patron(), stage.harbour
        (book,) = here.items(1)
        here.idle()
        here.cabinet.shadow(book, True, chance=0.3)
        here.visit(ada)
        here.cabinet.shadow(book, False)
        stage.becomes(book, "shelf")
        assert not [loan for loan in stage.loans(book) if loan["patron"] == ada.patron and loan["state"] != "reversed"]


class Test02ReaderFailed:
    """2. A reader that failed is not an empty shelf."""

    def test_a_reader_that_failed_is_not_an_empty_shelf_and_comes_back_without_a_restart(self, stage: Stage) -> None:
        here, mark = stage.harbour, stage.mark()
        here.idle()
        here.cabinet.unplug("reader-A", True)
        here.screen("out-of-order")
        until("one report", lambda: here.said("device_failed", mark))
        here.cabinet.unplug("reader-A", False)
        here.screen("idle")
        until("the recovery", lambda: here.said("device_recovered", mark))
        here.idle()
        assert len(here.said("device_failed", mark)) == 1
        assert not here.said("missing", mark)
        assert not here.said("agent_started", mark)

    def test_a_reader_that_dies_during_a_visit_leaves_it_unsettled_until_it_is_back(self, stage: Stage) -> None:
        ada, here, mark = stage.patron(), stage.harbour, stage.mark()
        (book,) = here.items(1)
        here.enter(ada)
        here.cabinet.unplug("reader", True)
        here.town.take(here.name, book, ada)
        here.leave("unsettled", "out-of-order")
        until(
            "unsettled",
            lambda: [r for r in here.said("visit_ended", mark) if r["body"]["fact"]["outcome"] == "unsettled"],
        )
        assert not here.said("borrowed", mark)
        here.cabinet.unplug("reader", False)
        stage.becomes(book, "loan", patron=ada.patron)
        (loan,) = here.said("borrowed", mark)
        assert loan["body"]["fact"]["late"]


class Test03DoorEdgesLie:
    """3. Door edges lie."""

    def test_a_forced_door_is_reported_and_what_is_gone_is_nobodys_loan(self, stage: Stage) -> None:
        here, mark = stage.harbour, stage.mark()
        (book,) = here.items(1)
        here.idle()
        here.town.force(here.name)
        here.screen("intruded")
        here.town.take(here.name, book, None)
        here.town.shut(here.name)
        until("the report", lambda: here.said("door_forced", mark))
        stage.becomes(book, "missing")
        assert not here.said("borrowed", mark)

    def test_a_door_left_open_is_reported_and_the_visit_still_counts(self, stage: Stage) -> None:
        ada, here, mark = stage.patron(), stage.harbour, stage.mark()
        (book,) = here.items(1)
        here.enter(ada)
        here.town.take(here.name, book, ada)
        here.screen("held")
        until("the report", lambda: here.said("door_held", mark))
        here.leave()
        stage.becomes(book, "loan", patron=ada.patron)


class Test04OneTapIsNotOnePerson:
    """4. One tap is not one person."""

    def test_a_card_tapped_during_another_visit_waits_and_opens_nothing(self, stage: Stage) -> None:
        ada, bo, here, mark = stage.patron(), stage.patron(), stage.harbour, stage.mark()
        (book,) = here.items(1)
        here.enter(ada)
        held = Card(bo.uid)
        here.cabinet.tap(held, None)  # until told: the first card may still be in the field
        here.screen("busy")
        here.cabinet.lift(held)
        here.town.take(here.name, book, ada)
        here.leave()
        stage.becomes(book, "loan", patron=ada.patron)
        (refused,) = here.said("card_refused", mark)
        assert refused["body"]["fact"]["reason"] == "busy"

    def test_several_people_behind_one_card_share_the_entry(self, stage: Stage) -> None:
        ada, room, mark = stage.patron(), stage.room, stage.mark()
        room.idle()
        room.town.tap(room.name, ada.uid)
        assert room.town.open(room.name, 5)
        time.sleep(0.5)
        room.furniture.walk_in()
        time.sleep(PRESS_S + 0.3)  # the barrier is free again
        room.furniture.walk_in()
        time.sleep(PRESS_S + 0.3)
        room.town.shut(room.name)
        (ended,) = until("the end of the entry", lambda: room.said("visit_ended", mark))
        assert (ended["body"]["fact"]["people"], ended["body"]["fact"]["shared"]) == (2, True)


class Test05PowerOrProcessMayDie:
    """5. Power or process may die at any instruction."""

    def test_a_power_cut_before_anybody_opened_leaves_nothing_behind(self, stage: Stage) -> None:
        ada, here, mark = stage.patron(), stage.harbour, stage.mark()
        here.tap(ada)
        here.screen("welcome")
        here.site.power(False)
        here.site.power(True)
        (ended,) = until("the end of the visit", lambda: here.said("visit_ended", mark))
        assert ended["body"]["fact"]["recovered"]
        assert not here.said("borrowed", mark)

    def test_a_power_cut_with_the_door_open_goes_on_where_it_was(self, stage: Stage) -> None:
        ada, here, mark = stage.patron(), stage.harbour, stage.mark()
        (book,) = here.items(1)
        here.enter(ada)
        here.site.power(False)
        here.site.power(True)
        here.screen("open", "held")
        here.town.take(here.name, book, ada)
        here.leave()
        stage.becomes(book, "loan", patron=ada.patron)
        assert not here.said("door_forced", mark)

    def test_a_power_cut_after_the_hand_was_in_is_settled_for_the_stored_visit(self, stage: Stage) -> None:
        ada, here = stage.patron(), stage.harbour
        (book,) = here.items(1)
        here.enter(ada)
        here.town.take(here.name, book, ada)
        here.site.power(False)
        here.town.shut(here.name)
        here.site.power(True)
        stage.becomes(book, "loan", patron=ada.patron)

    def test_an_agent_killed_while_it_counts_settles_the_visit_once(self, stage: Stage) -> None:
        ada, here, mark = stage.patron(), stage.harbour, stage.mark()
        (book,) = here.items(1)
        here.enter(ada)
        here.town.take(here.name, book, ada)
        here.town.shut(here.name)
        here.screen("counting", "closing")
        here.site.kill()
        here.site.start()
        stage.becomes(book, "loan", patron=ada.patron)
        here.idle()
        assert len(here.said("borrowed", mark)) == 1
        assert len(here.said("visit_ended", mark)) == 1

    def test_an_agent_killed_while_the_strike_is_on_leaves_no_door_unlocked(self, stage: Stage) -> None:
        ada, here = stage.patron(), stage.harbour
        here.tap(ada)
        until("the strike on", lambda: here.cabinet.strike_energised)
        here.site.kill()
        until("the strike off", lambda: not here.cabinet.strike_energised, 2)
        assert not here.town.open(here.name, 0.3)
        here.site.start()


class Test06TheNetworkIsNotTheTruthEither:
    """6. The network is not the truth either."""

    def test_visits_while_the_network_is_down_reach_the_hub_when_it_is_back(self, stage: Stage) -> None:
        ada, bo, here = stage.patron(), stage.patron(), stage.harbour
        first, second = here.items(2)
        here.idle()
        here.site.network(False)
        for card, book in ((ada, first), (bo, second)):
            until("ready", lambda: here.site.screen.kind == "idle")
            here.town.tap(here.name, card.uid)
            here.screen("welcome")
            assert here.town.open(here.name, 3)
            here.screen("open")
            here.town.take(here.name, book, card)
            here.leave()
        assert stage.holding(first)["state"] == "shelf"
        here.site.network(True)
        stage.becomes(first, "loan", patron=ada.patron)
        stage.becomes(second, "loan", patron=bo.patron)

    def test_sites_that_come_online_in_the_wrong_order_tell_the_same_story(self, stage: Stage) -> None:
        ada = stage.patron()
        (book,) = stage.harbour.items(1)
        stage.harbour.idle()
        stage.harbour.site.network(False)
        stage.harbour.town.tap(stage.harbour.name, ada.uid)
        stage.harbour.screen("welcome")
        assert stage.harbour.town.open(stage.harbour.name, 3)
        stage.harbour.screen("open")
        stage.harbour.town.take(stage.harbour.name, book, ada)
        stage.harbour.leave()
        stage.east.visit(ada, put=(book,), shelf=A)
        stage.becomes(book, "shelf", site=stage.east.name)
        stage.harbour.site.network(True)
        until("the loan of before", lambda: [loan for loan in stage.loans(book) if loan["patron"] == ada.patron])
        stage.becomes(book, "shelf", site=stage.east.name)
        assert stage.loans(book)[0]["state"] == "returned"

    def test_a_loan_that_could_only_be_explained_after_its_return_elsewhere_stays_closed(self, stage: Stage) -> None:
        ada, here, there = stage.patron(), stage.harbour, stage.east
        (book,) = here.items(1)
        here.enter(ada)
        here.cabinet.unplug("reader", True)
        here.town.take(here.name, book, ada)
        here.leave("unsettled", "out-of-order")
        there.visit(ada, put=(book,))
        stage.becomes(book, "shelf", site=there.name)
        here.cabinet.unplug("reader", False)
        until("the loan of before", lambda: [loan for loan in stage.loans(book) if loan["patron"] == ada.patron])
        assert stage.loans(book)[0]["state"] == "returned"
        assert stage.holding(book)["site"] == there.name


class Test07ALostReplyIsNotAFailure:
    """7. A lost reply is not a failure."""

    def test_a_locker_order_whose_answer_is_lost_is_given_once(self, stage: Stage) -> None:
        ada, courier, wall = stage.patron(), stage.staff(CardClass.COURIER), stage.wall
        (book,) = stage.stored(1)
        wall.wish(ada, book)
        stage.launch.town.give(LIBRARY, bearer(courier), book)
        box = wall.load(courier, book)
        before = wall.furniture.latches[box].pulls
        wall.cabinet.faults.set("brown-out", "locks", count=1)  # the board pulls the bolt and dies before it can say so
        wall.town.tap(wall.name, ada.uid)
        wall.collect(ada, book)
        stage.becomes(book, "loan", patron=ada.patron)
        assert wall.furniture.latches[box].pulls == before + 1

    def test_a_receipt_that_is_lost_costs_a_repeat_and_counts_once(self, stage: Stage) -> None:
        ada, here, mark = stage.patron(), stage.harbour, stage.mark()
        (book,) = here.items(1)
        here.enter(ada)
        here.town.take(here.name, book, ada)
        here.site.cable.put(State.FROZEN)  # what was sent may arrive; what is answered doesn't
        here.leave()
        here.site.kill()
        here.site.cable.put(State.THROUGH)
        here.site.start()
        stage.becomes(book, "loan", patron=ada.patron)
        here.idle()
        assert len(here.said("borrowed", mark)) == 1
        assert len(stage.loans(book)) == 1


class Test08BlockedPatronsMustBeAbleToReturn:
    """8. Blocked patrons must be able to return, and so must anybody with a book."""

    def test_a_blocked_patron_may_bring_items_back_and_what_they_take_is_flagged(self, stage: Stage) -> None:
        ada, blocked, here = stage.patron(), stage.blocked(Block.BLOCKED), stage.harbour
        first, second = here.items(2)
        here.visit(ada, take=(first,))
        stage.launch.town.give(bearer(ada), bearer(blocked), first)
        here.visit(blocked, put=(first,), take=(second,))
        stage.becomes(first, "shelf")
        stage.becomes(second, "loan", patron=blocked.patron)
        assert stage.loans(second)[0]["flags"] == ["return-only"]

    def test_an_expired_card_opens_for_returns_only(self, stage: Stage) -> None:
        here, mark = stage.harbour, stage.mark()
        here.enter(stage.expired())
        here.leave()
        opened = until("the visit", lambda: here.said("visit_opened", mark))
        assert opened[0]["body"]["fact"]["kind"] == "return-only"

    def test_a_book_drop_takes_from_anybody_without_a_card(self, stage: Stage) -> None:
        ada, here, wall = stage.patron(), stage.harbour, stage.wall
        (book,) = here.items(1)
        here.visit(ada, take=(book,))
        stage.becomes(book, "loan")
        wall.idle()
        wall.drop_in(ada, book)
        until("the drop's screen", lambda: wall.drop.kind == "receipt")
        stage.becomes(book, "shelf", site=wall.name, shelf="bin")
        assert stage.loans(book)[0]["state"] == "returned"


class Test09ForeignUnknownAndOddTags:
    """9. Foreign, unknown and odd tags each have a named outcome."""

    def test_another_librarys_item_is_accepted_and_reported_and_nobodys_return(self, stage: Stage) -> None:
        ada, here, mark = stage.patron(), stage.harbour, stage.mark()
        foreign = stage.launch.town.bag(ELSEWHERE)[0]
        stage.launch.town.give(ELSEWHERE, bearer(ada), foreign)
        here.visit(ada, put=(foreign,))
        (found,) = until("the report", lambda: here.said("foreign_found", mark))
        fact = found["body"]["fact"]
        assert (fact["kind"], fact["item"]) == ("other-library", stage.item(foreign))
        assert fact["owner"] != OWNER
        assert not here.said("returned", mark)
        here.visit(ada, take=(foreign,))
        until("that it is gone", lambda: here.said("foreign_gone", mark))
        assert not here.said("borrowed", mark)

    def test_a_card_that_lies_among_the_books_and_a_blank_tag_are_named_and_nobodys_loan(self, stage: Stage) -> None:
        ada, room, mark = stage.patron(), stage.room, stage.mark()
        room.come_in(ada)
        blank = blank_tag("story")
        room.furniture.lay(blank)
        room.town.tap(room.name, ada.uid, at="desk")
        (refused,) = until("the refusal of the tag", lambda: room.said("item_refused", mark))
        assert (refused["body"]["fact"]["tag"], refused["body"]["fact"]["why"]) == (blank.uid, "unreadable")
        room.furniture.clear_pad(blank)
        room.done()
        room.go_out(ada)
        room.idle()
        assert not room.said("borrowed", mark)

    def test_another_librarys_item_in_the_drop_is_taken_in_and_sent_home(self, stage: Stage) -> None:
        ada, wall, courier, mark = stage.patron(), stage.wall, stage.staff(CardClass.COURIER), stage.mark()
        foreign = stage.launch.town.bag(ELSEWHERE)[0]
        stage.launch.town.give(ELSEWHERE, bearer(ada), foreign)
        wall.idle()
        wall.drop_in(ada, foreign)
        (found,) = until("the report", lambda: wall.said("foreign_found", mark))
        assert found["body"]["fact"]["kind"] == "other-library"
        assert not wall.said("returned", mark)
        wall.idle()
        wall.town.tap(wall.name, courier.uid, at="bin")
        assert wall.town.open(wall.name, 5)
        wall.town.take(wall.name, foreign, courier)
        wall.town.shut(wall.name)
        until("that it is gone", lambda: wall.said("foreign_gone", mark))
        stage.launch.town.give(bearer(courier), ELSEWHERE, foreign)


class Test10RulesCannotStopAHand:
    """10. Rules cannot stop a hand."""

    def test_more_items_than_the_limit_are_lent_and_flagged_and_the_patron_is_told(self, stage: Stage) -> None:
        ada, here, mark = stage.patron(), stage.east, stage.mark()
        books = here.items(6)
        here.visit(ada, take=books)
        until("six loans", lambda: len(here.said("borrowed", mark)) == 6)
        flags = [row["body"]["fact"]["flags"] for row in here.said("borrowed", mark)]
        assert sorted(flags) == [[], [], [], [], [], ["over-limit"]]
        here.visit(ada, put=books)

    def test_an_item_for_reading_here_that_is_taken_all_the_same_is_a_flagged_loan(self, stage: Stage) -> None:
        ada, copies = stage.patron(), stage.launch.town.copies
        here, kept = next(
            (corner, tag)
            for corner in (stage.harbour, stage.east)
            for tag in (*corner.items(60, A), *corner.items(60, B))
            if copies[tag].lending is Lending.REFERENCE and stage.holding(tag)["state"] == "shelf"
        )
        here.visit(ada, take=(kept,))
        stage.becomes(kept, "loan", patron=ada.patron)
        assert stage.loans(kept)[0]["flags"] == ["not-for-loan"]
        here.visit(ada, put=(kept,))
        stage.becomes(kept, "shelf")


class Test11NetEffect:
    """11. Take-and-put-back, moves, return and borrow of the same book settle to the net effect."""

    def test_take_and_put_back_in_one_visit_is_no_loan(self, stage: Stage) -> None:
        ada, here, mark = stage.patron(), stage.harbour, stage.mark()
        (book,) = here.items(1)
        here.enter(ada)
        here.town.take(here.name, book, ada)
        here.town.put(here.name, book, A, ada)
        here.leave()
        here.idle()
        assert not here.said("borrowed", mark)
        assert stage.holding(book)["state"] == "shelf"

    def test_an_item_put_on_the_other_shelf_has_moved(self, stage: Stage) -> None:
        ada, here, mark = stage.patron(), stage.harbour, stage.mark()
        (book,) = here.items(1)
        here.enter(ada)
        here.town.take(here.name, book, ada)
        here.town.put(here.name, book, B, ada)
        here.leave()
        stage.becomes(book, "shelf", shelf="B")
        assert not here.said("borrowed", mark)

    def test_a_book_returned_and_taken_again_is_returned_and_lent_anew_and_never_renewed(self, stage: Stage) -> None:
        ada, here, mark = stage.patron(), stage.harbour, stage.mark()
        (book,) = here.items(1)
        here.visit(ada, take=(book,))
        stage.becomes(book, "loan")
        here.enter(ada)
        here.town.put(here.name, book, A, ada)
        here.town.take(here.name, book, ada)
        here.leave()
        here.idle()
        assert len(here.said("borrowed", mark)) == 1, "put in and taken out again: nothing has changed"
        assert not here.said("returned", mark)
        here.visit(ada, put=(book,))
        here.visit(ada, take=(book,))
        until("the second loan", lambda: len(stage.loans(book)) == 2)
        assert not here.said("renewed", mark)


class Test12OrderOfSecurityWrites:
    """12. Order of security writes."""

    def test_the_tag_says_so_after_the_loan_is_written_down_and_before_the_screen_does(self, stage: Stage) -> None:
        ada, room, mark = stage.patron(), stage.room, stage.mark()
        room.come_in(ada)
        (book,) = room.fetch(ada)
        assert room.afi(book) == IN_STOCK
        room.borrow(ada, book)
        assert room.afi(book) == ON_LOAN, "the screen said it before the tag did"
        stage.becomes(book, "loan", patron=ada.patron)
        room.lift(ada, book)
        room.done()
        room.go_out(ada)
        room.idle()
        assert not room.said("gate_alarmed", mark)
        room.come_in(ada)
        room.bring_back(ada, book)
        stage.becomes(book, "shelf", site=room.name)
        until("the tag says so", lambda: room.afi(book) == IN_STOCK)
        room.lift(ada, book)
        room.shelve(ada, book)
        room.go_out(ada)

    def test_a_tag_that_cannot_be_written_is_a_task_and_the_loan_stands(self, stage: Stage) -> None:
        ada, room, mark = stage.patron(), stage.room, stage.mark()
        room.come_in(ada)
        (book,) = room.fetch(ada)
        room.town.tag(book).afi_locked = True
        room.borrow(ada, book)
        (task,) = until("the task", lambda: room.said("security_open", mark))
        assert (task["body"]["fact"]["item"], task["body"]["fact"]["on_loan"]) == (stage.item(book), True)
        stage.becomes(book, "loan", patron=ada.patron)
        assert stage.loans(book)[0]["state"] == "open"
        room.town.tag(book).afi_locked = False  # and the next time it lies there the station tries again
        until("the tag set after all", lambda: room.said("security_set", mark))
        assert room.afi(book) == ON_LOAN
        room.lift(ada, book)
        room.done()
        room.bring_back(ada, book)
        room.lift(ada, book)
        room.shelve(ada, book)
        room.go_out(ada)
        room.idle()
        assert not room.said("borrow_reversed", mark)

    def test_what_leaves_the_room_without_a_loan_is_named_by_the_gate(self, stage: Stage) -> None:
        ada, room, mark = stage.patron(), stage.room, stage.mark()
        room.come_in(ada)
        (book,) = room.fetch(ada)
        room.furniture.pass_gate([room.town.tag(book)])
        (alarm,) = until("the alarm", lambda: room.said("gate_alarmed", mark))
        assert (alarm["body"]["fact"]["item"], alarm["body"]["fact"]["afi"]) == (stage.item(book), IN_STOCK)
        room.shelve(ada, book)
        room.go_out(ada)
        until("the gate is quiet", lambda: room.gate.kind == "idle")


class Test13UndoIsNotAFeatureOfTheIls:
    """13. Undo is not a feature of the ILS: a reversal is an event of its own."""

    def test_a_loan_that_was_a_mistake_is_reversed_in_words_and_never_by_a_silent_return(self, stage: Stage) -> None:
        """A tag that no reader saw and that is seen again: an event of its own, with what it was seen by."""
        ada, here, mark = stage.patron(), stage.harbour, stage.mark()
        (book,) = here.items(1)
        here.enter(ada)
        here.town.shadow(here.name, book, True)
        here.leave()
        here.idle()
        here.town.shadow(here.name, book, False)
        until("it is seen again", lambda: stage.holding(book)["state"] == "shelf" and not here.site.unrest())
        here.idle()
        assert not here.said("returned", mark)
        assert all(loan["state"] == "reversed" for loan in stage.loans(book))
        assert len(here.said("borrow_reversed", mark)) == len(stage.loans(book))


class Test14SessionsEndByThemselves:
    """14. Sessions end by themselves."""

    def test_nobody_opens_the_door_and_nothing_is_lent(self, stage: Stage) -> None:
        ada, here, mark = stage.patron(), stage.harbour, stage.mark()
        here.tap(ada)
        here.screen("goodbye")
        until(
            "the empty visit",
            lambda: [r for r in here.said("visit_ended", mark) if r["body"]["fact"]["outcome"] == "no-entry"],
        )
        assert not here.said("borrowed", mark)

    def test_whoever_leaves_the_desk_leaves_nothing_on_its_screen(self, stage: Stage) -> None:
        ada, room, mark = stage.patron(), stage.room, stage.mark()
        room.come_in(ada)
        (book,) = room.fetch(ada)
        room.borrow(ada, book)
        room.lift(ada, book)
        until("the end of the visit by itself", lambda: [e for e in room.said("visit_ended", mark) if at_desk(e)])
        until("a screen that shows nobody's loans", lambda: room.desk.kind == "idle" and not room.desk.lines())
        room.bring_back(ada, book)
        room.lift(ada, book)
        room.shelve(ada, book)
        room.go_out(ada)

    def test_the_way_out_of_a_room_needs_no_program_no_network_and_no_power(self, stage: Stage) -> None:
        ada, room = stage.patron(), stage.room
        room.come_in(ada)
        room.site.network(False)
        room.site.power(False)
        room.go_out(ada)
        assert room.furniture.inside == 0
        room.site.power(True)
        room.site.network(True)
        room.idle()

    def test_a_compartment_left_open_ends_the_visit_and_is_reported(self, stage: Stage) -> None:
        ada, courier, wall, mark = stage.patron(), stage.staff(CardClass.COURIER), stage.wall, stage.mark()
        (book,) = stage.stored(1)
        wall.wish(ada, book)
        stage.launch.town.give(LIBRARY, bearer(courier), book)
        wall.load(courier, book)
        wall.town.tap(wall.name, ada.uid)
        box = wall.standing()
        wall.town.take(wall.name, book, ada)  # and walks off
        (stuck,) = until("the report", lambda: wall.said("compartment_stuck", mark))
        assert (stuck["body"]["fact"]["shelf"], stuck["body"]["fact"]["why"]) == (box, "left-open")
        stage.becomes(book, "loan", patron=ada.patron)
        assert wall.town.shut_box(wall.name, box)
        until("that it works again", lambda: wall.said("compartment_works", mark))


class Test15TimeMoneyAndCalendars:
    """15. Time, money and calendars."""

    def test_a_return_counts_from_when_it_came_in_not_from_when_it_was_heard_of(self, stage: Stage) -> None:
        ada, here = stage.patron(), stage.harbour
        (book,) = here.items(1)
        here.visit(ada, take=(book,))
        stage.becomes(book, "loan")
        here.site.network(False)
        here.enter(ada)
        here.town.put(here.name, book, A, ada)
        here.town.shut(here.name)
        here.screen("receipt", "idle")
        heard_of = datetime.now(UTC) + timedelta(seconds=3)
        while datetime.now(UTC) < heard_of:
            time.sleep(0.2)
        assert stage.loans(book)[0]["state"] == "open"
        here.site.network(True)
        stage.becomes(book, "shelf")
        (loan,) = stage.loans(book)
        assert datetime.fromisoformat(loan["closed_at"]) < heard_of - timedelta(seconds=2)

    def test_two_copies_of_a_title_are_two_loans_each_closed_by_its_own_copy(self, stage: Stage) -> None:
        ada, here = stage.patron(), stage.harbour
        first, second = here.items(2)
        here.visit(ada, take=(first, second))
        stage.becomes(first, "loan")
        stage.becomes(second, "loan")
        here.visit(ada, put=(first,))
        stage.becomes(first, "shelf")
        assert (stage.loans(first)[0]["state"], stage.loans(second)[0]["state"]) == ("returned", "open")
        here.visit(ada, put=(second,))
