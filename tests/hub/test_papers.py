"""What is printed can be read by people and by scanners; read here from the PDF's bytes by other means than ours."""

import os
import re
import zlib
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.papers import fonts
from hub.papers.bars import LONGEST, bars
from hub.papers.fonts import FontMissing, find
from hub.papers.labels import Format, tote_code, tote_labels
from hub.papers.picking import Run
from hub.papers.picking import pick_list as printed
from hub.papers.sheet import Sheet
from hub.papers.words import WORDS, Language, Name
from hub.restock.picklist import Pick, Tote, pick_list

needs_font = pytest.mark.skipif(
    not any(Path(path).is_file() for path in fonts.KNOWN) and os.environ.get("CI") != "true",
    reason="no Chinese font here",
)

RUN = Run("R2027-105", date(2027, 1, 5), ("park", "metro"))
NAMES = {"park": Name("朝阳公园微型图书馆", "Chaoyang Park"), "metro": Name("", "Metro")}


def picks(count: int, **changed: object) -> list[Pick]:
    each = [Pick(f"{at}", f"B{at:06}", f"第{at}卷", "曹雪芹", f"I242.4/{at}", None, "park") for at in range(count)]
    return [replace(pick, **changed) for pick in each]  # type: ignore[arg-type]


def listed(found: list[Pick], language: Language = "zh-CN", most: int = 20) -> list["Page"]:
    return read(printed(RUN, pick_list(found, most, RUN.route), NAMES, language))


# --- a PDF, read ---


@dataclass
class Page:
    width: float
    height: float
    texts: list[tuple[float, float, float, str]]
    """Left, height above the foot and size, in points."""
    boxes: list[tuple[float, float, float, float]]
    """Left, foot, width, height of what is filled."""

    @property
    def said(self) -> str:
        return "\n".join(text for _, _, _, text in self.texts)

    def codes(self, columns: int = 1) -> list[str]:
        """Every barcode, from the top: what a line of light across each of so many columns sees."""
        found: dict[tuple[float, int], list[tuple[float, float]]] = {}
        for left, foot, width, height in self.boxes:
            if height > 4 * width:
                found.setdefault((-round(foot), int(left * columns / self.width)), []).append((left, width))
        return [scanned(sorted(found[place])) for place in sorted(found)]


DRAWN = r"/F\d+ ([\d.]+) Tf|BT ([\d.-]+) ([\d.-]+) Td \(((?:[^\\()]|\\.)*)\) Tj"


def read(content: bytes) -> list[Page]:
    objects = {int(found[1]): found[2] for found in re.finditer(rb"(\d+) 0 obj\n(.*?)\nendobj", content, re.DOTALL)}

    def stream(number: int) -> bytes:
        head, _, body = objects[number].partition(b"stream\n")
        body = body.rpartition(b"\nendstream")[0]
        return zlib.decompress(body) if b"FlateDecode" in head else body

    signs: dict[str, str] = {}
    for reference in re.findall(rb"/ToUnicode (\d+) 0 R", content):
        for code, sign in re.findall(r"<([0-9A-F]{4})> <([0-9A-F]+)>", stream(int(reference)).decode("ascii")):
            signs[code] = bytes.fromhex(sign).decode("utf-16-be")
    pages = []
    (default,) = re.findall(rb"/Kids .*?/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content, re.DOTALL)
    for number in sorted(objects):
        if b"/Type /Page\n" not in objects[number]:
            continue
        (own,) = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", objects[number]) or [default]
        (body,) = re.findall(rb"/Contents (\d+) 0 R", objects[number])
        drawn = stream(int(body)).decode("latin-1")
        boxes = re.findall(r"([\d.-]+) ([\d.-]+) ([\d.-]+) ([\d.-]+) re f", drawn)
        texts, size = [], 0.0
        for found in re.finditer(DRAWN, drawn, re.DOTALL):
            if found[1]:
                size = float(found[1])
            else:
                texts.append((float(found[2]), float(found[3]), size, unescaped(found[4], signs)))
        filled = [(float(x), min(float(y), float(y) + float(h)), float(w), abs(float(h))) for x, y, w, h in boxes]
        pages.append(Page(float(own[0]), float(own[1]), texts, filled))
    return pages


def unescaped(string: str, signs: dict[str, str]) -> str:
    plain = re.sub(r"\\(.)", lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), string, flags=re.DOTALL)
    codes = plain.encode("latin-1").hex().upper()
    return "".join(signs[codes[at : at + 4]] for at in range(0, len(codes), 4))


