"""Exports: what goes out comes back without a change, and no cell of it is a formula."""

import csv
import io
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from pymarc import MARCReader
from sqlmodel import delete

from hub.cli import main
from hub.database import Database
from hub.directory import sources
from hub.directory.comparing import compare
from hub.directory.export import WRITERS, cells, columns, export
from hub.directory.rows import Audience, Condition, Kind, TitleRow, clean
from hub.errors import ExportRefused
from hub.models import Card, Item, Patron, Title
from protocol.directory import Lending
from protocol.formulas import guard, unguard
from tests.hub.cast import HARBOUR, OWNER, UID, settings_in
from tests.hub.running import Hub

TODAY = date(2026, 11, 23)


@pytest.fixture
def hub(database: Database, tmp_path: Path) -> Hub:
    made = Hub(settings_in(tmp_path, database.url), database)
    made.bring(
        Kind.SITES, f"site,name_zh,name_en,address,capacity\n{HARBOUR},海港银行,Harbour Bank,=1+1,60\n", tmp_path
    )
    made.bring(Kind.RULES, "group,loan_days,limit\nadult,28,5\n", tmp_path)
    made.bring(
        Kind.TITLES,
        "title_id,title,author,isbn,language,year,themes,region,subjects,popularity,source,clc,dewey,audience\n"
        "t1,红楼梦,曹雪芹,9787020002207,chi,1996,classics|love,china,家族--小说|清代,12,own,I242.4,895.134,adult\n"
        't2,"=HYPERLINK(""http://x"")",@sum,,und,,,,,,,,,\n'
        "t3,''=quoted,-5,9787020002208,zh-Hans,-350,,,,,,,,\n",
        tmp_path,
    )
    made.bring(
        Kind.ITEMS,
        "item,title_id,tag,home,owner,lending,condition,barcode,shelf_mark\n"
        f"0001,t1,E0040001,{HARBOUR},{OWNER},reference,worn,B-1,I242.4/1\n"
        "=i2,t2,,,,withdrawn,,,\n",
        tmp_path,
    )
    made.bring(
        Kind.PATRONS,
        "patron,name,group,until,block,card_uid,card_class\n"
        f"p1,+Wei,adult,2030-12-31,lost,{UID},\n"
        ",,,,,0102030A,courier\n",
        tmp_path,
    )
    return made


def send(hub: Hub, kind: Kind, path: Path) -> int:
    with hub.database.read() as session:
        return export(session, kind, path, TODAY, lambda done, of: None, replace=True)


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [(kind, suffix) for kind in ("titles", "items", "patrons", "sites") for suffix in (".csv", ".xlsx")]
    + [("titles", ".mrc")],
)
def test_what_is_exported_imports_again_without_a_change(hub: Hub, kind: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"out{suffix}"
    count = send(hub, Kind(kind), path)
    assert path.stat().st_mode & 0o077 == 0
    with hub.database.read() as session:
        plan = sources.read(Kind(kind), path, session, hub.settings)
        assert plan.bad == []
        changes = compare(session, plan, OWNER, lambda done, of: None)
    assert (changes.unchanged, str(changes)) == (count, f"0 new, 0 changed, {count} unchanged, 0 withdrawn")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".mrc"])
def test_titles_come_back_into_an_empty_catalogue_as_they_were(hub: Hub, suffix: str, tmp_path: Path) -> None:
    before = sorted((row.model_dump() for row in hub.rows(Title)), key=repr)
    path = tmp_path / f"out{suffix}"
    send(hub, Kind.TITLES, path)
    with hub.database.write() as session:
        session.execute(delete(Item))
        session.execute(delete(Title))
    with hub.database.read() as session:
        plan = sources.read(Kind.TITLES, path, session, hub.settings)
    sources.apply(plan, hub.database, hub.settings, hub.now, lambda done, of: None)
    assert sorted((row.model_dump() for row in hub.rows(Title)), key=repr) == before


