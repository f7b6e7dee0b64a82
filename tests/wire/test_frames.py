"""The manuals' bytes referee: what our frames make of them, and what they make of our frames."""

import pytest

from edge.frames import checksums, hf, tagdata
from edge.frames.hf import Answer, Request
from protocol.names import Isil, ItemId, TagUid
from tests.wire.golden import Golden, frame, frames

TO_READER = frames("feig-obid", "host->device") + frames("feig-obid-advanced", "host->device")
FROM_READER = frames("feig-obid", "device->host") + frames("feig-obid-advanced", "device->host")
TAG = TagUid("E004010012345678")


def test_there_are_golden_bytes_of_every_family() -> None:
    assert len(TO_READER) >= 16
    assert len(FROM_READER) >= 20
    assert len(frames("iso28560-3")) == 10
    assert len(frames("iso14443a-air")) == 19


@pytest.mark.parametrize("golden", TO_READER, ids=str)
def test_a_request_is_read_and_written_byte_for_byte(golden: Golden) -> None:
    assert bytes(Request.from_bytes(golden.raw)) == golden.raw


@pytest.mark.parametrize("golden", FROM_READER, ids=str)
def test_an_answer_is_read_and_written_byte_for_byte(golden: Golden) -> None:
    assert bytes(Answer.from_bytes(golden.raw)) == golden.raw
    assert hf.Decoder().feed(golden.raw) == (Answer.from_bytes(golden.raw),)


