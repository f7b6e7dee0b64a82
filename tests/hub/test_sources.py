"""Imports: every bad row is named, and nothing is imported unless all is well."""

from pathlib import Path

import pytest

from hub.database import Database
from hub.directory import sources
from hub.directory.rows import Kind
from hub.errors import ImportRefused
from hub.models import Card, Holding, Item, Patron, Title
from protocol.cards import card_secret
from tests.hub.cast import HARBOUR, OWNER, SALT, UID, settings_in
from tests.hub.running import Hub


@pytest.fixture
def hub(database: Database, tmp_path: Path) -> Hub:
    made = Hub(settings_in(tmp_path, database.url), database)
    made.bring(Kind.SITES, f"site,name_zh,name_en\n{HARBOUR},海港银行,Harbour Bank\n", tmp_path)
    made.bring(Kind.RULES, "group,loan_days,limit\nadult,28,5\n", tmp_path)
    made.bring(Kind.TITLES, "title_id,title\nt1,One\n", tmp_path)
    return made


def told(kind: Kind, content: str | bytes) -> list[str]:
    raw = content if isinstance(content, bytes) else content.encode()
    return [str(bad) for bad in sources.parse(kind, "file.csv", raw).bad]


def test_a_dry_run_imports_nothing(hub: Hub, tmp_path: Path) -> None:
    plan = hub.bring(Kind.TITLES, "title_id,title\nt2,Two\n", tmp_path, apply=False)
    assert (len(plan.rows), plan.bad) == (1, [])
    assert [row.title_id for row in hub.rows(Title)] == ["t1"]


def test_every_bad_row_is_named_and_none_is_imported(hub: Hub, tmp_path: Path) -> None:
    text = (
        "item,title_id,tag,home,owner,lending\n"
        f"i1,t1,E0040001,{HARBOUR},{OWNER},normal\n"
        f"i2,t9,E0040001,nowhere,CN-9,sometimes\n"
        f"i1,t1,XYZ,,,\n"
        "i3,t1\n"
    )
    with pytest.raises(ImportRefused) as refused:
        hub.bring(Kind.ITEMS, text, tmp_path)
    said = [f"{bad.line} {bad.column}" for bad in refused.value.rows]
    assert said == ["3 lending", "4 tag", "5 row"]
    assert hub.rows(Item) == []


def test_items_are_checked_against_what_is_known(hub: Hub, tmp_path: Path) -> None:
    text = "item,title_id,tag,home,owner\n" + "i1,t1,E0040001,,\ni2,t9,E0040001,nowhere,CN-9\ni1,t1,,,\n"
    plan = hub.bring(Kind.ITEMS, text, tmp_path, apply=False)
    assert [f"{bad.line} {bad.column}" for bad in plan.bad] == ["3 home", "3 owner", "3 tag", "3 title_id", "4 item"]
    assert "line 2" in plan.bad[2].why


def test_a_tag_on_file_for_another_item_is_refused_unless_both_are_in_the_file(hub: Hub, tmp_path: Path) -> None:
    hub.bring(Kind.ITEMS, "item,title_id,tag\ni1,t1,E0040001\ni2,t1,E0040002\n", tmp_path)
    plan = hub.bring(Kind.ITEMS, "item,title_id,tag\ni3,t1,E0040001\n", tmp_path, apply=False)
    assert [bad.column for bad in plan.bad] == ["tag"]
    hub.bring(Kind.ITEMS, "item,title_id,tag\ni1,t1,E0040002\ni2,t1,E0040001\n", tmp_path)
    assert {row.item: row.tag for row in hub.rows(Item)} == {"i1": "E0040002", "i2": "E0040001"}


def test_an_imported_item_is_at_the_library_until_a_site_reports_it(hub: Hub, tmp_path: Path) -> None:
    hub.bring(Kind.ITEMS, "item,title_id\ni1,t1\n", tmp_path)
    assert [(row.item, row.state) for row in hub.rows(Holding)] == [("i1", "library")]
    assert hub.rows(Item)[0].owner == OWNER


def test_blanks_in_a_barcode_are_taken_out_and_reported(hub: Hub, tmp_path: Path) -> None:
    plan = hub.bring(Kind.ITEMS, "item,title_id\n 00 12 ,t1\n", tmp_path)
    assert [row.item for row in hub.rows(Item)] == ["0012"]
    assert "line 2" in plan.notes[0]


