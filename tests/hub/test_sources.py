"""Imports: every bad row is named, and nothing is imported unless all is well."""

from pathlib import Path

import pytest

from hub.database import Database
from hub.directory import sources
from hub.directory.comparing import Changes, compare
from hub.directory.encodings import Encoding
from hub.directory.plan import Manner
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
        ("04A1B2", "a card UID has 4, 5, 7 or 10 bytes, not 3"),
        ("08010203", "a 4-byte card UID beginning 08 is random at each tap"),
        ("card!", "isn't hexadecimal"),
        ('"099,59822"', "docs/hub.md says how to make its ten hex digits of it"),
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


def test_a_125_khz_card_has_ten_digits_and_may_begin_with_any(hub: Hub, tmp_path: Path) -> None:
    hub.bring(Kind.PATRONS, "patron,name,group,card_uid\np1,Wei,adult,08 0063e9ae\n", tmp_path)
    (card,) = hub.rows(Card)
    assert card.secret == card_secret("080063E9AE", SALT).hex()


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


def test_files_of_before_class_numbers_go_on_to_work_and_keep_what_they_dont_tell(hub: Hub, tmp_path: Path) -> None:
    hub.bring(Kind.TITLES, "title_id,title,author,clc,dewey,audience\nt1,One,Wei,I247.5,895.13/52,young\n", tmp_path)
    hub.bring(Kind.ITEMS, "item,title_id,tag,condition,barcode,shelf_mark\ni1,t1,E0040001,worn,B1,I247 W\n", tmp_path)
    hub.bring(Kind.TITLES, "title_id,title\nt1,Uno\n", tmp_path)
    hub.bring(Kind.ITEMS, "item,title_id,home\ni1,t1,harbour-bank\n", tmp_path)
    (title,) = hub.rows(Title)
    assert (title.title, title.author, title.clc, title.dewey, title.audience) == (
        "Uno", "Wei", "I247.5", "895.1352", "young",
    )  # fmt: skip
    (item,) = hub.rows(Item)
    assert (item.home, item.tag, item.condition, item.barcode, item.shelf_mark) == (
        "harbour-bank", "E0040001", "worn", "B1", "I247 W",
    )  # fmt: skip
    hub.bring(Kind.TITLES, "title_id,title,clc,audience\nt1,Uno,,\n", tmp_path)
    (title,) = hub.rows(Title)
    assert (title.clc, title.audience) == ("", "")


def test_what_a_new_item_doesnt_tell_has_a_default(hub: Hub, tmp_path: Path) -> None:
    hub.bring(Kind.ITEMS, "item,title_id,condition,barcode,shelf_mark\ni1,t1,,,\n", tmp_path)
    (item,) = hub.rows(Item)
    assert (item.condition, item.barcode, item.shelf_mark) == ("good", None, "")


def test_a_tag_stays_with_an_item_of_a_file_without_tags(hub: Hub, tmp_path: Path) -> None:
    hub.bring(Kind.ITEMS, "item,title_id,tag\ni1,t1,E0040001\n", tmp_path)
    hub.bring(Kind.ITEMS, "item,title_id\ni1,t1\n", tmp_path)
    assert [row.tag for row in hub.rows(Item)] == ["E0040001"]


def test_a_barcode_belongs_to_one_item_and_may_change_hands_within_a_file(hub: Hub, tmp_path: Path) -> None:
    hub.bring(Kind.ITEMS, "item,title_id,barcode\ni1,t1,B1\ni2,t1,B2\n", tmp_path)
    plan = hub.bring(Kind.ITEMS, "item,title_id,barcode\ni3,t1,B1\ni4,t1,B4\ni5,t1,B4\n", tmp_path, apply=False)
    assert [str(bad) for bad in plan.bad] == [
        "line 2, barcode: B1 belongs to item i1 already",
        "line 4, barcode: B4 belongs to line 3 already",
    ]
    hub.bring(Kind.ITEMS, "item,title_id,barcode\ni1,t1,B2\ni2,t1,B1\n", tmp_path)
    assert {row.item: row.barcode for row in hub.rows(Item)} == {"i1": "B2", "i2": "B1"}


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_a_table_is_read_in_each_encoding_a_spreadsheet_saves(encoding: str) -> None:
    plan = sources.parse(Kind.TITLES, "file.csv", "title_id,title\nt1,红楼梦\nt2,阿Q正传\n".encode(encoding))
    assert plan.bad == []
    assert [getattr(row, "title", "") for _, row in plan.rows] == ["红楼梦", "阿Q正传"]
    assert plan.notes == (["file.csv isn't UTF-8 and was read as GB18030 (GBK)"] if encoding.startswith("gb") else [])


