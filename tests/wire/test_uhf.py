"""The manuals' bytes referee over UHF readers: our frames here, the emulated readers against the same bytes below."""

from typing import Any

import pytest

from edge.frames import r200, uhf18
from firmware_sim import gen2
from firmware_sim.chips.r200 import R200Module
from firmware_sim.chips.uhf18 import READER18, READER288, Model, Uhf18Reader
from firmware_sim.faults import Faults
from firmware_sim.gen2 import Gen2Tag
from tests.wire.golden import Golden, frame, frames

EPC = bytes.fromhex("E28011606000020500001234")
OTHER = bytes.fromhex("E28011606000020500005678")
R200_EPC = bytes.fromhex("30751FEB705C5904E3D50D70")
PASSWORD = bytes.fromhex("0000FFFF")

TO_UHF18 = frames("uhfreader18", "host->device") + frames("uhfreader288", "host->device")
FROM_UHF18 = frames("uhfreader18", "device->host") + frames("uhfreader288", "device->host")
R200 = frames("uhf-r200")


def test_there_are_golden_bytes_of_every_family() -> None:
    assert len(TO_UHF18) == 9
    assert len(FROM_UHF18) == 17
    assert len(R200) == 22


# --- our frames ---


@pytest.mark.parametrize("golden", TO_UHF18, ids=str)
def test_a_request_is_read_and_written_byte_for_byte(golden: Golden) -> None:
    assert bytes(uhf18.Request.from_bytes(golden.raw)) == golden.raw


@pytest.mark.parametrize("golden", FROM_UHF18, ids=str)
def test_an_answer_is_read_and_written_byte_for_byte(golden: Golden) -> None:
    assert bytes(uhf18.Answer.from_bytes(golden.raw)) == golden.raw
    assert uhf18.Decoder().feed(golden.raw) == (uhf18.Answer.from_bytes(golden.raw),)


@pytest.mark.parametrize("golden", R200, ids=str)
def test_a_modules_frame_is_read_and_written_byte_for_byte(golden: Golden) -> None:
    assert bytes(r200.Frame.from_bytes(golden.raw)) == golden.raw
    assert r200.Decoder().feed(golden.raw) == (r200.Frame.from_bytes(golden.raw),)