# --- a scanner: Code 128 from ISO/IEC 15417, as widths of bars and spaces ---

TABLE = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222"
    "123122123221223211221132221231213212223112312131311222321122321221312212322112322211212123212321"
    "232121111323131123131321112313132113132311211313231113231311112133112331132131113123113321133121"
    "313121211331231131213113213311213131311123311321331121312113312311332111314111221411431111111224"
    "111422121124121421141122141221112214112412122114122411142112142211241211221114413111241112134111"
    "111242121142121241114212124112124211411212421112421211212141214121412121111143111341131141114113"
    "114311411113411311113141114131311141411131211412211214211232"
)
PATTERNS = [TABLE[at : at + 6] for at in range(0, len(TABLE), 6)]
STOP = "2331112"


def decoded(widths: str) -> str:
    """What bars and spaces of these widths say; fails for what a scanner would refuse."""
    assert widths.endswith(STOP)
    body = widths[: -len(STOP)]
    values = [PATTERNS.index(body[at : at + 6]) for at in range(0, len(body), 6)]
    *data, check = values
    assert sum(value * max(at, 1) for at, value in enumerate(data)) % 103 == check
    kind = {103: "A", 104: "B", 105: "C"}[data[0]]
    said = ""
    for value in data[1:]:
        if value in (99, 100, 101) and not (kind == "C" and value == 99):
            switched = {99: "C", 100: "B", 101: "A"}[value]
            assert switched != kind
            kind = switched
        elif kind == "C":
            said += f"{value:02}"
        else:
            assert value < 96
            said += chr(value + 32) if kind == "B" or value < 64 else chr(value - 64)
    return said


def scanned(stripes: list[tuple[float, float]]) -> str:
    """(left, width) of black stripes, from the left; touching ones are one."""
    edges: list[float] = []
    for left, width in stripes:
        if edges and abs(edges[-1] - left) < 0.02:
            edges[-1] = left + width
        else:
            edges += [left, left + width]
    module = (edges[-1] - edges[-2]) / 2
    widths = [(after - before) / module for before, after in pairwise(edges)]
    assert all(abs(width - round(width)) < 0.2 for width in widths)
    return decoded("".join(str(round(width)) for width in widths))


@settings(max_examples=200)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=LONGEST))
def test_a_scanner_reads_what_was_meant(text: str) -> None:
    stripes = bars(text)
    assert stripes is not None
    assert [black for black, _ in stripes] == [at % 2 == 0 for at in range(len(stripes))]
    assert decoded("".join(str(width) for _, width in stripes)) == text


@example("9900000000017")
@example("9999")
@example("99")
@given(st.from_regex(r"[A-Z]{0,2}[0-9]{1,20}[A-Z]?[0-9]{0,7}", fullmatch=True))
def test_a_scanner_reads_barcodes_of_mostly_digits(text: str) -> None:
    assert decoded("".join(str(width) for _, width in bars(text) or ())) == text


@pytest.mark.parametrize("text", ["", "条码", "a\tb", "x" * (LONGEST + 1), "²"])
def test_what_no_bars_can_say_has_none(text: str) -> None:
    assert bars(text) is None


# --- the pick list ---


