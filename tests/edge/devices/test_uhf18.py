"""What only UHFReader18 and UHFReader288 readers can do to us (what any tag reader must bear: tests/conformance)."""

from collections.abc import Callable
from typing import Any

import pytest

from edge.devices.kinds import Round
from edge.errors import DeviceFault, SettingsWrong, TagError
from edge.frames.uhf18 import Answer, Command, Request, Status
from firmware_sim.chips.uhf18 import Model
from firmware_sim.gen2 import Gen2Tag, bare_tag, national_tag
from protocol.names import TagUid
from tests.edge.devices.uhf import emulated, scripted
from tests.wire.golden import frame

Script = Callable[[Request], bytes]
INFO = bytes(Answer(Command.READER_INFO, 0, bytes.fromhex("0308 09 03 1340 1A 0A")))
ONE_TAG = frame("uhfreader18-010").raw
EPC = TagUid("E28011606000020500001234")
OTHER = TagUid("E28011606000020500005678")


def usual(request: Request) -> bytes:
    """A reader that is set as we want it, with one tag in its field."""
    if request.command == Command.INVENTORY:
        return ONE_TAG
    said = {Command.READER_INFO: INFO, Command.WORK_MODE: bytes(Answer(Command.WORK_MODE, 0, bytes(12)))}
    return said.get(Command(request.command), bytes(Answer(request.command, 0)))


def asked(script: Script) -> Callable[[bytes], bytes]:
    return lambda raw: script(Request.from_bytes(raw))


def only(inventory: Script) -> Callable[[bytes], bytes]:
    """The usual one but for its inventories."""
    return asked(lambda request: inventory(request) if request.command == Command.INVENTORY else usual(request))


def uids(tags: list[Gen2Tag]) -> frozenset[TagUid]:
    return frozenset(TagUid(tag.uid) for tag in tags)


def commands(told: list[bytes]) -> list[int]:
    return [Request.from_bytes(raw).command for raw in told]


# --- how it is set ---


def test_what_it_keeps_is_written_only_where_it_differs() -> None:
    with emulated("18", [], region="us", power_dbm=20, scan_s=0.7) as made:
        kept = made.chip.kept
        assert (kept.region.hex(), kept.power, kept.scan_time) == ("3180", 20, 7)
        assert commands(made.asked()) == [0x21, 0x36, 0x22, 0x2F, 0x25]
        made.driver.close()
        made.driver.connect()
        assert commands(made.asked())[5:] == [0x21, 0x36]


def test_a_reader_left_in_scan_mode_is_told_to_wait() -> None:
    tags = [national_tag("1")]
    scan = bytes(Request(Command.SET_WORK_MODE, bytes.fromhex("010204000100")))
    with emulated("18", tags, before=scan) as made:
        assert made.chip.kept.mode.hex() == "000204000100"
        assert made.driver.round() == Round(uids(tags))


def test_a_reader_that_cant_be_taken_out_of_scan_mode_says_why_it_doesnt_work() -> None:
    with emulated("18", [national_tag("1")]) as made:
        made.faults.set("scan-mode", "reader-A")
        with pytest.raises(DeviceFault, match="scan mode"):
            made.driver.round()
        made.faults.clear()
        assert len(made.driver.round().tags) == 1


def test_a_model_that_knows_no_modes_works() -> None:
    def old(request: Request) -> bytes:
        unknown = bytes(Answer(Command.NONE, Status.COMMAND))
        return unknown if request.command == Command.WORK_MODE else usual(request)

    with scripted("uhfreader18", asked(old)) as reader:
        assert reader.round() == Round(frozenset({EPC}))


def test_a_setting_that_is_refused_is_a_fault_and_one_not_saved_is_not() -> None:
    def stubborn(status: int) -> Script:
        return lambda r: bytes(Answer(r.command, status)) if r.command == Command.SET_POWER else usual(r)

    with (
        pytest.raises(DeviceFault, match="adjust its power"),
        scripted("uhfreader18", asked(stubborn(0x14)), power_dbm=30),
    ):
        pass
    with pytest.raises(DeviceFault, match="2F: status 05"), scripted("uhfreader18", asked(stubborn(5)), power_dbm=30):
        pass
    with scripted("uhfreader18", asked(stubborn(0x13)), power_dbm=30) as reader:
        assert reader.round().tags


