"""The physical world: whose hands things are in, and that truth is told of every movement."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

import httpx
import pytest

from firmware_sim.cabinet import Cabinet
from firmware_sim.catalogue import PARTNERS, SHELVES, Copy, Pass, stock
from firmware_sim.crowd import WAY_S, Crowd, Errand
from firmware_sim.furniture import Unreachable
from firmware_sim.librarian import Librarian
from firmware_sim.screens import Screen
from firmware_sim.town import ELSEWHERE, LIBRARY, Town, bearer
from firmware_sim.truth import AtLibrary, Gone, InTransit, OnShelf, Truth, WithPatron
from firmware_sim.verdict import judge
from protocol.directory import CardClass
from protocol.names import ShelfName, SiteId

STOCK = stock(Random(1), date(2026, 11, 23))
BANK, STATION = PARTNERS[0].site, PARTNERS[1].site
A, B = ShelfName("A"), ShelfName("B")
ENERGISE, REST = 0, 1


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    cabinets = {}
    for number, partner in enumerate(PARTNERS):
        (tmp_path / str(number)).mkdir()
        cabinets[partner.site] = Cabinet(partner.site, tmp_path / str(number), SHELVES)
    town = Town(STOCK, cabinets, PARTNERS, Truth(lambda: datetime.now(UTC)))
    for cabinet in cabinets.values():
        cabinet.start()
    yield town
    for cabinet in cabinets.values():
        cabinet.stop()


def shelved(site: SiteId = BANK) -> Copy:
    return next(c for c in STOCK.copies if c.start.site == site)


def card(klass: CardClass = CardClass.PATRON, number: int = 0) -> Pass:
    return [p for p in STOCK.passes if p.klass is klass][number]


def let_in(town: Town, held: Pass, site: SiteId = BANK) -> None:
    """A card is tapped and the lock answers."""
    town.tap(site, held.uid)
    spot = town.spots[site]
    spot.cabinet.door.drive(ENERGISE)
    spot.notice()
    assert town.open(site)
    spot.cabinet.door.drive(REST)
    spot.notice()


def test_everything_begins_where_the_stock_says(town: Town) -> None:
    places = [town.truth.where(c.item) for c in STOCK.copies]
    assert sum(isinstance(p, OnShelf) for p in places) == 144
    assert sum(p == AtLibrary() for p in places) == len(town.bag(LIBRARY)) == 24
    assert len(town.bag(ELSEWHERE)) == len(STOCK.strangers)


def test_what_a_patron_takes_is_in_their_bag_and_with_them(town: Town) -> None:
    patron, atlas = card(), shelved()
    let_in(town, patron)
    town.take(BANK, atlas.tag, town.spots[BANK].admitted)
    assert atlas.tag in town.bag(bearer(patron))
    assert patron.patron
    assert town.truth.where(atlas.item) == WithPatron(patron.patron, BANK)


@pytest.mark.parametrize(("klass", "place"), [(CardClass.COURIER, InTransit(BANK)), (CardClass.SERVICE, Gone(BANK))])
def test_what_a_courier_takes_is_in_transit_and_what_a_cleaner_takes_is_gone(
    town: Town, klass: CardClass, place: InTransit
) -> None:
    let_in(town, card(klass))
    town.take(BANK, shelved().tag, card(klass))
    assert town.truth.where(shelved().item) == place


def test_what_is_taken_behind_a_forced_door_is_gone(town: Town) -> None:
    let_in(town, card())
    town.shut(BANK)
    town.force(BANK)
    town.take(BANK, shelved().tag, town.spots[BANK].admitted)
    assert town.truth.where(shelved().item) == Gone(BANK)


def test_an_item_can_be_put_on_any_sites_shelf(town: Town) -> None:
    patron, atlas = card(), shelved()
    let_in(town, patron)
    town.take(BANK, atlas.tag, patron)
    let_in(town, patron, STATION)
    town.put(STATION, atlas.tag, B, patron)
    assert town.truth.where(atlas.item) == OnShelf(STATION, B)
    assert atlas.tag not in town.bag(bearer(patron))


def test_behind_a_shut_door_nothing_moves(town: Town) -> None:
    with pytest.raises(Unreachable):
        town.take(BANK, shelved().tag, card())
    assert isinstance(town.truth.where(shelved().item), OnShelf)


def test_nobody_puts_what_they_do_not_have(town: Town) -> None:
    let_in(town, card())
    with pytest.raises(Unreachable, match="isn't in the bag"):
        town.put(BANK, shelved(STATION).tag, A, card())


def test_the_visit_is_the_first_cards_even_when_a_second_is_tapped(town: Town) -> None:
    let_in(town, card())
    town.tap(BANK, card(number=1).uid)
    town.spots[BANK].notice()
    assert town.spots[BANK].admitted is card()


def test_a_shadowed_item_stays_doubtful_until_its_shelf_is_counted(town: Town) -> None:
    atlas = shelved()
    town.shadow(BANK, atlas.tag, True)
    assert town.shadowed() == {atlas.item}
    town.counted(BANK)
    assert town.doubtful(atlas.tag)
    town.shadow(BANK, atlas.tag, False)
    assert town.doubtful(atlas.tag)
    assert town.shadowed() == frozenset()
    assert all(thing.tag != atlas.tag for shelf in town.sight(BANK).shelves.values() for thing in shelf)
    town.counted(BANK)
    assert not town.doubtful(atlas.tag)


def test_taking_a_shadowed_item_is_marked_as_something_nobody_can_know(town: Town) -> None:
    let_in(town, card())
    town.shadow(BANK, shelved().tag, True)
    town.take(BANK, shelved().tag, card())
    assert town.truth.hidden(shelved().item)


def test_what_was_saved_is_found_again(town: Town, tmp_path: Path) -> None:
    let_in(town, card())
    town.take(BANK, shelved().tag, card())
    (tmp_path / "again").mkdir()
    cabinets = {p.site: Cabinet(p.site, tmp_path / "again", SHELVES) for p in PARTNERS}
    again = Town(STOCK, cabinets, PARTNERS, Truth(lambda: datetime.now(UTC)), town.save())
    assert again.save() == town.save()
    assert again.bag(bearer(card())) == town.bag(bearer(card()))


def test_tidying_shuts_doors_and_uncovers_tags(town: Town) -> None:
    let_in(town, card())
    town.shadow(BANK, shelved().tag, True)
    town.tidy()
    assert not town.spots[BANK].cabinet.door_is_open
    assert not town.shadowed()


def test_who_left_before_the_count_was_shown_goes_nowhere_else_until_it_is(town: Town) -> None:
    screens = {site: Screen(0) for site in town.spots}
    crowd = Crowd(town, screens, None)
    reader = next(p for p in town.people() if p.key == card().patron)
    crowd.done(reader, Errand(BANK, left_at=-WAY_S, counted=False))
    assert not crowd.can_come(reader, STATION)
    assert crowd.can_come(reader, BANK)
    screens[BANK].kind, screens[BANK].since = "receipt", 1.0
    assert crowd.can_come(reader, STATION)


def test_cards_in_hands_at_the_bench_are_nobody_elses(town: Town) -> None:
    crowd = Crowd(town, {site: Screen(0) for site in town.spots}, None)
    reader = next(p for p in town.people() if p.key == card().patron)
    town.used_by_hand.add(reader.key)
    assert not crowd.can_come(reader, BANK)


def hub_saying(town: Town, lies: dict[str, dict[str, str | None]]) -> Librarian:
    """A hub that knows where everything on shelves is, but for the lies."""
    nothing = {"site": None, "shelf": None, "patron": None}
    rows = []
    for copy in STOCK.copies:
        at = town.truth.where(copy.item)
        held = {"state": "library", **nothing}
        if isinstance(at, OnShelf):
            held = {"state": "shelf", "site": at.site, "shelf": at.shelf, "patron": None}
        rows.append({"item": copy.item, "holding": lies.get(copy.item, held)})
    page = {"total": len(rows), "next": None, "rows": rows}
    return Librarian(
        httpx.Client(base_url="http://hub", transport=httpx.MockTransport(lambda _: httpx.Response(200, json=page)))
    )


def test_a_hub_that_knows_where_everything_is_passes(town: Town) -> None:
    verdict = judge(town, hub_saying(town, {}), ())
    assert verdict.agrees
    assert verdict.told(every_item=False)[-1] == "  176 of 176 items are where the hub says they are"


def test_a_hub_that_is_wrong_about_one_item_fails_and_the_item_is_named(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware_sim.verdict.GRACE_S", 0.0)
    lie: dict[str, str | None] = {"state": "loan", "site": BANK, "shelf": None, "patron": "R1"}
    verdict = judge(town, hub_saying(town, {shelved().item: lie}), ())
    assert not verdict.agrees
    assert any(f"DIFFERS: {shelved().item} is on shelf" in line for line in verdict.told(every_item=False))


def test_a_site_that_never_comes_to_rest_fails_too(town: Town) -> None:
    assert not judge(town, hub_saying(town, {}), ("harbour-bank: 3 events to send",)).agrees