@needs_font
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_line_says_everything_about_its_item(language: Language) -> None:
    one = Pick("1", "CN-000123", "红楼梦 Dream", "曹雪芹", "I242.4/12", None, "park")
    (page,) = listed([one], language)
    for text in ("红楼梦 Dream", "曹雪芹", "I242.4/12", "CN-000123", NAMES["park"].within(language)):
        assert text in page.said
    expected = {
        "zh-CN": ("取书单", "2027年1月5日 周二", "取自：图书馆", "第 1/1 箱", "1 箱 1 册", "第 1 页，共 1 页"),
        "en": ("Pick list", "Tue 2027-01-05", "From: Library", "tote 1/1", "1 tote, 1 item", "Page 1 of 1"),
    }
    assert [text for text in expected[language] if text not in page.said] == []
    assert page.codes() == ["CN-000123"]


@needs_font
def test_every_item_of_a_long_list_is_there_once_on_numbered_pages() -> None:
    found = picks(40)
    found[5:9] = [replace(pick, source="metro", target=None) for pick in found[5:9]]
    pages = listed(found)
    assert len(pages) >= 3
    codes = [code for page in pages for code in page.codes()]
    assert sorted(codes) == sorted(pick.barcode for pick in found)
    for number, page in enumerate(pages, 1):
        assert f"第 {number} 页，共 {len(pages)} 页" in page.said
        assert "取自：图书馆（续）" in page.said or number in (1, len(pages))
        assert all(20 < x < page.width - 20 and 20 < y < page.height - 20 for x, y, _, _ in page.texts)
    assert "取自：Metro" in pages[-1].said


@needs_font
@settings(max_examples=3, deadline=None)
@given(st.lists(st.tuples(*[st.text(max_size=60)] * 4), min_size=5, max_size=5), st.text(max_size=30))
def test_whatever_a_record_says_stays_in_its_place(records: list[tuple[str, str, str, str]], name: str) -> None:
    found = [
        Pick(f"{at}", barcode, title * 3, author, mark, None, "park")
        for at, (barcode, title, author, mark) in enumerate(records)
    ]
    (page,) = read(printed(RUN, pick_list(found, 1), {"park": Name(name)}, "en"))
    assert all(20 < x < page.width - 20 for x, _, _, _ in page.texts)


@needs_font
def test_a_long_title_is_shortened_within_its_column() -> None:
    (page,) = listed(picks(1, title="从秦汉到明清的制度变迁及其启示录" * 9, barcode="1"))
    lines = [text for _, _, _, text in page.texts if "制度" in text]
    assert len(lines) == 2
    assert lines[1].endswith("…")


@needs_font
def test_the_route_says_what_each_stop_gets_and_never_runs_off_the_page() -> None:
    found = [replace(pick, target="metro" if at else None) for at, pick in enumerate(picks(3))]
    (page,) = listed(found, "en", 1)
    assert "Route: Chaoyang Park → Metro (2 totes, 2 items) → Library (1 tote, 1 item)" in page.said
    endless = replace(RUN, route=tuple(f"a site with a very long name {at}" for at in range(300)))
    pages = read(printed(endless, pick_list(found, 5), NAMES, "en"))
    assert sum(len(page.codes()) for page in pages) == 3
    assert all(y > 20 for page in pages for _, y, _, _ in page.texts)


@needs_font
def test_a_run_without_items_says_so() -> None:
    (page,) = listed([], "en")
    assert "nothing to pick" in page.said


@needs_font
def test_the_same_labels_are_the_same_bytes() -> None:
    totes = pick_list(picks(1), 5).totes
    assert tote_labels(RUN, totes, NAMES) == tote_labels(RUN, totes, NAMES)


# --- labels ---