def test_a_reader_for_other_tags_only_is_refused() -> None:
    other = bytes(Answer(Command.READER_INFO, 0, bytes.fromhex("0308 09 01 1340 1A 0A")))
    with pytest.raises(DeviceFault, match="doesn't read EPC Gen2"), scripted("uhfreader18", lambda _: other):
        pass


def test_the_form_that_the_reader_doesnt_speak_is_named() -> None:
    with emulated("18", [], form="288") as made, pytest.raises(DeviceFault, match="is `form` right"):
        made.driver.round()


@pytest.mark.parametrize("options", [{"session": 2}, {"antennas": (1, 2)}, {"q": 7}])
def test_what_only_the_288_form_has_is_refused_in_the_18_form(options: dict[str, Any]) -> None:
    with pytest.raises(SettingsWrong, match="is for form 288 only"), emulated("18", [], **options):
        pass


# --- the line ---


def test_our_own_echo_on_a_two_wire_line_is_no_answer() -> None:
    with scripted("uhfreader18", lambda raw: raw + usual(Request.from_bytes(raw))) as reader:
        assert reader.round() == Round(frozenset({EPC}))
    with (
        pytest.raises(DeviceFault, match="no answer"),
        scripted("uhfreader18", only(bytes), scan_s=0.3, retries=0, answer_s=0.1) as reader,
    ):
        reader.round()


def test_another_readers_answer_on_the_same_line_is_not_ours() -> None:
    def two(request: Request) -> bytes:
        mine = Answer.from_bytes(usual(request))
        other = Answer(Command.INVENTORY, Status.NO_TAG, address=9)
        return bytes(other) + bytes(Answer(mine.command, mine.status, mine.data, address=4))

    with scripted("uhfreader18", asked(two), address=4) as reader:
        assert reader.round() == Round(frozenset({EPC}))


def test_an_inventory_that_comes_late_is_not_taken_for_the_next_one() -> None:
    owed: list[bytes] = []

    def lags(request: Request) -> bytes:
        """The first inventory's answer stays behind until the reader is asked what it is."""
        if request.command == Command.INVENTORY and not owed:
            owed.append(ONE_TAG)
            return b""
        late, owed[:] = b"".join(owed), [b""]
        none = frame("uhfreader18-005").raw
        return late + (none if request.command == Command.INVENTORY else usual(request))

    with scripted("uhfreader18", asked(lags), scan_s=0.3) as reader:
        assert reader.round() == Round(frozenset())


# --- inventories ---


def test_an_inventory_in_parts_is_put_together() -> None:
    parts = frame("uhfreader18-012").raw + frame("uhfreader18-013").raw
    with scripted("uhfreader18", only(lambda _: parts)) as reader:
        assert reader.round() == Round(frozenset({EPC, OTHER}))


def test_a_part_that_comes_damaged_makes_the_round_longer_not_poorer() -> None:
    asked_for: list[Request] = []

    def lossy(request: Request) -> bytes:
        """Only the fourth inventory is whole."""
        asked_for.append(request)
        first = frame("uhfreader18-012").raw
        if len(asked_for) != 4:
            first = first[:9] + b"\xff" + first[10:]
        return first + frame("uhfreader18-013").raw

    with scripted("uhfreader18", only(lossy)) as reader:
        assert reader.round().tags == frozenset({EPC, OTHER})


def test_a_round_goes_on_until_inventories_bring_nothing_new() -> None:
    turns = [frame(f"uhfreader18-{name}").raw for name in ("005", "010", "010", "013", "010", "005", "010")]
    told = iter(turns)
    with scripted("uhfreader18", only(lambda _: next(told))) as reader:
        assert reader.round() == Round(frozenset({EPC, OTHER}))
    assert list(told) == [turns[-1]]


