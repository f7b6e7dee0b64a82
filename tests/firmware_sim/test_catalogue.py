"""The demo's library: what it is made of, and that its files say so."""

import csv
from datetime import date
from pathlib import Path
from random import Random

import pytest

from firmware_sim.catalogue import OWNER, PARTNERS, SHELVES, Stock, stock, titles, write
from protocol.cards import card_secret
from protocol.directory import Block, CardClass

TODAY = date(2026, 11, 23)
FOLDER = Path(__file__).parents[2] / "firmware_sim" / "data"


@pytest.fixture(scope="module")
def library() -> Stock:
    return stock(Random(1), TODAY)


def test_every_title_shipped_is_read_once() -> None:
    assert len(titles()) == 3431
    assert len({t.title_id for t in titles()}) == 3431


def test_each_file_shipped_has_its_licence_beside_it() -> None:
    for data in FOLDER.glob("*.csv"):
        assert (FOLDER / f"LICENCE-{data.stem}.txt").read_text()
        assert data.name in (FOLDER / "README.md").read_text()
    assert "creativecommons.org/licenses/by-sa/4.0" in (FOLDER / "LICENCE-catalogue_sample.txt").read_text()


def test_the_same_seed_gives_the_same_library(library: Stock) -> None:
    assert stock(Random(1), TODAY) == library


def test_another_seed_gives_another_library(library: Stock) -> None:
    assert stock(Random(2), TODAY).copies != library.copies


def test_each_site_begins_with_forty_to_sixty_items_on_two_shelves(library: Stock) -> None:
    for partner in PARTNERS:
        shelves = [c.start.shelf for c in library.copies if c.start.site == partner.site]
        assert set(shelves) == set(SHELVES)
        assert 40 <= len(shelves) <= 60


def test_a_third_of_the_items_is_chinese(library: Stock) -> None:
    chinese = sum(c.title.language == "chi" for c in library.copies)
    assert chinese == pytest.approx(len(library.copies) / 3, abs=1)


def test_some_items_are_at_the_library_and_some_went_over_its_counter(library: Stock) -> None:
    elsewhere = [c for c in library.copies if c.start.site is None]
    assert sum(c.start.patron is None for c in elsewhere) == 24
    assert sum(c.start.patron is not None for c in elsewhere) == 8


def test_barcodes_tags_and_titles_are_each_used_once(library: Stock) -> None:
    assert len({c.item for c in library.copies}) == len(library.copies)
    everything = [c.tag for c in (*library.copies, *library.strangers)]
    assert len(set(everything)) == len(everything)
    assert all(len(c.item) == 14 and c.item.isdigit() for c in library.copies)
    assert all(c.owner == OWNER for c in library.copies)
    assert all(c.owner != OWNER for c in library.strangers)


def test_the_cast_has_every_kind_of_card(library: Stock) -> None:
    held = [p.patron for p in library.passes if p.patron]
    assert len(library.members) == 40
    assert sum(held.count(m.patron) == 2 for m in library.members) == 2
    assert sum(m.block is Block.BLOCKED for m in library.members) == 1
    assert sum(m.until < TODAY for m in library.members) == 1
    assert sum(m.block is Block.LOST for m in library.members) == 1
    assert {p.klass for p in library.passes} == set(CardClass)
    assert sum(not p.known for p in library.passes) == 1
    assert {m.group for m in library.members} == {"adult", "child"}


def test_card_uids_of_both_lengths_name_somebody(library: Stock) -> None:
    uids = [p.uid for p in library.passes]
    assert {len(u) for u in uids} == {8, 14}
    assert len(set(uids)) == len(uids)
    assert card_secret(uids[0], b"12345678") != card_secret(uids[1], b"12345678")
    assert not any(u.startswith(("08", "88")) for u in uids)


def test_what_is_written_can_be_read_back(library: Stock, tmp_path: Path) -> None:
    paths = write(library, tmp_path)
    rows = {}
    for what, path in paths.items():
        with path.open(encoding="utf-8", newline="") as lines:
            rows[what] = list(csv.DictReader(lines))
    assert len(rows["titles"]) == 3431
    assert {r["item"]: r["tag"] for r in rows["items"]} == {c.item: c.tag for c in library.copies}
    assert {r["patron"] for r in rows["patrons"]} - {""} == {m.patron for m in library.members}
    assert {r["card_uid"] for r in rows["patrons"]} == {p.uid for p in library.passes if p.known}
    assert {r["site"] for r in rows["sites"]} == {p.site for p in PARTNERS}