@pytest.mark.parametrize(
    ("request_made", "name"),
    [
        (hf.software_version(), "feig-obid-007"),
        (hf.reader_info(), "feig-obid-009"),
        (hf.rf_reset(), "feig-obid-011"),
        (hf.inventory(), "feig-obid-013"),
        (hf.inventory(more=True), "feig-obid-018"),
        (hf.system_info(TAG), "feig-obid-022"),
        (hf.read_blocks(TAG, 0, 8), "feig-obid-024"),
        (hf.write_blocks(TAG, 0, 4, bytes.fromhex("11010131")), "feig-obid-027"),
        (hf.write_afi(TAG, 0xC2), "feig-obid-031"),
        (hf.write_afi(TAG, 0x07), "feig-obid-032"),
        (
            hf.write_blocks(TagUid("E00700000147677E"), 0, 4, bytes.fromhex("010203041112131421222324")),
            "feig-obid-001",
        ),
        (
            hf.write_blocks(
                TagUid("6005000002112504"), 3, 8, bytes.fromhex("010203040506070811121314151617182122232425262728")
            ),
            "feig-obid-003",
        ),
        (Request(hf.Command.TAG, b"\x01\x00", advanced=True), "feig-obid-advanced-001"),
        (Request(hf.Command.CPU_RESET, advanced=True), "feig-obid-advanced-004"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_we_ask_is_what_the_manual_prints(request_made: Request, name: str) -> None:
    assert bytes(request_made).hex(" ") == frame(name).raw.hex(" ")


def answer(name: str) -> Answer:
    return Answer.from_bytes(frame(name).raw)


def test_the_readers_version_is_read() -> None:
    version = hf.parse_version(answer("feig-obid-008"))
    assert str(version) == "FEIG MR101-A/PR101-A, software 2.10"
    assert version.reads_iso15693
    assert hf.parse_version(answer("feig-obid-010")).transmit_buffer == 256


@pytest.mark.parametrize("name", ["feig-obid-015", "feig-obid-advanced-002"])
def test_an_inventory_of_one_tag(name: str) -> None:
    assert hf.parse_inventory(answer(name)) == hf.Inventory((hf.TagSeen(TAG, 0x3E),))


def test_an_inventory_of_two_tags_and_of_one_with_more_to_come() -> None:
    two = hf.parse_inventory(answer("feig-obid-016"))
    assert [tag.uid for tag in two.tags] == [TAG, "E0040100ABCDEF01"]
    assert hf.parse_inventory(answer("feig-obid-017")) == hf.Inventory((hf.TagSeen(TAG, 0x3E),), more=True)


@pytest.mark.parametrize(
    ("name", "status"), [("feig-obid-014", 0x01), ("feig-obid-021", 0x83), ("feig-obid-advanced-003", 0x01)]
)
def test_an_inventory_without_tags_says_why(name: str, status: int) -> None:
    assert answer(name).status == status
    assert hf.parse_inventory(answer(name)) == hf.Inventory()


def test_a_card_among_the_tags_is_told_apart_and_its_uid_turned_round() -> None:
    assert hf.parse_inventory(answer("feig-obid-020")) == hf.Inventory(cards=("DEADBEEF",))


def test_blocks_come_in_the_order_of_the_tags_memory() -> None:
    small = hf.parse_blocks(answer("feig-obid-002"), 3)
    assert (small.size, small.data.hex()) == (4, "010203041112131421222324")
    large = hf.parse_blocks(answer("feig-obid-004"), 3)
    assert (large.size, large.data.hex()) == (8, "010203040506070811121314151617182122232425262728")


def test_the_item_read_by_the_reader_is_the_item_on_the_tag() -> None:
    blocks = hf.parse_blocks(answer("feig-obid-025"), 8)
    assert blocks.data == frame("iso28560-3-001").raw
    content = tagdata.decode(0x3E, blocks.data, blocks.size)
    assert content == tagdata.ItemContent(ItemId("11223344"), Isil("DE-705"))


def test_system_information_is_read() -> None:
    assert hf.parse_system_info(answer("feig-obid-023")) == hf.SystemInfo(TAG, 0x3E, 0x07, 4, 28, 1)


@pytest.mark.parametrize(
    ("name", "status", "data"),
    [
        ("feig-obid-026", hf.Status.ISO15693, bytes((hf.IsoError.NO_BLOCK,))),
        ("feig-obid-029", hf.Status.WRITE_ERROR, b"\x00"),
        ("feig-obid-030", hf.Status.ISO15693, bytes((hf.IsoError.LOCKED, 0))),
        ("feig-obid-033", hf.Status.ISO15693, bytes((hf.IsoError.LOCKED,))),
        ("feig-obid-034", hf.Status.UNKNOWN_COMMAND, b""),
        ("feig-obid-035", hf.Status.LENGTH_ERROR, b""),
        ("feig-obid-036", hf.Status.NOT_AVAILABLE, b""),
        ("feig-obid-028", hf.Status.OK, b""),
    ],
)
def test_a_refusal_keeps_its_reason(name: str, status: int, data: bytes) -> None:
    assert (answer(name).status, answer(name).data) == (status, data)


OWNER = Isil("CN-110105001")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("iso28560-3-001", tagdata.ItemContent(ItemId("11223344"), Isil("DE-705"))),
        ("iso28560-3-002", tagdata.PatronCard("2935000003649", Isil("RU-293"))),
        ("iso28560-3-003", tagdata.ItemContent(ItemId("30000000012345"), OWNER)),
        ("iso28560-3-004", tagdata.ItemContent(ItemId("30000000012346"), OWNER, parts=2, part=1)),
        ("iso28560-3-005", tagdata.ItemContent(ItemId("30000000012346"), OWNER, parts=2, part=2)),
        ("iso28560-3-006", tagdata.PatronCard("P0000100023", OWNER)),
        ("iso28560-3-007", tagdata.PatronCard("P0000100023", OWNER)),
        ("iso28560-3-008", tagdata.Damaged("the checksum is wrong")),
        ("iso28560-3-009", tagdata.Blank()),
        ("iso28560-3-010", tagdata.Blank()),
    ],
)
def test_a_tag_says_what_its_block_says(name: str, content: tagdata.Content) -> None:
    assert tagdata.decode(0x3E, frame(name).raw, 4) == content


@pytest.mark.parametrize("name", ["iso28560-3-001", "iso28560-3-003", "iso28560-3-005", "iso28560-3-006"])
def test_what_we_write_is_what_others_wrote(name: str) -> None:
    content = tagdata.decode(0x3E, frame(name).raw, 4)
    assert isinstance(content, tagdata.ItemContent | tagdata.PatronCard)
    assert tagdata.encode(content, 32) == frame(name).raw


WITH_CRC = [golden for golden in frames("iso14443a-air") if "CRC_A" in golden.meaning or golden.raw[:1] == b"\x50"]


@pytest.mark.parametrize("golden", WITH_CRC, ids=str)
def test_frames_on_air_end_with_crc_a(golden: Golden) -> None:
    assert checksums.CRC_A(golden.raw[:-2]) == int.from_bytes(golden.raw[-2:], "little")