def test_a_round_that_never_settles_is_incomplete() -> None:
    epcs = iter(range(1000))

    def endless(request: Request) -> bytes:
        return bytes(Answer(Command.INVENTORY, 0x01, b"\x01\x0c" + next(epcs).to_bytes(12, "big")))

    with scripted("uhfreader18", only(endless), most=5) as reader:
        done = reader.round()
    assert (len(done.tags), done.complete) == (5, False)


def test_more_tags_than_fit_its_memory_make_the_round_incomplete() -> None:
    tags = [bare_tag(str(number)) for number in range(9)]
    with emulated("18", tags, chip={"model": Model("small", 9, holds=6)}) as made:
        assert not made.driver.round().complete


def test_a_scan_time_too_short_makes_more_inventories_and_they_find_all() -> None:
    tags = [bare_tag(str(number)) for number in range(60)]
    with emulated("18", tags, scan_s=0.3, settle=5, most=60) as made:
        assert made.chip.kept.scan_time == 3
        assert made.driver.round() == Round(uids(tags))
        assert commands(made.asked()).count(Command.INVENTORY) > 10


@pytest.mark.parametrize(("status", "says"), [(0xF8, "antenna"), (0xF9, "status F9"), (0xFF, "parameter")])
def test_an_inventory_that_fails_is_a_fault_not_an_empty_shelf(status: int, says: str) -> None:
    failing = only(lambda _: bytes(Answer(Command.INVENTORY, status)))
    with scripted("uhfreader18", failing) as reader, pytest.raises(DeviceFault, match=says):
        reader.round()


def test_what_a_288_reader_counts_afterwards_is_no_inventory() -> None:
    statistics = bytes(Answer(Command.INVENTORY, Status.STATISTICS, bytes.fromhex("01 0020 00000001")))
    told = frame("uhfreader288-002").raw + statistics
    with scripted("uhfreader18", only(lambda _: statistics + told), form="288") as reader:
        assert reader.round() == Round(frozenset({EPC}))


@pytest.mark.parametrize("session", [0, 1, 2, 3])
def test_in_every_session_tags_counted_before_are_counted_again(session: int) -> None:
    tags = [national_tag(str(number)) for number in range(8)]
    with emulated("288", tags, session=session) as made:
        assert [made.driver.round() for _ in range(4)] == [Round(uids(tags))] * 4


def test_every_antenna_is_asked_and_one_that_isnt_connected_is_a_fault() -> None:
    tags = [national_tag("1")]
    two = Model("two", 0x20, speaks_288=True, antennas=2)
    with emulated("288", tags, antennas=(1, 2)) as made, pytest.raises(DeviceFault, match="antenna isn't connected"):
        made.driver.round()
    with emulated("288", tags, chip={}, antennas=(1, 2)) as made:
        made.chip.model = two
        assert made.driver.round() == Round(uids(tags))
        antennas = [raw[-4] for raw in made.asked() if raw[2] == Command.INVENTORY]
        assert antennas[:4] == [0x80, 0x81, 0x80, 0x81]


# --- tags ---


def test_a_tag_whose_epc_is_too_long_to_mean_it_is_seen_and_cant_be_read() -> None:
    tag = bare_tag("one")
    tag.pc_epc[0] = 16 << 3
    with emulated("18", [tag]) as made:
        assert made.driver.round() == Round(uids([tag]))
        with pytest.raises(TagError, match="refuses"):
            made.driver.read(TagUid(tag.uid))


def test_an_answer_about_another_tag_is_not_believed() -> None:
    def mixed(request: Request) -> bytes:
        other = bytes.fromhex("3000") + bytes.fromhex(OTHER)
        return bytes(Answer(Command.READ, 0, other)) if request.command == Command.READ else usual(request)

    with scripted("uhfreader18", asked(mixed)) as reader, pytest.raises(TagError):
        reader.read(EPC)


def test_an_afi_that_isnt_there_when_read_back_is_not_believed() -> None:
    def forgetful(request: Request) -> bytes:
        return bytes(Answer(Command.READ, 0, b"\x31\x07")) if request.command == Command.READ else usual(request)

    with scripted("uhfreader18", asked(forgetful)) as reader, pytest.raises(TagError, match="the word is 3107"):
        reader.write_afi(EPC, 0xC2)