def test_damaged_utf_8_is_not_taken_for_chinese() -> None:
    content = "title_id,title\nt1,红楼梦西游记水浒传\n".encode() + "t2,三国演义".encode()[:-1] + b"\n"
    (sentence,) = told(Kind.TITLES, content)
    assert sentence.startswith("line 3, file: isn't UTF-8")


def test_an_encoding_that_is_said_and_doesnt_fit() -> None:
    plan = sources.parse(Kind.TITLES, "file.csv", "title_id,title\nt1,Émile\n".encode(), Manner(Encoding.UTF_16))
    assert len(plan.bad) == 1


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("year", "MCM", "'MCM' isn't a whole number"),
        ("year", "9999", "'9999' is more than 2200"),
        ("year", "-4000", "'-4000' is less than -3000"),
        ("isbn", "978-7", "'978-7' isn't 13 digits, or 10 of which the last one checks the others"),
        ("isbn", "0306406153", "'0306406153' isn't 13 digits, or 10 of which the last one checks the others"),
        ("audience", "babies", "'babies' is none of 'children', 'young', 'adult' or 'all'"),
        ("clc", "I" * 65, "has 65 characters; 64 are the most"),
        ("title", "a\x07b", "holds the control character U+0007"),
        ("title", "a\x00b", "holds the control character U+0000"),
        ("popularity", "1.5", "'1.5' isn't a whole number"),
    ],
)
def test_what_is_wrong_with_a_cell_is_said_in_plain_words(column: str, value: str, why: str) -> None:
    heading, cells = (
        (f"title_id,title,{column}", f"t1,One,{value}") if column != "title" else ("title_id,title", f"t1,{value}")
    )
    assert told(Kind.TITLES, f"{heading}\n{cells}\n") == [f"line 2, {column}: {why}"]


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (
            Kind.ITEMS,
            "item,title_id,condition\ni1,t1,fine\n",
            "condition: 'fine' is none of 'new', 'good', 'worn' or 'damaged'",
        ),
        (Kind.ITEMS, "item,title_id,tag\ni1,t1,XYZ\n", "tag: 'XYZ' isn't 8 to 32 hexadecimal digits"),
        (Kind.PATRONS, "patron,until\np1,soon\n", "until: 'soon' isn't a date such as 2026-11-23"),
        (Kind.RULES, "group,loan_days,limit\nadult,,5\n", "loan_days: is empty"),
        (Kind.TITLES, 'title_id,title\nt1,"One\n', "row: a quotation mark is opened and never closed"),
        (
            Kind.TITLES,
            'title_id,title\nt1,"One"s\n',
            "row: something stands between a closing quotation mark and the next comma; inside a cell double the mark",
        ),
    ],
)
def test_the_same_for_other_files(kind: Kind, text: str, said: str) -> None:
    assert told(kind, text) == [f"line 2, {said}"]


def test_isbns_lose_their_hyphens_and_ten_digits_become_thirteen() -> None:
    plan = sources.parse(Kind.TITLES, "f.csv", b"title_id,title,isbn\nt1,One,0-306-40615-2\nt2,Two,978-0-306-40615-7\n")
    assert [getattr(row, "isbn", "") for _, row in plan.rows] == ["9780306406157"] * 2


def changes_of(hub: Hub, kind: Kind, text: str, tmp_path: Path) -> Changes:
    plan = hub.bring(kind, text, tmp_path, apply=False)
    assert plan.bad == []
    with hub.database.read() as session:
        return compare(session, plan, OWNER, lambda done, of: None)