def test_cards_stay_at_the_hub_and_an_import_of_patrons_leaves_them_alone(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "patrons.csv"
    send(hub, Kind.PATRONS, path)
    text = path.read_text(encoding="utf-8-sig")
    assert text.splitlines() == ["patron,name,group,until,block", "p1,'+Wei,adult,2030-12-31,lost"]
    before = [row.model_dump() for row in hub.rows(Card)]
    with hub.database.read() as session:
        plan = sources.read(Kind.PATRONS, path, session, hub.settings)
    sources.apply(plan, hub.database, hub.settings, hub.now, lambda done, of: None)
    assert [row.model_dump() for row in hub.rows(Card)] == before
    assert [row.name for row in hub.rows(Patron)] == ["+Wei"]


def test_no_cell_of_an_export_is_a_formula(hub: Hub, tmp_path: Path) -> None:
    send(hub, Kind.TITLES, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as lines:
        table = list(csv.reader(lines))
    send(hub, Kind.TITLES, tmp_path / "out.xlsx")
    sheet = load_workbook(tmp_path / "out.xlsx")["titles"]
    assert [[cell.value or "" for cell in row] for row in sheet.iter_rows()] == table
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value} == {"s"}
    assert [row[1] for row in table[1:]] == ["红楼梦", '\'=HYPERLINK("http://x")', "''=quoted"]


def test_another_reader_of_marc_understands_the_records(hub: Hub, tmp_path: Path) -> None:
    send(hub, Kind.TITLES, tmp_path / "out.mrc")
    first = next(MARCReader((tmp_path / "out.mrc").read_bytes()))
    assert first is not None
    assert (first.title, first.author, first.isbn, first.pubyear) == ("红楼梦", "曹雪芹", "9787020002207", "1996")
    assert [field.value() for field in first.subjects] == ["家族--小说", "清代"]
    assert len(first["008"].data) == 40
    assert (first["008"].data[22], first["008"].data[35:38]) == ("e", "chi")


LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")
TEXT = st.text(st.one_of(LETTERS, st.sampled_from("=+-@'\t ,\"\n|;/:.&#x红_041")), max_size=30)


def text(most: int = 30) -> st.SearchStrategy[str]:
    """What a cell may hold once it was imported."""
    return TEXT.map(lambda value: clean(value).strip()[:most].strip())


NAMED = text().filter(bool)
LISTED = st.lists(text(), max_size=4).map("|".join)
TITLES = st.builds(
    dict,
    title_id=NAMED,
    title=NAMED,
    author=text(),
    isbn=st.sampled_from(["", "9787020002207", "9787020002208", "1234567890123"]),
    language=st.one_of(st.sampled_from(["eng", "chi", "und", "|||"]), text(16).filter(bool)),
    year=st.one_of(st.just(""), st.integers(-3000, 2200).map(str)),
    themes=LISTED,
    region=text(),
    subjects=LISTED,
    popularity=st.one_of(st.just(""), st.integers(0, 2**31 - 1).map(str)),
    source=text(),
    clc=text(),
    dewey=text(),
    audience=st.sampled_from(["", *Audience]),
)


@given(st.lists(TITLES, min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40)
def test_any_title_comes_back_as_it_was(made: list[dict[str, str]]) -> None:
    rows = [TitleRow.model_validate(each) for each in made]
    records = [Title(**row.model_dump() | {"audience": row.audience or ""}) for row in rows]
    for suffix, write in WRITERS.items():
        out = io.BytesIO()
        assert write(out, Kind.TITLES, records, TODAY) == len(rows)
        plan = sources.parse(Kind.TITLES, f"out{suffix}", out.getvalue())
        assert plan.bad == []
        assert [row for _, row in plan.rows] == rows


@given(text(), text(), st.sampled_from(list(Lending)), st.sampled_from(list(Condition)), st.booleans())
def test_any_item_is_told_as_an_import_reads_it(name: str, mark: str, lending: str, condition: str, gone: bool) -> None:
    item = Item(item="i", title_id=name or "t", owner=OWNER, lending=lending, condition=condition, shelf_mark=mark)
    item.withdrawn = gone
    told = dict(zip(columns(Kind.ITEMS), cells(Kind.ITEMS, item), strict=True))
    assert told["lending"] == ("withdrawn" if gone else lending)
    assert (told["tag"], told["barcode"], told["condition"], told["shelf_mark"]) == ("", "", condition, mark)


@given(st.text(st.one_of(st.sampled_from("=+-@'1.\t"), st.characters()), max_size=20))
def test_a_guarded_cell_is_no_formula_and_is_found_again(cell: str) -> None:
    assert unguard(guard(cell)) == cell
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?", cell):
        assert not guard(cell).startswith(("=", "@", "+", "-", "\t", "\r", "\n"))


@pytest.mark.parametrize(
    ("cell", "guarded"),
    [
        ("=1", "'=1"),
        ("-5", "-5"),
        ("+1.5", "+1.5"),
        ("-5+A1", "'-5+A1"),
        ("'quote'", "'quote'"),
        ("＝1", "'＝1"),
        ("", ""),
    ],
)
def test_what_is_guarded(cell: str, guarded: str) -> None:
    assert guard(cell) == guarded


def test_a_file_that_is_there_is_kept_and_other_kinds_are_refused(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("mine")
    with hub.database.read() as session:

        def ask(kind: Kind, name: str) -> str:
            with pytest.raises(ExportRefused) as refused:
                export(session, kind, tmp_path / name, TODAY, lambda done, of: None)
            return str(refused.value)

        assert "there is such a file already" in ask(Kind.TITLES, "out.csv")
        assert ask(Kind.TITLES, "out.ods") == "out.ods: ends in none of .csv, .xlsx, .mrc"
        assert ask(Kind.ITEMS, "out.mrc") == "out.mrc: MARC is for titles; items go to .csv or .xlsx"
    assert (tmp_path / "out.csv").read_text() == "mine"
    assert not list(tmp_path.glob("*.part"))


def test_an_export_that_breaks_leaves_the_old_file(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("mine")

    def interrupted(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with hub.database.read() as session, pytest.raises(KeyboardInterrupt):
        export(session, Kind.TITLES, path, TODAY, interrupted, replace=True)
    assert path.read_text() == "mine"
    assert not list(tmp_path.glob("*.part"))


def test_the_command_writes_a_file_and_the_import_finds_nothing_to_change(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "hub.toml"
    config.write_text(
        f'data_dir = "{tmp_path}"\ndatabase_url = "{hub.database.url}"\nfleet_salt = "{hub.settings.fleet_salt}"\n'
        f'master_key_file = "{tmp_path}/master.key"\nowners = ["{OWNER}"]\n[broker]\ntls = false\nport = 1\n'
    )
    file = tmp_path / "titles.mrc"
    assert main(["export", "titles", "--to", str(file), "--config", str(config)]) == 0
    assert main(["import", "titles", str(file), "--dry-run", "--config", str(config)]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "titles.mrc: 3 rows of titles are fine: 0 new, 0 changed, 3 unchanged, 0 withdrawn",
        "nothing imported without --apply",
    ]
    assert "3 titles exported" in said.err
    assert main(["export", "titles", "--to", str(file), "--config", str(config)]) == 1
    file.write_bytes(file.read_bytes()[:-5])
    assert main(["import", "titles", str(file), "--config", str(config)]) == 1
    assert "titles.mrc, record 3 (byte " in capsys.readouterr().out
    assert main(["import", "titles", str(file), "--skip-broken", "--apply", "--config", str(config)]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-2:] == [
        "titles.mrc: 1 broken records are left out",
        "titles.mrc: 2 rows of titles imported",
    ]
