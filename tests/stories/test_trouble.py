"""Power, readers, doors, tags and networks fail; nobody is blamed, nothing is lost, nothing is counted twice."""

from tests.stories.stage import A, Stage, until


def test_a_power_cut_before_anybody_opened_leaves_nothing_behind(stage: Stage) -> None:
    ada, here, mark = stage.patron(), stage.harbour, stage.mark()
    here.tap(ada)
    here.screen("welcome")
    here.site.power(False)
    here.site.power(True)
    (ended,) = until("the end of the visit", lambda: here.said("visit_ended", mark))
    assert ended["body"]["fact"]["recovered"]
    assert not here.said("borrowed", mark)


def test_a_power_cut_with_the_door_open_goes_on_where_it_was(stage: Stage) -> None:
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


def test_a_power_cut_after_the_hand_was_in_is_settled_for_the_stored_visit(stage: Stage) -> None:
    ada, here = stage.patron(), stage.harbour
    (book,) = here.items(1)
    here.enter(ada)
    here.town.take(here.name, book, ada)
    here.site.power(False)
    here.town.shut(here.name)
    here.site.power(True)
    stage.becomes(book, "loan", patron=ada.patron)


def test_an_agent_killed_while_it_counts_settles_the_visit_once(stage: Stage) -> None:
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


def test_an_agent_killed_while_the_strike_is_on_leaves_no_door_unlocked(stage: Stage) -> None:
    ada, here = stage.patron(), stage.harbour
    here.tap(ada)
    until("the strike on", lambda: here.cabinet.strike_energised)
    here.site.kill()
    until("the strike off", lambda: not here.cabinet.strike_energised, 2)
    assert not here.town.open(here.name, 0.3)
    here.site.start()


def test_a_reader_that_dies_during_a_visit_leaves_it_unsettled_until_it_is_back(stage: Stage) -> None:
    ada, here, mark = stage.patron(), stage.harbour, stage.mark()
    (book,) = here.items(1)
    here.enter(ada)
    here.cabinet.unplug("reader", True)
    here.town.take(here.name, book, ada)
    here.leave("unsettled", "out-of-order")
    until(
        "unsettled", lambda: [r for r in here.said("visit_ended", mark) if r["body"]["fact"]["outcome"] == "unsettled"]
    )
    assert not here.said("borrowed", mark)
    here.cabinet.unplug("reader", False)
    stage.becomes(book, "loan", patron=ada.patron)
    (loan,) = here.said("borrowed", mark)
    assert loan["body"]["fact"]["late"]


def test_a_reader_that_failed_is_not_an_empty_shelf_and_comes_back_without_a_restart(stage: Stage) -> None:
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


def test_a_card_reader_unplugged_and_back_serves_again_without_a_restart(stage: Stage) -> None:
    ada, here, mark = stage.patron(), stage.harbour, stage.mark()
    here.idle()
    here.cabinet.unplug("card", True)
    here.screen("out-of-order")
    here.cabinet.unplug("card", False)
    here.screen("idle")
    here.visit(ada)
    assert not here.said("agent_started", mark)


def test_a_forced_door_is_reported_and_what_is_gone_is_nobodys_loan(stage: Stage) -> None:
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


def test_a_shadowed_tag_without_a_visit_is_missing_then_found_and_never_a_loan(stage: Stage) -> None:
    here, mark = stage.harbour, stage.mark()
    (book,) = here.items(1)
    here.idle()
    here.town.shadow(here.name, book, True)
    stage.becomes(book, "missing")
    here.town.shadow(here.name, book, False)
    stage.becomes(book, "shelf")
    assert not here.said("borrowed", mark)
    assert here.said("found", mark)


def test_an_item_hidden_during_a_visit_and_seen_again_was_never_borrowed(stage: Stage) -> None:
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


def test_a_tag_at_the_edge_of_the_field_is_never_lent_to_who_did_not_take_it(stage: Stage) -> None:
    ada, here = stage.patron(), stage.harbour
    (book,) = here.items(1)
    here.idle()
    here.cabinet.shadow(book, True, chance=0.3)
    here.visit(ada)
    here.cabinet.shadow(book, False)
    stage.becomes(book, "shelf")
    assert not [loan for loan in stage.loans(book) if loan["patron"] == ada.patron and loan["state"] != "reversed"]


def test_visits_while_the_network_is_down_reach_the_hub_when_it_is_back(stage: Stage) -> None:
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


def test_sites_that_come_online_in_the_wrong_order_tell_the_same_story(stage: Stage) -> None:
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


def test_a_loan_that_could_only_be_explained_after_its_return_elsewhere_stays_closed(stage: Stage) -> None:
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