@pytest.mark.parametrize(
    ("request_made", "name"),
    [
        (uhf18.inventory(), "uhfreader18-001"),
        (uhf18.reader_info(), "uhfreader18-003"),
        (uhf18.read(EPC, 2, 0, 6), "uhfreader18-015"),
        (uhf18.write(EPC, 3, 0, bytes.fromhex("060201D0")), "uhfreader18-019"),
        (uhf18.set_scan_time(10), "uhfreader18-022"),
        (uhf18.set_power(26), "uhfreader18-023"),
        (uhf18.inventory_288(1, 0, 0, 1, 10), "uhfreader288-001"),
        (r200.poll(), "uhf-r200-001"),
        (r200.multi_poll(), "uhf-r200-004"),
        (r200.stop(), "uhf-r200-005"),
        (r200.version(), "uhf-r200-008"),
        (r200.set_power(20), "uhf-r200-010"),
        (r200.select(R200_EPC), "uhf-r200-012"),
        (r200.read(3, 0, 2, PASSWORD), "uhf-r200-014"),
        (r200.write(3, 0, bytes.fromhex("12345678"), PASSWORD), "uhf-r200-019"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_we_ask_is_what_the_manual_prints(request_made: uhf18.Request | r200.Frame, name: str) -> None:
    assert bytes(request_made).hex(" ") == frame(name).raw.hex(" ")


def test_a_broadcast_is_the_same_but_for_its_address() -> None:
    asked = uhf18.Request(uhf18.Command.INVENTORY, address=uhf18.ANY_ADDRESS)
    assert bytes(asked) == frame("uhfreader18-002").raw


def answer(name: str) -> uhf18.Answer:
    return uhf18.Answer.from_bytes(frame(name).raw)


def said(name: str) -> r200.Frame:
    return r200.Frame.from_bytes(frame(name).raw)


def test_the_readers_information_is_read() -> None:
    info = uhf18.parse_info(answer("uhfreader18-009"))
    assert str(info) == "UHFReader18, software 3.8"
    assert info.reads_gen2
    assert (info.region, info.power, info.scan_time) == ((0x13, 0x40), 30, 10)


@pytest.mark.parametrize(
    ("name", "status", "epcs"),
    [
        ("uhfreader18-005", uhf18.Status.NO_TAG, []),
        ("uhfreader18-006", uhf18.Status.FINISHED, [bytes.fromhex("E2843611000010000949 44AA")]),
        ("uhfreader18-010", uhf18.Status.FINISHED, [EPC]),
        ("uhfreader18-011", uhf18.Status.FINISHED, [EPC, OTHER]),
        ("uhfreader18-012", uhf18.Status.MORE, [EPC]),
        ("uhfreader18-013", uhf18.Status.FINISHED, [OTHER]),
        ("uhfreader18-014", uhf18.Status.TIME_OVER, [EPC]),
    ],
)
def test_an_inventory_is_read(name: str, status: int, epcs: list[bytes]) -> None:
    assert answer(name).status == status
    assert uhf18.parse_inventory(answer(name)) == tuple(uhf18.Seen(epc) for epc in epcs)


def test_the_288_kind_tells_how_strongly_a_tag_was_heard() -> None:
    assert uhf18.parse_inventory_288(answer("uhfreader288-002")) == (uhf18.Seen(EPC, -76),)


def test_what_a_reader_in_scan_mode_says_is_told_apart_by_its_command() -> None:
    pushed = answer("uhfreader18-008")
    assert (pushed.command, pushed.data.hex().upper()) == (uhf18.Command.SCAN, "2000708C2B380B2D00000000")


def test_words_are_read() -> None:
    assert uhf18.parse_words(answer("uhfreader18-016"), 6).hex() == "e2801160200071234567089a"
    assert r200.parse_words(said("uhf-r200-015"), 2) == r200.Words(R200_EPC, bytes.fromhex("12345678"))
    assert r200.parse_written(said("uhf-r200-020")) == r200.Words(R200_EPC, b"\0")


@pytest.mark.parametrize(
    ("name", "status", "data"),
    [
        ("uhfreader18-017", uhf18.Status.TAG_ERROR, b"\x04"),
        ("uhfreader18-018", uhf18.Status.POOR, b""),
        ("uhfreader18-020", uhf18.Status.OK, b""),
        ("uhfreader18-021", uhf18.Status.COMMAND, b""),
    ],
)
def test_a_refusal_keeps_its_reason(name: str, status: int, data: bytes) -> None:
    assert (answer(name).status, answer(name).data) == (status, data)


@pytest.mark.parametrize(
    ("name", "rssi", "pc", "epc"),
    [
        ("uhf-r200-002", -55, 0x3400, "30751FEB705C5904E3D50D70"),
        ("uhf-r200-007", -60, 0x3000, "E200001D7315016521408FC6"),
        ("uhf-r200-022", -50, 0x45C2, "141CC04FC70BADB5C6E2DA1DED4DD319"),
        ("uhf-r200-023", -50, 0x4507, "141CC04FC70BADB5C6E2DA1DED4DD319"),
        ("uhf-r200-025", -60, 0x3000, "BB7E00227EBB010203040506"),
    ],
)
def test_a_notification_is_read(name: str, rssi: int, pc: int, epc: str) -> None:
    assert r200.parse_seen(said(name)) == r200.Seen(bytes.fromhex(epc), pc, rssi)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("uhf-r200-003", r200.Error.NO_TAG),
        ("uhf-r200-016", r200.Error.READ_FAILED),
        ("uhf-r200-017", r200.Error.PASSWORD),
        ("uhf-r200-024", r200.Error.COMMAND),
    ],
)
def test_a_modules_refusal_keeps_its_reason(name: str, code: int) -> None:
    assert said(name).command == r200.Command.ERROR
    assert r200.parse_refusal(said(name)) == r200.Refusal(code)


def test_a_module_says_what_it_is() -> None:
    assert r200.parse_version(said("uhf-r200-009")) == "M100 26dBm V1.0"
    assert r200.parse_done(said("uhf-r200-006"))
    assert r200.parse_done(said("uhf-r200-011"))


# --- the emulated readers ---


def tag_with(epc: bytes, **more: Any) -> Gen2Tag:
    """A tag with this EPC, and what the manuals' examples find in it."""
    tid = bytes.fromhex("E2801160200071234567089A")
    return Gen2Tag(tid, bytearray((len(epc) // 2 << 11).to_bytes(2) + epc), bytearray(8), **more)


def uhf18_says(name: str, *tags: Gen2Tag, model: Model = READER18) -> bytes:
    """What the emulated reader makes of a golden request."""
    chip = Uhf18Reader(lambda: tags, Faults(), "reader-A", model)
    return b"".join(exchange.answer for exchange in chip.feed(frame(name).raw, 100.0))


@pytest.mark.parametrize(
    ("asked", "epcs", "answered"),
    [
        ("uhfreader18-001", [], "uhfreader18-005"),
        ("uhfreader18-002", [], "uhfreader18-005"),
        ("uhfreader18-001", [EPC], "uhfreader18-010"),
        ("uhfreader18-001", [EPC, OTHER], "uhfreader18-011"),
        ("uhfreader18-003", [], "uhfreader18-009"),
        ("uhfreader18-004", [], "uhfreader18-009"),
        ("uhfreader18-015", [OTHER, EPC], "uhfreader18-016"),
        ("uhfreader18-019", [EPC], "uhfreader18-020"),
        ("uhfreader18-023", [], "uhfreader18-024"),
    ],
)
def test_the_emulated_reader_answers_the_manuals_requests_with_its_bytes(
    asked: str, epcs: list[bytes], answered: str
) -> None:
    assert uhf18_says(asked, *map(tag_with, epcs)).hex(" ") == frame(answered).raw.hex(" ")


def test_the_emulated_reader_refuses_as_the_manual_says() -> None:
    assert uhf18_says("uhfreader18-015", tag_with(EPC, chance=1e-9)) == frame("uhfreader18-018").raw
    chip = Uhf18Reader(tuple, Faults())
    garbled = frame("uhfreader18-001").raw[:-1] + b"\0"
    assert chip.feed(garbled, 100.0)[0].answer == frame("uhfreader18-021").raw
    locked = tag_with(EPC, access=b"1234", locks={gen2.LOCK_ACCESS: gen2.WITH_PASSWORD})
    asked = bytes(uhf18.read(EPC, 0, 0, 4))
    assert Uhf18Reader(lambda: [locked], Faults()).feed(asked, 100.0)[0].answer == frame("uhfreader18-017").raw


def test_the_emulated_reader_says_one_tag_of_any_and_moves_to_another_address() -> None:
    tag = tag_with(bytes.fromhex("E28436110000100009 4944AA"))
    chip = Uhf18Reader(lambda: [tag], Faults())
    assert chip.feed(bytes(uhf18.Request(0x0F)), 100.0)[0].answer == frame("uhfreader18-006").raw
    moved = chip.feed(bytes(uhf18.Request(0x24, b"\x00")), 101.0)[0].answer
    assert moved == frame("uhfreader18-007").raw


def test_the_emulated_reader_speaks_in_scan_mode_as_one_was_heard_to() -> None:
    tag = tag_with(bytes.fromhex("2000708C2B380B2D00000000"))
    chip = Uhf18Reader(lambda: [tag], Faults())
    chip.feed(bytes(uhf18.set_work_mode(b"\x01" + bytes(5))), 100.0)
    assert chip.tick(101.0)[0].answer == frame("uhfreader18-008").raw


def test_the_emulated_reader_of_the_288_kind_tells_how_strongly_it_heard_a_tag() -> None:
    answer = uhf18_says("uhfreader288-001", tag_with(EPC, rssi=-80), model=READER288)
    assert uhf18.parse_inventory_288(uhf18.Answer.from_bytes(answer))[0].rssi == -76  # it sends with 30 dBm
    assert answer == frame("uhfreader288-002").raw


def r200_says(chip: R200Module, name: str) -> bytes:
    """What the emulated module makes of a golden command."""
    return b"".join(exchange.answer for exchange in chip.feed(frame(name).raw, 100.0))


def module(*tags: Gen2Tag) -> R200Module:
    return R200Module(lambda: tags, Faults(), "reader-A")


def manuals_tag(**more: Any) -> Gen2Tag:
    """The tag of the manual's examples."""
    tag = tag_with(R200_EPC, rssi=-55, access=PASSWORD, **more)
    tag.pc_epc[0] = 0x34
    tag.user[:4] = bytes.fromhex("12345678")
    return tag


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("uhf-r200-001", "uhf-r200-003"),
        ("uhf-r200-005", "uhf-r200-006"),
        ("uhf-r200-008", "uhf-r200-009"),
        ("uhf-r200-010", "uhf-r200-011"),
        ("uhf-r200-014", "uhf-r200-016"),
    ],
)
def test_the_emulated_module_answers_the_manuals_commands_with_its_bytes(asked: str, answered: str) -> None:
    assert r200_says(module(), asked).hex(" ") == frame(answered).raw.hex(" ")


def test_the_emulated_module_reads_and_writes_the_tag_that_is_selected() -> None:
    chip = module(tag_with(EPC), manuals_tag())
    chip.feed(bytes(r200.set_select_mode(2)), 100.0)
    assert r200_says(chip, "uhf-r200-012") == bytes(r200.Frame(1, 0x0C, b"\0"))
    assert r200_says(chip, "uhf-r200-014") == frame("uhf-r200-015").raw
    assert r200_says(chip, "uhf-r200-019") == frame("uhf-r200-020").raw


def test_the_emulated_module_refuses_as_the_manual_says() -> None:
    tag = manuals_tag()
    tag.access = b"else"
    assert r200_says(module(tag), "uhf-r200-014") == frame("uhf-r200-017").raw
    assert module().feed(bytes(r200.Frame(0, 0x77)), 100.0)[0].answer == frame("uhf-r200-024").raw


@pytest.mark.parametrize("name", ["uhf-r200-002", "uhf-r200-007", "uhf-r200-022", "uhf-r200-023", "uhf-r200-025"])
def test_the_emulated_module_notifies_of_a_tag_as_the_manual_prints_it(name: str) -> None:
    seen = r200.parse_seen(r200.Frame.from_bytes(frame(name).raw))
    tag = Gen2Tag(b"\xe2" * 12, bytearray(seen.pc.to_bytes(2) + seen.epc), rssi=seen.rssi)
    assert r200_says(module(tag), "uhf-r200-001") == frame(name).raw
    chip = module(tag)
    assert r200_says(chip, "uhf-r200-004") == b""
    assert [said.answer for said in chip.tick(101.0)] == [frame(name).raw]


# --- what libraries write ---


def test_the_simulators_national_form_is_what_others_wrote() -> None:
    tag = gen2.national_tag("12345678.31", "CH-000134-1", afi=0xC2, user=b"\x06")
    assert tag.pc_epc[:18] == frame("epc-gbt35660-001").raw
    assert gen2.urn_code_40("12312345678") == frame("epc-gbt35660-002").raw


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
def test_the_simulators_university_form_is_what_others_wrote(name: str, item: str) -> None:
    assert gen2.university_id(item) == frame(name).raw.ljust(8, b"\0")


@pytest.mark.parametrize(("name", "on_loan"), [("epc-cn-university-010", False), ("epc-cn-university-011", True)])
def test_a_simulated_tag_of_the_university_form_is_as_computed(name: str, on_loan: bool) -> None:
    tag = gen2.university_tag("32103179", on_loan)
    assert tag.pc_epc[:14] == frame(name).raw
    assert tag.afi == (0xC2 if on_loan else 0x07)
