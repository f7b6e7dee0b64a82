"""What EPCs say: the manuals' own, each form, and everything that is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.frames import epcdata
from edge.frames.tagdata import Blank, Content, Damaged, ItemContent
from protocol.names import Isil, ItemId
from tests.wire.golden import frame

SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789"


def urn40(text: str) -> bytes:
    """The plain way to write it, as the standard says: three signs in two bytes, filled up with zeros."""
    filled = text + "\0" * (-len(text) % 3)
    codes = [("\0" + SIGNS).index(sign) for sign in filled]
    return b"".join(
        (1600 * a + 40 * b + c + 1).to_bytes(2) for a, b, c in zip(codes[::3], codes[1::3], codes[2::3], strict=True)
    )


def test_a_national_tag_of_the_manual() -> None:
    raw = frame("epc-gbt35660-001").raw
    assert epcdata.national(raw[2:]) == ItemContent(ItemId("12345678.31"), Isil("CH-000134-1"))


def test_a_long_number_of_the_manual() -> None:
    assert epcdata.urn40(frame("epc-gbt35660-002").raw) == "12312345678"


@given(st.text(SIGNS, min_size=1, max_size=30))
def test_plain_texts_are_read_as_they_were_written(text: str) -> None:
    assert epcdata.urn40(urn40(text)) == text


def test_signs_of_other_alphabets() -> None:
    assert epcdata.urn40(b"\xfcx" + b"\xfd" + "é".encode() + b"\xfe" + "书".encode()) == "xé书"


def test_user_memory_tells_set_and_owner_where_the_epc_doesnt() -> None:
    user = frame("epc-gbt35660-user-001").raw
    assert epcdata.national(urn40("30001234"), user) == ItemContent(
        ItemId("30001234"), Isil("US-InU-Mu"), parts=12, part=3
    )
    assert epcdata.national(urn40("CN-110105001.30001234"), user) == ItemContent(
        ItemId("30001234"), Isil("CN-110105001"), parts=12, part=3
    )


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("epc-cn-university-002", "ABC01"),
        ("epc-cn-university-003", "ABC0123*"),
        ("epc-cn-university-005", "ABC0123456789?"),
        ("epc-cn-university-006", "ZZZ80007000000"),
        ("epc-cn-university-008", "29899999196916"),
        ("epc-cn-university-009", "AAA9000000000)"),
    ],
)
def test_university_ids_of_the_manual(name: str, item: str) -> None:
    epc = (bytes(4) + frame(name).raw).ljust(12, b"\0")
    assert epcdata.university(b"\x01" + epc[1:]) == ItemContent(ItemId(item), None)


@pytest.mark.parametrize(
    ("name", "skip", "item"),
    [
        ("epc-cn-university-001", 0, "01557071"),
        ("epc-cn-university-010", 2, "32103179"),
        ("epc-cn-university-011", 2, "32103179"),
    ],
)
def test_university_tags_of_the_manual_whether_lent_or_not(name: str, skip: int, item: str) -> None:
    assert epcdata.university(frame(name).raw[skip:]) == ItemContent(ItemId(item), None)


def test_empty_ones_are_blank() -> None:
    assert epcdata.national(bytes(12)) == epcdata.university(bytes(12)) == Blank()


@pytest.mark.parametrize(
    "epc",
    [
        b"\xfb\x21\x02",
        b"\xfb",
        b"\xfb\x00\xff\xff\xff\xff",
        b"\xff\x01",
        b"\xfd\xc3",
        b"\xfd\xff\xff",
        b"\x14",
        urn40("AB") + b"\x01",
    ],
)
def test_what_is_no_national_id_is_damaged(epc: bytes) -> None:
    assert isinstance(epcdata.national(epc), Damaged)


@pytest.mark.parametrize(
    "epc",
    [b"\x01\x00", b"\x01\xc0" + bytes(8) + b"\x01\x01", b"\x01\x04\x00\x00\x0f" + bytes(7), b"\x01\x44\0\0\x0d1234567"],
)
def test_what_is_no_university_id_is_damaged(epc: bytes) -> None:
    assert isinstance(epcdata.university(epc), Damaged)


@given(st.binary(max_size=62), st.binary(max_size=64))
def test_any_bytes_are_borne(epc: bytes, user: bytes) -> None:
    for read in (epcdata.national, epcdata.university):
        assert isinstance(read(epc, user), Content)