def test_a_byte_order_mark_blank_lines_and_quoted_newlines_are_fine() -> None:
    content = b'\xef\xbb\xbftitle_id,title\r\n\r\nt1,"two\nlines"\r\n'
    plan = sources.parse(Kind.TITLES, "file.csv", content)
    assert plan.bad == []
    assert [line for line, _ in plan.rows] == [3]
    assert told(Kind.TITLES, 'title_id,title\nt1,"two\nlines"\nt2,\n') == ["line 4, title: is empty"]


def test_what_is_not_utf_8_says_where() -> None:
    (sentence,) = told(Kind.TITLES, b"title_id,title\nt1,ok\nt2,caf\xe9\n")
    assert sentence.startswith("line 3, file: isn't UTF-8")


def test_unknown_and_missing_columns_are_named() -> None:
    assert told(Kind.TITLES, "title_id,titel\n") == [
        "line 1, titel: is no column of titles; those are title_id, title, author, isbn, language, year, themes, "
        "region, subjects, popularity, source, clc, dewey, audience",
        "line 1, title: this column is missing",
    ]


@pytest.mark.parametrize(
    ("uid", "why"),
    [
        ("04A1B2", "a card UID has 4, 7 or 10 bytes, not 3"),
        ("08010203", "a 4-byte card UID beginning 08 is random at each tap"),
        ("card!", "isn't hexadecimal"),
    ],
)
def test_a_card_uid_that_names_nobody_is_refused(uid: str, why: str) -> None:
    (sentence,) = told(Kind.PATRONS, f"patron,name,group,card_uid\np1,Wei,adult,{uid}\n")
    assert sentence.endswith(why)


def test_a_patron_may_have_several_cards_and_must_be_the_same_in_every_row(hub: Hub, tmp_path: Path) -> None:
    heading = "patron,name,group,until,block,card_uid,card_class,label\n"
    hub.bring(Kind.PATRONS, heading + f"p1,Wei,adult,,,{UID},,red\np1,Wei,adult,,,0102030A,patron,blue\n", tmp_path)
    assert sorted(row.label for row in hub.rows(Card)) == ["blue", "red"]
    assert len(hub.rows(Patron)) == 1
    bad = heading + f"p1,Wei,adult,,,{UID},,\np1,Mei,nobody,,,{UID},,\n,,,,,,patron,\n"
    plan = hub.bring(Kind.PATRONS, bad, tmp_path, apply=False)
    where = [f"{bad.line} {bad.column}" for bad in plan.bad]
    assert where == ["3 card_uid", "3 group", "3 group", "3 name", "4 patron"]


def test_a_uid_in_any_spelling_is_one_card_and_is_never_kept(hub: Hub, tmp_path: Path) -> None:
    spelled = ":".join(UID[i : i + 2].lower() for i in range(0, len(UID), 2))
    hub.bring(Kind.PATRONS, f"patron,name,group,card_uid\np1,Wei,adult,{spelled}\n", tmp_path)
    hub.bring(Kind.PATRONS, f"patron,name,group,card_uid\np1,Wei,adult,{UID}\n", tmp_path)
    (card,) = hub.rows(Card)
    assert card.secret == card_secret(UID, SALT).hex()


def test_hashing_many_cards_tells_how_far_it_is(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "patrons.csv"
    path.write_text("patron,name,group,card_uid\n" + "".join(f"p{n},N,adult,0102{n:04X}\n" for n in range(60)))
    with hub.database.read() as session:
        plan = sources.read(Kind.PATRONS, path, session, hub.settings)
    seen: list[tuple[int, int]] = []
    sources.apply(plan, hub.database, hub.settings, hub.now, lambda done, of: seen.append((done, of)))
    assert seen == [(0, 60), (50, 60), (60, 60)]


def test_a_renamed_title_reaches_its_items(hub: Hub, tmp_path: Path) -> None:
    hub.bring(Kind.ITEMS, "item,title_id\ni1,t1\n", tmp_path)
    hub.bring(Kind.TITLES, "title_id,title\nt1,Renamed\n", tmp_path)
    (entry,) = [row for row in hub.tables()["directory"] if row["kind"] == "item"]
    assert entry["body"]["title"] == "Renamed"