@needs_font
@pytest.mark.parametrize(("form", "per_page"), [(Format.A6, 1), (Format.EIGHT, 8)])
def test_every_tote_has_its_label(form: Format, per_page: int) -> None:
    totes = pick_list(picks(19), 2, RUN.route).totes
    pages = read(tote_labels(RUN, totes, NAMES, form))
    assert len(pages) == -(-len(totes) // per_page)
    codes = [code for page in pages for code in page.codes(1 if form is Format.A6 else 2)]
    assert codes == [tote_code(RUN, position) for position in range(1, len(totes) + 1)]
    said = "\n".join(page.said for page in pages)
    for tote in totes:
        assert f"\n{tote.label}\n" in said
    assert said.count("朝阳公园微型图书馆") == said.count("Chaoyang Park") == len(totes)
    assert "2 册 – 2 items" in said
    assert "2027年1月5日 周二 – Tue 2027-01-05" in said


@needs_font
@pytest.mark.parametrize("form", list(Format))
def test_nothing_of_a_label_lies_on_another_thing(form: Format) -> None:
    names = {"long": Name("北京" * 40, "Beijing " * 20), "short": Name("馆", "L"), "other": Name("", "Only English")}
    pages = read(tote_labels(RUN, [Tote(site, 10, 12, 300) for site in names], names, form))
    texts = [text for page in pages for text in page.texts]
    starts = [at for at, (_, _, _, text) in enumerate(texts) if at == 0 or texts[at - 1][3].startswith("R2027-105/")]
    assert len(starts) == 3
    for start, end in pairwise([*starts, len(texts)]):
        # Signs reach from a little below their line to three quarters of their size above it.
        for (_, above, large, _), (_, below, size, _) in pairwise(texts[start:end]):
            assert above - 0.15 * large > below + 0.75 * size


def test_no_totes_have_no_labels() -> None:
    with pytest.raises(ValueError, match="without totes"):
        tote_labels(RUN, [], NAMES)


# --- fonts and words ---


def test_without_a_font_it_is_said_what_to_install() -> None:
    with pytest.raises(FontMissing, match="install the package fonts-noto-cjk"):
        find(None, ("/nowhere/at.all",))


def test_a_font_file_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "font.ttf").write_bytes(b"nothing of the kind")
    for name in ("font.ttf", "missing.ttc"):
        with pytest.raises(FontMissing, match="can't be read"):
            find(tmp_path / name)


@needs_font
def test_a_face_of_a_collection_has_the_shapes_of_the_mainland() -> None:
    face = find()
    assert face.number == (2 if "NotoSansCJK" in face.path else 0)
    assert find(Path(face.path)) == face


@needs_font
@settings(max_examples=25, deadline=None)
@example("aaaa。a", 10.0, 2)
@given(st.from_regex("([ab中文x-]{1,9}[，。]? ?){0,9}", fullmatch=True), st.floats(10, 60), st.integers(1, 4))
def test_lines_lose_nothing_and_fit(text: str, width: float, most: int) -> None:
    lines = SHEET[0].lines(text, width, 10, most)
    assert 1 <= len(lines) <= most
    assert all(SHEET[0].width(line, 10) <= width + 1e-6 for line in lines)
    assert not any(line.startswith(("，", "。")) for line in lines[1:])
    joined = "".join(lines).replace(" ", "")
    assert text.replace(" ", "").startswith(joined.removesuffix("…"))
    if not joined.endswith("…"):
        assert joined == text.replace(" ", "")


SHEET: list[Sheet] = []


@pytest.fixture(scope="module", autouse=True)
def _sheet() -> None:
    try:
        SHEET.append(Sheet("x", "en", RUN.day))
    except FontMissing:
        pass


def test_both_languages_say_the_same_things() -> None:
    assert WORDS["zh-CN"].keys() == WORDS["en"].keys()
    slots = {
        language: {key: set(re.findall(r"{(\w+)", text)) for key, text in WORDS[language].items()} for language in WORDS
    }
    assert {key: value for key, value in slots["zh-CN"].items() if key != "date"} == {
        key: value for key, value in slots["en"].items() if key != "date"
    }
