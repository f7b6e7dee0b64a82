"""What happens at a cabinet becomes true at the hub: every case of a visit, end to end."""

from firmware_sim.town import LIBRARY, bearer
from firmware_sim.transponders import Card
from protocol.directory import Block, CardClass
from tests.stories.stage import B, Stage, until


def test_a_tap_at_a_cabinet_becomes_a_loan_at_the_hub(stage: Stage) -> None:
    ada, here = stage.patron(), stage.harbour
    (book,) = here.items(1)
    here.visit(ada, take=(book,))
    stage.becomes(book, "loan", patron=ada.patron)
    (loan,) = [loan for loan in stage.loans(book) if loan["state"] == "open"]
    assert (loan["patron"], loan["site"], loan["flags"]) == (ada.patron, here.name, [])
    assert loan["due"] is not None
    evidence = stage.holding(book)["evidence"]
    assert evidence["seen_before"] > 0
    assert evidence["seen_after"] == 0
    assert evidence["rounds_after"] >= 6


def test_an_item_put_on_a_shelf_is_returned(stage: Stage) -> None:
    ada, here = stage.patron(), stage.harbour
    (book,) = here.items(1)
    here.visit(ada, take=(book,))
    stage.becomes(book, "loan")
    here.visit(ada, put=(book,), shelf=B)
    stage.becomes(book, "shelf", site=here.name, shelf="B")
    assert stage.loans(book)[0]["state"] == "returned"


def test_a_return_at_another_site_closes_the_loan(stage: Stage) -> None:
    ada = stage.patron()
    (book,) = stage.harbour.items(1)
    stage.harbour.visit(ada, take=(book,))
    stage.becomes(book, "loan")
    stage.east.visit(ada, put=(book,))
    stage.becomes(book, "shelf", site=stage.east.name)
    loan = stage.loans(book)[0]
    assert (loan["state"], loan["closed_site"]) == ("returned", stage.east.name)


def test_a_friend_may_bring_back_what_somebody_else_borrowed(stage: Stage) -> None:
    ada, bo, here = stage.patron(), stage.patron(), stage.harbour
    (book,) = here.items(1)
    here.visit(ada, take=(book,))
    stage.launch.town.give(bearer(ada), bearer(bo), book)
    here.visit(bo, put=(book,))
    stage.becomes(book, "shelf")
    assert stage.loans(book)[0]["patron"] == ada.patron


def test_a_lost_card_opens_nothing(stage: Stage) -> None:
    here, mark = stage.harbour, stage.mark()
    here.tap(stage.blocked(Block.LOST))
    here.screen("refused")
    assert not here.town.open(here.name, 0.3)
    (refused,) = until("the refusal", lambda: here.said("card_refused", mark))
    assert refused["body"]["fact"]["reason"] == "lost-card"


def test_a_card_of_another_library_opens_nothing_and_says_why(stage: Stage) -> None:
    here, mark = stage.harbour, stage.mark()
    here.tap(stage.stranger())
    here.screen("refused")
    (refused,) = until("the refusal", lambda: here.said("card_refused", mark))
    assert refused["body"]["fact"]["reason"] == "unknown-card"


def test_a_phone_with_a_changing_number_and_two_cards_at_once_name_nobody(stage: Stage) -> None:
    here, mark = stage.harbour, stage.mark()
    here.idle()
    here.cabinet.tap(Card("08A1B2C3"))
    here.screen("refused")
    here.idle()
    here.cabinet.spot.tap_all([Card(stage.patron().uid), Card(stage.patron().uid)], 1.5)
    here.screen("refused")
    refusals = until("both refusals", lambda: (r := here.said("card_refused", mark)) and len(r) == 2 and r)
    assert {r["body"]["fact"]["reason"] for r in refusals} == {"unreadable"}


def test_a_couriers_differences_are_loaded_and_unloaded(stage: Stage) -> None:
    courier, here, mark = stage.staff(CardClass.COURIER), stage.east, stage.mark()
    (out,) = here.items(1)
    (new,) = stage.launch.town.bag(LIBRARY)[:1]
    stage.launch.town.give(LIBRARY, bearer(courier), new)
    here.visit(courier, take=(out,), put=(new,))
    stage.becomes(new, "shelf", site=here.name)
    stage.becomes(out, "transit")
    assert not here.said("borrowed", mark)
    assert not here.said("returned", mark)


def test_a_cleaners_differences_belong_to_nobody(stage: Stage) -> None:
    cleaner, here = stage.staff(CardClass.SERVICE), stage.east
    (book,) = here.items(1)
    here.visit(cleaner, take=(book,))
    stage.becomes(book, "missing")
    assert not [loan for loan in stage.loans(book) if loan["state"] == "open"]
    here.visit(cleaner, put=(book,))
    stage.becomes(book, "shelf")
