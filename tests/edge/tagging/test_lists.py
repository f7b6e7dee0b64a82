"""Lists and reports as people and spreadsheets hand them in."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.errors import ListWrong, StorageFailed
from edge.tagging import lists, report
from edge.tagging.batch import Form, Wanted
from protocol.names import Isil, ItemId, TagUid

OWNER = Isil("CN-1")
AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
TAG = TagUid("E004010012345678")


def read(tmp_path: Path, text: str | bytes, owner: Isil | None = OWNER, form: Form = Form.BLOCK) -> lists.List:
    path = tmp_path / "items.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return lists.read(path, owner, form)


def test_the_hubs_export_is_a_list(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "\ufeffitem,title_id,tag,home,owner,lending,condition,barcode,shelf_mark\r\n"
        "i1,t1,,,CN-2,normal,good,B1,I247\r\n"
        "i2,t1,e004010012345678,,CN-2,normal,good,,\r\n"
        "i3,t1,,,CN-2,withdrawn,good,,\r\n"
        "'-4,t1,,,CN-2,normal,good,,书\r\n",
    )
    assert found.wanted == [Wanted(ItemId(n), Isil("CN-2"), p) for n, p in (("i1", "B1"), ("i2", ""), ("-4", ""))]
    assert found.tagged == {TAG: "i2"}
    assert found.withdrawn == 1


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_column_item_is_enough_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    found = read(tmp_path, "题名,item\n红楼梦,i1\n\n,i 2\n".encode(encoding))
    assert [one.item for one in found.wanted] == ["i1", "i2"]
    assert {one.owner for one in found.wanted} == {OWNER}


def test_every_bad_row_is_told_by_line_and_reason(tmp_path: Path) -> None:
    text = (
        'item,owner,tag\n"i1",,\n,,\n,CN-1,\n书,,\ni1,,\ni2,??,\ni3,,XYZ\ni4,,E0040100AB\ni5,,E0040100AB\n'
        "i6,\n12345678901234567,,\ni8,ZDB-1,\n"
    )
    with pytest.raises(ListWrong) as wrong:
        read(tmp_path, text)
    assert [bad.split(":")[0] for bad in wrong.value.bad] == [f"line {n}" for n in (4, 5, 6, 7, 8, 10, 11, 12, 13)]
    told = str(wrong.value)
    for part in ("item is empty", "in line 2 already", "tag 'XYZ'", "tag E0040100AB is in line 9 already", "2 cells"):
        assert part in told
    assert "items.csv: line 4" in told


def test_an_item_without_owner_is_a_bad_row(tmp_path: Path) -> None:
    with pytest.raises(ListWrong, match="--owner"):
        read(tmp_path, "item\ni1\n", owner=None)


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "is empty"), ("barcode\n1\n", "one column item"), ("item,item\n1,2\n", "one column"), ('item\n"1\n', "CSV")],
)
def test_what_is_no_list_is_said_to_be_so(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ListWrong, match=said):
        read(tmp_path, text)
    with pytest.raises(ListWrong, match="can't be read"):
        lists.read(tmp_path / "none.csv", OWNER, Form.BLOCK)


def test_a_report_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with report.opened(path) as kept:
        kept.add(ItemId("i1"), TAG, AT)
        kept.add(ItemId("-2a"), TagUid("E0040100AB"), AT)
    assert path.read_bytes() == (
        b"item,tag,written_at\r\ni1,E004010012345678,2026-11-23T08:00:00Z\r\n'-2a,E0040100AB,2026-11-23T08:00:00Z\r\n"
    )
    with report.opened(path) as kept:
        assert kept.written == {"i1": TAG, "-2a": "E0040100AB"}


@pytest.mark.parametrize("torn", range(1, 60))
def test_a_row_that_a_power_cut_tore_is_cut_off(tmp_path: Path, torn: int) -> None:
    path = tmp_path / "out.csv"
    with report.opened(path) as kept:
        kept.add(ItemId("i1"), TAG, AT)
    whole = path.read_bytes()
    path.write_bytes(whole[:-torn])
    with report.opened(path) as kept:
        assert kept.written == {}
        kept.add(ItemId("i1"), TAG, AT)
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "text", ["item,title_id\ni1,t1\n", "item\ni1", "a letter", "item,tag,written_at\r\n书,1,x\r\n"]
)
def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "out.csv"
    path.write_text(text, newline="")
    with pytest.raises(ListWrong), report.opened(path):
        pass
    assert path.read_bytes() == text.encode()


def test_two_programs_dont_write_one_report(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with report.opened(path), pytest.raises(StorageFailed, match="another program"), report.opened(path):
        pass
    with pytest.raises(StorageFailed, match="can't be opened"), report.opened(tmp_path / "no" / "out.csv"):
        pass