def test_a_look_counts_what_would_change_and_tells_the_first_differences(hub: Hub, tmp_path: Path) -> None:
    hub.bring(Kind.ITEMS, "item,title_id,lending,home\ni1,t1,,\ni2,t1,,\ni3,t1,,\n", tmp_path)
    text = "item,title_id,lending,home\ni1,t1,,\ni2,t1,reference,harbour-bank\ni3,t1,withdrawn,\ni4,t1,,\n"
    changes = changes_of(hub, Kind.ITEMS, text, tmp_path)
    assert str(changes) == "1 new, 1 changed, 1 unchanged, 1 withdrawn"
    assert changes.first == [
        "line 3, i2: home nothing becomes 'harbour-bank'; lending 'normal' becomes 'reference'",
        "line 4, i3: is withdrawn",
        "line 5, i4: is new",
    ]
    hub.bring(Kind.ITEMS, text, tmp_path)
    assert str(changes_of(hub, Kind.ITEMS, text, tmp_path)) == "0 new, 0 changed, 4 unchanged, 0 withdrawn"


def test_a_patron_with_two_cards_is_one_patron_in_a_look(hub: Hub, tmp_path: Path) -> None:
    text = f"patron,name,group,card_uid\np1,Wei,adult,{UID}\np1,Wei,adult,0102030A\n,,,0102030B\n"
    text = text.replace("card_uid\n", "card_uid,card_class\n").replace(f"{UID}\n", f"{UID},\n")
    text = text.replace("0A\n", "0A,\n").replace("0B\n", "0B,courier\n")
    assert str(changes_of(hub, Kind.PATRONS, text, tmp_path)) == "1 new, 0 changed, 0 unchanged, 0 withdrawn"


def test_long_files_tell_how_far_it_is(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "titles.csv"
    path.write_text("title_id,title\n" + "".join(f"n{n},N\n" for n in range(2500)))
    read: list[tuple[int, int]] = []
    written: list[tuple[int, int]] = []
    with hub.database.read() as session:
        plan = sources.read(Kind.TITLES, path, session, hub.settings, progress=lambda *at: read.append(at))
    sources.apply(plan, hub.database, hub.settings, hub.now, lambda *at: written.append(at))
    assert (read, written) == ([(1000, 2502), (2000, 2502)], [(1000, 2500), (2000, 2500)])


def test_a_table_is_never_imported_in_part(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "titles.csv"
    path.write_text("title_id,title\nt2,Two\nt3,\n")
    with hub.database.read() as session:
        plan = sources.read(Kind.TITLES, path, session, hub.settings, Manner(skip_broken=True))
    with pytest.raises(ImportRefused):
        sources.apply(plan, hub.database, hub.settings, hub.now, lambda done, of: None)
    assert [row.title_id for row in hub.rows(Title)] == ["t1"]


def test_a_report_of_written_tags_gives_known_items_their_tags_and_nothing_else(hub: Hub, tmp_path: Path) -> None:
    hub.bring(Kind.ITEMS, "item,title_id,home,condition\ni1,t1,harbour-bank,worn\ni2,t1,,\n", tmp_path)
    report = "item,tag,written_at\r\ni1,E004010012345678,2026-11-23T08:00:00Z\r\n"
    hub.bring(Kind.ITEMS, report, tmp_path)
    one, two = sorted(hub.rows(Item), key=lambda item: item.item)
    assert (one.tag, one.title_id, one.home, one.condition) == ("E004010012345678", "t1", "harbour-bank", "worn")
    assert two.tag is None


def test_an_item_that_nobody_knows_needs_its_title(hub: Hub, tmp_path: Path) -> None:
    plan = hub.bring(Kind.ITEMS, "item,tag\ni9,E004010012345678\n", tmp_path, apply=False)
    assert [str(bad) for bad in plan.bad] == ["line 2, title_id: item 'i9' is new, and a new item needs this column"]
    plan = hub.bring(Kind.ITEMS, "item,title_id\ni9,\n", tmp_path, apply=False)
    assert [str(bad) for bad in plan.bad] == ["line 2, title_id: is empty"]
