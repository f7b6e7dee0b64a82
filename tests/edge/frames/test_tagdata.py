"""What tags say, and that none is ever believed without a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.frames import tagdata
from edge.frames.checksums import ISO28560
from edge.frames.tagdata import Blank, Content, Damaged, ItemContent, PatronCard, Usage, decode, encode
from protocol.names import Isil, ItemId

OWNER = Isil("CN-110105001")
ITEM = ItemContent(ItemId("30000000012345"), OWNER)

items = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=16).map(ItemId)
owners = st.none() | st.from_regex(r"[A-Z]{2}-[A-Za-z0-9/:-]{1,9}", fullmatch=True).map(Isil)
usages = st.sampled_from([Usage.CIRCULATING, Usage.NOT_FOR_LOAN, Usage.DISCARDED, Usage.EQUIPMENT, Usage.ACQUISITION])


def sealed(block: bytes) -> bytes:
    """The block with its CRC put right."""
    whole = block.ljust(34, b"\0")
    crc = ISO28560(whole[:19] + whole[21:34])
    return block[:19] + crc.to_bytes(2, "little") + block[21:]


def turned(memory: bytes, size: int) -> bytes:
    return b"".join(memory[at : at + size][::-1] for at in range(0, len(memory), size))


@given(items, owners, usages, st.sampled_from([32, 34]), st.integers(1, 255), st.data())
def test_what_is_written_is_read(
    item: ItemId, owner: Isil | None, usage: Usage, size: int, parts: int, data: st.DataObject
) -> None:
    content = ItemContent(item, owner, usage, parts, data.draw(st.integers(1, parts)))
    assert decode(0x3E, encode(content, size), 4) == content


def test_an_owner_of_eleven_characters_needs_the_whole_block() -> None:
    content = ItemContent(ItemId("1"), Isil("CN-12345678901"))
    assert decode(0x3E, encode(content), 4) == content
    with pytest.raises(ValueError, match="doesn't fit 9 bytes"):
        encode(content, 32)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (ItemContent(ItemId("1" * 17), None), "doesn't fit 16"),
        (ItemContent(ItemId("1"), Isil("ZDB-12")), "two letters"),
        (ItemContent(ItemId("1"), None, parts=1, part=2), "part 2 of 1"),
    ],
)
def test_what_doesnt_fit_is_not_written(content: ItemContent, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        encode(content)


@pytest.mark.parametrize("size", [4, 8, 1])
def test_blocks_reversed_once_too_often_are_turned_back(size: int) -> None:
    memory = encode(ItemContent(ItemId("30000000012345"), Isil("CN-12345678901"))).ljust(40, b"\0")
    content = decode(0x3E, turned(memory, size), size)
    assert content == ItemContent(ItemId("30000000012345"), Isil("CN-12345678901"))


def test_what_lies_behind_a_block_of_32_bytes_does_no_harm() -> None:
    assert decode(0x3E, encode(ITEM, 32) + b"\xab\xcd\xef\x01", 4) == ITEM


def test_an_unset_dsfid_is_borne_because_the_checksum_vouches() -> None:
    assert decode(0x00, encode(ITEM), 4) == ITEM
    assert decode(0x06, encode(ITEM), 4) == ITEM


@pytest.mark.parametrize("fill", [0x00, 0xFF, 0x20])
def test_a_tag_nobody_wrote_is_blank(fill: int) -> None:
    assert decode(0x00, bytes((fill,)) * 36, 4) == Blank()


@pytest.mark.parametrize(
    ("byte", "usage"), [(0x11, Usage.CIRCULATING), (0x21, Usage.NOT_FOR_LOAN), (0x12, Usage.NOT_FOR_LOAN)]
)
def test_the_usage_is_found_in_either_nibble(byte: int, usage: Usage) -> None:
    content = decode(0x3E, sealed(bytes((byte,)) + encode(ITEM)[1:]), 4)
    assert isinstance(content, ItemContent)
    assert content.usage is usage


def test_a_version_nobody_knows_is_not_believed() -> None:
    assert isinstance(decode(0x3E, sealed(b"\x23" + encode(ITEM)[1:]), 4), Damaged)


def test_part_and_parts_are_told_apart_whichever_comes_first() -> None:
    for pair in (b"\x03\x01", b"\x01\x03"):
        content = decode(0x3E, sealed(b"\x11" + pair + encode(ITEM)[3:]), 4)
        assert isinstance(content, ItemContent)
        assert (content.parts, content.part) == (3, 1)


def test_an_owner_that_is_no_isil_is_no_owner() -> None:
    block = bytearray(encode(ITEM))
    block[21:34] = b"??" + bytes(11)
    content = decode(0x3E, sealed(bytes(block)), 4)
    assert content == ItemContent(ITEM.item, None)


@pytest.mark.parametrize("number", [b"", b"12 34", b"12\x0734", "书".encode()])
def test_an_item_number_with_odd_characters_is_not_believed(number: bytes) -> None:
    block = bytearray(encode(ITEM))
    block[3:19] = number.ljust(16, b"\0")
    assert isinstance(decode(0x3E, sealed(bytes(block)), 4), Damaged)


def test_blanks_round_an_item_number_are_filling() -> None:
    block = bytearray(encode(ITEM))
    block[3:19] = b"1234".ljust(16, b" ")
    assert decode(0x3E, sealed(bytes(block)), 4) == ItemContent(ItemId("1234"), OWNER)


def test_a_bare_barcode_is_not_believed() -> None:
    assert isinstance(decode(0x00, b"30000000012345".ljust(36, b"\0"), 4), Damaged)


def test_a_tag_of_which_little_could_be_read_says_so() -> None:
    assert decode(0x3E, encode(ITEM)[:20], 4) == Damaged("only 20 bytes could be read")
    assert isinstance(decode(0x3E, b"", 4), Damaged)


@given(st.integers(0, 31 * 8 - 1).filter(lambda bit: bit // 8 < 32))
def test_no_flipped_bit_is_believed(bit: int) -> None:
    block = bytearray(encode(ITEM))
    block[bit // 8] ^= 1 << bit % 8
    assert isinstance(decode(0x3E, bytes(block), 4), Damaged)


@given(st.integers(0, 255), st.binary(max_size=80), st.integers(0, 16))
def test_no_memory_makes_the_decoder_raise(dsfid: int, memory: bytes, size: int) -> None:
    assert isinstance(decode(dsfid, memory, size), Content)


# --- ISO 28560-2 ---

STREAM = bytes.fromhex("0201D0 140204B3 4607441CB6E2E335D6 5308AB4D6C9DD556CDEB 00")


def test_the_published_stream_is_read_element_by_element() -> None:
    found = {number: tagdata.element_text(coding, raw) for number, coding, raw in tagdata.elements(STREAM) if coding}
    assert found == {4: "1203", 6: "QA268.L55", 3: "US-InU-Mu"}


def test_an_item_with_owner_and_set() -> None:
    memory = b"\x21\x07" + bytes.fromhex("30000000012345") + STREAM
    content = decode(0x06, memory, 4)
    assert content == ItemContent(ItemId("30000000012345"), Isil("US-InU-Mu"), parts=12, part=3)


def test_a_stream_cut_off_behind_item_and_owner_says_enough() -> None:
    memory = b"\x61\x04" + b"B123" + b"\x63\x06" + b"CN-123" + b"\x66\x20long"
    assert decode(0x06, memory, 4) == ItemContent(ItemId("B123"), Isil("CN-123"))


def test_a_patron_card_of_this_kind_is_no_item() -> None:
    memory = b"\x61\x04" + b"P123" + b"\x05\x01\x80" + b"\x00"
    assert decode(0x06, memory, 4) == PatronCard("P123", None)


@pytest.mark.parametrize(
    ("coding", "raw", "text"),
    [
        (1, "01E240", "123456"),
        (2, "0123456F", "0123456"),
        (3, "0886", "ABC"),
        (6, "4142", "AB"),
        (7, "E4B9A6", "书"),
        (0, "42", "B"),
    ],
)
def test_each_coding_gives_its_text(coding: int, raw: str, text: str) -> None:
    assert tagdata.element_text(coding, bytes.fromhex(raw)) == text


@pytest.mark.parametrize(
    "memory",
    [
        b"\x03\x02AB\x00",
        b"\x21\x01\xab\x00",
        b"\x71\x01\xff\x00",
        b"\x61\x01A\x61\x01B\x00",
    ],
    ids=["no item", "a digit above 9", "no UTF-8", "two item numbers"],
)
def test_a_stream_without_a_sound_item_number_is_damaged(memory: bytes) -> None:
    assert isinstance(decode(0x06, memory, 4), Damaged)


def test_padding_and_far_elements_are_stepped_over() -> None:
    memory = b"\xe1\x02\x04B123\x00\x00" + b"\x6f\x02\x01X" + b"\x63\x04CN-1\x00"
    assert decode(0x06, memory, 4) == ItemContent(ItemId("B123"), Isil("CN-1"))


shorts = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=15).map(ItemId)


@given(
    shorts | st.from_regex(r"[0-9]{1,19}", fullmatch=True).map(ItemId), owners, usages, st.integers(1, 255), st.data()
)
def test_a_stream_that_is_written_is_read(
    item: ItemId, owner: Isil | None, usage: Usage, parts: int, data: st.DataObject
) -> None:
    content = ItemContent(item, owner, usage, parts, data.draw(st.integers(1, parts)))
    try:
        stream = tagdata.encode_stream(content)
    except ValueError:
        assert usage is not Usage.CIRCULATING or parts > 1 or len(item) + len(owner or "") > 25
        return
    assert decode(0x06, stream.ljust(34, b"\0"), 4) == content


@pytest.mark.parametrize(
    ("text", "element"),
    [
        ("30000000012345", "11061B48EB581039"),
        ("5", "110105"),
        ("0123456", "21040123456F"),
        ("QA268.L55", "4107441CB6E2E335D6"),
        ("US-InU-Mu", "5108AB4D6C9DD556CDEB"),
    ],
)
def test_text_is_packed_as_the_published_stream_packs_it(text: str, element: str) -> None:
    assert stream_of(text) == bytes.fromhex(element)


def stream_of(item: str) -> bytes:
    return tagdata.encode_stream(ItemContent(ItemId(item), None))


def test_a_stream_longer_than_sites_read_is_not_written() -> None:
    with pytest.raises(ValueError, match="only 34 are read"):
        stream_of("x" * 40)
