"""MARC21, UNIMARC and CNMARC: what records say, in which encoding, and what is wrong with broken ones."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.database import Database
from hub.directory import sources
from hub.directory.encodings import Encoding
from hub.directory.isbn import isbn13
from hub.directory.plan import Manner, Plan
from hub.directory.rows import ItemRow, Kind, TitleRow
from hub.models import Item, Title
from hub.settings import Marc
from tests.hub.cast import settings_in
from tests.hub.isorecords import cnmarc, fixed, record
from tests.hub.running import Hub

SAMPLE = (Path(__file__).parent / "marc" / "multiscript_30.utf8.mrc").read_bytes()
DREAM = cnmarc(
    "CAL012001",
    "红楼梦",
    ("010", "  $a978-7-02-000220-7$b精装$dCNY59.70"),
    ("200", "1 $aHong lou meng"),
    ("606", "0 $a章回小说$y中国$z清代"),
    ("690", "  $aI242.4$v4"),
    ("701", " 0$a曹雪芹$c(清)$4著"),
    ("905", "  $aPKUL$b0012345$b0012346$dI242.4$e1"),
)


def titles(content: bytes, manner: Manner | None = None, mapping: Marc | None = None) -> dict[str, TitleRow]:
    """By id; the file must be without fault."""
    plan = sources.parse(Kind.TITLES, "file.mrc", content, manner or Manner(), mapping or Marc())
    assert plan.bad == []
    return {row.title_id: row for _, row in plan.of(TitleRow)}


def one(content: bytes, manner: Manner | None = None, mapping: Marc | None = None) -> TitleRow:
    (row,) = titles(content, manner, mapping).values()
    return row


def told(content: bytes, kind: Kind = Kind.TITLES) -> list[str]:
    return [str(bad) for bad in sources.parse(kind, "file.mrc", content).bad]


def english(number: str = "n1", *more: tuple[str, str | bytes], **of: str) -> bytes:
    return record([("001", number), ("008", fixed(**of)), ("245", "10$aMoby-Dick /$cHerman Melville."), *more])


# --------------------------------------------------------------------------------------------------------------- MARC21


def test_real_records_in_twelve_languages_are_all_read() -> None:
    found = titles(SAMPLE)
    assert len(found) == 30
    assert {row.language for row in found.values()} >= {"chi", "jpn", "kor", "heb", "ara", "per", "tib", "urd", "eng"}
    assert all(row.title and not row.title.endswith(("/", ":", " ")) for row in found.values())


def test_titles_and_authors_are_in_their_own_script_where_the_record_links_one() -> None:
    found = titles(SAMPLE)
    assert (found["2009373513"].title, found["2009373513"].author) == ("次按驟變", "林行止")
    assert (found["2008543486"].title, found["2008543486"].author) == ("久保栄「火山灰地」を読む", "吉田一")
    assert found["86207417"].author == "פינקל, חיים יעקב"
    assert found["2009373513"].isbn == "9789573908678"
    assert found["2007020969"].title == '"Strong Medicine speaks": a Native American elder has her say: an oral history'


def test_of_several_scripts_the_chinese_one_goes_first() -> None:
    content = record(
        [
            ("001", "n1"),
            ("008", fixed(language="chi")),
            ("245", "10$6880-01$aHong lou meng"),
            ("880", "10$6245-01/(3$aحلم"),
            ("880", "10$6245-01/$1$a红楼梦"),
        ]
    )
    assert one(content).title == "红楼梦"


def test_everything_a_record_says_of_a_title() -> None:
    row = one(
        record(
            [
                ("001", " n1 "),
                ("008", fixed("1851", "d")),
                ("020", "  $a0142437247 (pbk.)"),
                ("082", "00$a813/.3$222"),
                ("084", "  $aI712.44$2clc"),
                ("100", "1 $aMelville, Herman,$d1819-1891."),
                ("245", "10$aMoby-Dick, or, The whale :$ba story /$cHerman Melville."),
                ("650", " 0$aWhaling ships$vFiction."),
                ("650", " 6$aBaleinières."),
                ("651", " 0$aPacific Ocean|South$xHistory."),
            ]
        )
    )
    assert row == TitleRow(
        title_id="n1",
        title="Moby-Dick, or, The whale: a story",
        author="Melville, Herman",
        isbn="9780142437247",
        language="eng",
        year="1851",
        subjects="Whaling ships--Fiction|Pacific Ocean/South--History",
        clc="I712.44",
        dewey="813.3",
        audience="young",
    )


@pytest.mark.parametrize(
    ("leader", "code", "audience"),
    [
        ("     nam a22     2a 4500", "a", "children"),
        ("     nam a22     2a 4500", "j", "children"),
        ("     nam a22     2a 4500", "d", "young"),
        ("     nam a22     2a 4500", "e", "adult"),
        ("     nam a22     2a 4500", "g", "all"),
        ("     nam a22     2a 4500", "|", None),
        ("     nas a22     2a 4500", "a", None),
        ("     nem a22     2a 4500", "a", None),
    ],
)
def test_whom_a_title_is_for_is_read_where_the_form_has_it(leader: str, code: str, audience: str | None) -> None:
    fields = [("001", "n1"), ("008", fixed(audience=code)), ("245", "00$aTitle")]
    assert one(record(fields, leader=leader)).audience == audience


@pytest.mark.parametrize(
    ("field", "year"),
    [("c1998.", 1998), ("[2003?]", 2003), ("民國87 [1998]", 1998), ("19--", None), ("n.d.", None), ("978-7", None)],
)
def test_a_year_that_the_coded_field_lacks_is_taken_from_the_imprint(field: str, year: int | None) -> None:
    assert one(english("n1", ("260", f"  $c{field}"), year="19uu")).year == year


def test_a_chinese_call_number_without_a_source_is_a_chinese_class_number_only_where_it_looks_like_one() -> None:
    assert one(english("n1", ("090", "  $aI247.5/12"), language="chi")).clc == "I247.5/12"
    assert one(english("n1", ("090", "  $aPS2384.M6"), language="eng")).clc == ""
    assert one(english("n1", ("084", "  $aTP312")), None).clc == "TP312"
    assert one(english("n1", ("084", "  $a42.99$2bcl"))).clc == ""


def test_a_wrong_isbn_is_left_out_and_noted() -> None:
    plan = sources.parse(Kind.TITLES, "file.mrc", english("n1", ("020", "  $a9787020002208")))
    assert [row.isbn for _, row in plan.of(TitleRow)] == [""]
    assert plan.notes == ["record 1 (byte 0), 020: '9787020002208' is no ISBN and was left out"]


@pytest.mark.parametrize(
    ("text", "isbn"),
    [
        ("0-306-40615-2", "9780306406157"),
        ("080442957X", "9780804429573"),
        ("080442957x (pbk.)", "9780804429573"),
        ("978-0-306-40615-7 : $12", "9780306406157"),
        ("0306406153", None),
        ("9780306406158", None),
        ("9770306406157", None),
        ("12", None),
        ("", None),
    ],
)
def test_an_isbn_is_checked_and_has_thirteen_digits(text: str, isbn: str | None) -> None:
    assert isbn13(text) == isbn


# --------------------------------------------------------------------------------------------------------------- CNMARC


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8"])
def test_a_chinese_record_in_each_encoding_it_comes_in(encoding: str) -> None:
    content = cnmarc(
        "CAL012001",
        "红楼梦",
        ("010", "  $a978-7-02-000220-7$b精装$dCNY59.70"),
        ("606", "0 $a章回小说$y中国$z清代"),
        ("676", "  $a895.134"),
        ("690", "  $aI242.4$v4"),
        ("701", " 0$a曹雪芹$c(清)$4著"),
        encoding=encoding,
    )
    assert one(content) == TitleRow(
        title_id="CAL012001",
        title="红楼梦",
        author="曹雪芹",
        isbn="9787020002207",
        language="chi",
        year="1998",
        subjects="章回小说--中国--清代",
        clc="I242.4",
        dewey="895.134",
        audience="children",
    )


def test_the_chinese_title_goes_before_its_romanisation() -> None:
    assert one(DREAM).title == "红楼梦"


@pytest.mark.parametrize(
    ("codes", "audience"), [("a  ", "children"), ("e  ", "young"), ("km ", "adult"), ("bk ", "all"), ("u  ", None)]
)
def test_whom_a_chinese_record_is_for(codes: str, audience: str | None) -> None:
    assert one(cnmarc("1", "呐喊", audience=codes)).audience == audience


@pytest.mark.parametrize(
    ("field", "author"),
    [
        (("701", " 1$aDickens$bCharles"), "Dickens, Charles"),
        (("200", "1 $a双城记$f鲁迅著"), "鲁迅"),
        (("711", "02$a中国社会科学院"), "中国社会科学院"),
    ],
)
def test_authors_of_chinese_records(field: tuple[str, str], author: str) -> None:
    content = record([("001", "1"), ("200", "1 $a双城记$f鲁迅著") if field[0] != "200" else field, field], "gbk")
    assert one(content).author == author


def test_records_that_stand_on_lines_of_their_own_behind_a_byte_order_mark() -> None:
    content = b"\xef\xbb\xbf" + cnmarc("1", "呐喊", encoding="utf-8") + b"\r\n" + cnmarc("2", "彷徨", encoding="utf-8")
    assert {key: row.title for key, row in titles(content + b"\r\n\x1a").items()} == {"1": "呐喊", "2": "彷徨"}


# ------------------------------------------------------------------------------------------------------------- encoding


def test_a_short_chinese_title_that_is_utf_8_by_chance_is_read_as_its_neighbours() -> None:
    assert "联通".encode("gbk").decode("utf-8", "replace") != "联通".encode("gbk")
    content = cnmarc("1", "联通") + cnmarc("2", "呐喊与彷徨") + cnmarc("3", "中国小说史略")
    assert titles(content)["1"].title == "联通"


def marc8(*more: tuple[str, bytes]) -> bytes:
    fields = [("001", "n1"), ("008", fixed()), *more]
    return record(fields, leader="     nam  22     2a 4500")


def test_latin_letters_with_accents_in_marc_8() -> None:
    assert one(marc8(("245", b"10\x1faEug\xe2enie Grandet, \xc3 1834"))).title == "Eugénie Grandet, © 1834"


def test_chinese_in_marc_8_and_references_to_what_it_lacks() -> None:
    assert one(marc8(("245", b"10\x1fa\x1b$1\x21\x30\x21\x21\x30\x24\x1b(B &#x8ECA;"))).title == "一三 車"


def test_broken_chinese_in_marc_8_is_said_where_it_is_read_and_nowhere_else(capfd: pytest.CaptureFixture[str]) -> None:
    cut_off, unknown = b"10\x1fa\x1b$1\x21\x30\x21\x21\x30\x1b(B", b"10\x1fa\x1b$1\x20\x20\x20\x1b(B"
    assert told(marc8(("245", cut_off))) == ["record 1 (byte 0), 245: holds bytes that aren't MARC-8"]
    assert told(marc8(("245", unknown))) == ["record 1 (byte 0), 245: holds bytes that aren't MARC-8"]
    assert told(marc8(("245", b"10\x1faFine"), ("500", cut_off))) == []
    assert capfd.readouterr() == ("", "")


def test_a_leader_that_forgot_to_say_utf_8() -> None:
    content = record([("001", "n1"), ("245", "10$a红楼梦")], leader="     nam  22     2a 4500")
    assert one(content).title == "红楼梦"


def test_an_encoding_that_is_said_is_final() -> None:
    content = cnmarc("1", "呐喊")
    assert one(content, Manner(encoding=Encoding.GB18030)).title == "呐喊"
    plan = sources.parse(Kind.TITLES, "file.mrc", content, Manner(encoding=Encoding.UTF_8))
    assert [str(bad) for bad in plan.bad] == ["record 1 (byte 0), 200: holds bytes that aren't UTF-8"]


# --------------------------------------------------------------------------------------------------------------- broken


def damaged() -> tuple[bytes, list[str]]:
    """Good records at 1, 4 and 8, and others between them."""
    good = english("good-1")
    longer = english("too-long").replace(b"00", b"09", 1)
    entry = english("entry")
    entry = entry[:24] + b"001x" + entry[28:]
    shifted = english("shifted", ("500", "  $aNote"))
    at = shifted.index(b"245")
    shifted = shifted[: at + 3] + b"0003" + shifted[at + 7 :]
    utf8 = record([("001", "bytes"), ("245", b"10\x1faCaf\xe9 noir")])
    nothing = record([("001", "untitled"), ("008", fixed())])
    parts = [
        good,
        longer,
        entry,
        english("good-2"),
        shifted,
        utf8,
        nothing,
        english("good-3"),
        b"rubbish\x1d",
        good[:50],
    ]
    why = [
        f"record 2 (byte {len(good)}), record: says it has {longer[:5].decode().lstrip('0')} bytes, "
        f"but its end mark stands after {len(longer)}",
        "record 3, record: entry 1 of its directory isn't a tag and two numbers",
        "record 5, 245: doesn't end where the directory says",
        "record 6, 245: holds bytes that aren't UTF-8",
        "record 7, title: is empty",
        "record 9, record: doesn't begin with its length",
        f"record 10, record: breaks off: it says it has {len(good)} bytes, the file ends after 50",
    ]
    offsets = [sum(map(len, parts[:n])) for n in range(len(parts))]
    shown = [
        text if "(byte" in text else text.replace(",", f" (byte {offsets[int(text.split(',')[0].split()[1]) - 1]}),", 1)
        for text in why
    ]
    return b"".join(parts), shown


def test_every_broken_record_is_named_with_its_number_its_byte_and_why() -> None:
    content, why = damaged()
    assert told(content) == why


def test_the_rest_is_imported_only_on_request(database: Database, tmp_path: Path) -> None:
    hub = Hub(settings_in(tmp_path, database.url), database)
    path = tmp_path / "titles.mrc"
    content, why = damaged()
    path.write_bytes(content)

    def read(manner: Manner) -> Plan:
        with database.read() as session:
            return sources.read(Kind.TITLES, path, session, hub.settings, manner)

    assert len(read(Manner()).bad) == len(why)
    plan = read(Manner(skip_broken=True))
    assert ([], [str(bad) for bad in plan.skipped]) == (plan.bad, why)
    assert sources.apply(plan, database, hub.settings, hub.now, lambda done, of: None) == 3
    assert {row.title_id for row in hub.rows(Title)} == {"good-1", "good-2", "good-3"}


def test_the_same_record_twice_is_a_fault_of_the_second(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "titles.mrc"
    path.write_bytes(english("n1") + english("n1"))
    with database.read() as session:
        plan = sources.read(Kind.TITLES, path, session, settings_in(tmp_path), Manner(skip_broken=True))
    size = len(english("n1"))
    assert [str(bad) for bad in plan.skipped] == [
        f"record 2 (byte {size}), title_id: 'n1' is in record 1 (byte 0) already"
    ]
    assert [line for line, _ in plan.rows] == [1]


def test_an_empty_file_and_a_kind_that_has_no_records() -> None:
    assert told(b"") == ["record 1 (byte 0), file: holds no record"]
    assert told(english(), Kind.PATRONS) == ["line 1, file: holds MARC records; patrons come as CSV or a spreadsheet"]


@given(st.data())
def test_no_damage_makes_the_reader_fail(data: st.DataObject) -> None:
    whole = bytearray(
        DREAM + english("n1", ("880", "10$6245-01/$1$a题")) + marc8(("245", b"10\x1faE\xe2a \x1b$1\x21\x30\x21"))
    )
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    for kind in (Kind.TITLES, Kind.ITEMS):
        plan = sources.parse(kind, "file.mrc", bytes(whole[:cut]))
        assert len(plan.rows) + len(plan.bad) >= (1 if kind is Kind.TITLES else 0)


# ------------------------------------------------------------------------------------------------------- ids and copies


def test_a_title_is_known_by_its_number_else_its_isbn_else_what_it_is() -> None:
    fields = [("003", "DLC"), ("008", fixed()), ("020", "  $a0306406152"), ("245", "10$aOne")]
    assert one(record([("001", " 00 12 "), *fields])).title_id == "00 12"
    assert one(record([("001", "0012"), *fields]), None, Marc(id_prefix="003")).title_id == "DLC:0012"
    assert one(record([("001", "0012"), *fields]), None, Marc(id_prefix="lc-")).title_id == "lc-0012"
    assert one(record(fields)).title_id == "9780306406157"
    bare = record([("245", "10$aOne")])
    assert one(bare).title_id == one(bare).title_id != one(record([("245", "10$aTwo")])).title_id
    assert len(one(record([("001", "x" * 90), ("245", "10$aOne")])).title_id) <= 64


def items(content: bytes, mapping: Marc | None = None) -> list[ItemRow]:
    plan = sources.parse(Kind.ITEMS, "file.mrc", content, Manner(), mapping or Marc())
    assert plan.bad == []
    return [row for _, row in plan.of(ItemRow)]


def test_copies_are_read_from_the_field_a_library_uses() -> None:
    assert [(row.item, row.title_id, row.shelf_mark) for row in items(DREAM)] == [
        ("0012345", "CAL012001", "I242.4 1"),
        ("0012346", "CAL012001", "I242.4 1"),
    ]
    here = english("n1", ("852", "0 $aDLC$hPS2384$i.M6$p30001"), ("852", "0 $p30002"), ("949", "  $i9$aX"))
    assert [(row.item, row.shelf_mark) for row in items(here)] == [("30001", "PS2384 .M6"), ("30002", "")]
    there = english("n1", ("949", "  $aPS 23$i30003"))
    assert [(row.item, row.shelf_mark) for row in items(there)] == [("30003", "PS 23")]
    assert [row.item for row in items(here, Marc(marc_items=("949 i",)))] == ["9"]
    assert items(english()) == []


def test_titles_and_their_copies_are_imported_from_one_file(database: Database, tmp_path: Path) -> None:
    hub = Hub(settings_in(tmp_path, database.url), database)
    path = tmp_path / "all.mrc"
    path.write_bytes(DREAM)
    for kind in (Kind.TITLES, Kind.ITEMS):
        with database.read() as session:
            plan = sources.read(kind, path, session, hub.settings)
        sources.apply(plan, database, hub.settings, hub.now, lambda done, of: None)
    assert [(row.item, row.title_id, row.condition) for row in hub.rows(Item)] == [
        ("0012345", "CAL012001", "good"),
        ("0012346", "CAL012001", "good"),
    ]
