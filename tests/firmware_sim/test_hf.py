"""The emulated FEIG reader answers the manual's requests with the manual's bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim import crc
from firmware_sim.chips.hf import CPR02, MR101, FeigReader, Model
from firmware_sim.faults import Faults
from firmware_sim.transponders import FUJITSU, MY_D, Transponder, item_tag
from tests.wire.golden import frame

UID = "E004010012345678"
OTHER = "E0040100ABCDEF01"


def reader(*tags: Transponder, model: Model = MR101, faults: Faults | None = None) -> FeigReader:
    return FeigReader(lambda: tags, faults or Faults(), "reader-A", model)


def book(uid: str = UID) -> Transponder:
    return item_tag("11223344", "DE-705", uid)


def ask(chip: FeigReader, data: bytes, at: float = 100.0) -> bytes:
    """The answer to a frame that comes in one piece; nothing is silence."""
    return b"".join(exchange.answer for exchange in chip.feed(data, at))


def command(hexed: str, address: str = "FF") -> bytes:
    """A standard frame with this command and data."""
    body = bytes.fromhex(address + hexed)
    head = bytes((len(body) + 3,)) + body
    return head + crc.obid(head)


def status(answer: bytes) -> int:
    return answer[3] if answer[0] != 2 else answer[5]


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("feig-obid-005", "feig-obid-006"),
        ("feig-obid-007", "feig-obid-008"),
        ("feig-obid-009", "feig-obid-010"),
        ("feig-obid-011", "feig-obid-012"),
        ("feig-obid-013", "feig-obid-015"),
        ("feig-obid-022", "feig-obid-023"),
        ("feig-obid-024", "feig-obid-025"),
        ("feig-obid-027", "feig-obid-028"),
        ("feig-obid-031", "feig-obid-028"),
        ("feig-obid-032", "feig-obid-028"),
        ("feig-obid-advanced-001", "feig-obid-advanced-002"),
        ("feig-obid-advanced-004", "feig-obid-advanced-005"),
    ],
)
def test_it_answers_the_manuals_request_with_the_manuals_bytes(asked: str, answered: str) -> None:
    assert ask(reader(book()), frame(asked).raw) == frame(answered).raw


@pytest.mark.parametrize("form", ["feig-obid", "feig-obid-advanced"])
def test_an_empty_field_is_no_transponder(form: str) -> None:
    asked, answered = {
        "feig-obid": ("feig-obid-013", "feig-obid-014"),
        "feig-obid-advanced": ("feig-obid-advanced-001", "feig-obid-advanced-003"),
    }[form]
    assert ask(reader(), frame(asked).raw) == frame(answered).raw


def test_two_tags_are_told_in_one_answer() -> None:
    other = Transponder(OTHER, dsfid=0)
    assert ask(reader(book(), other), frame("feig-obid-013").raw) == frame("feig-obid-016").raw


def test_a_restart_is_confirmed_and_then_it_is_silent_for_a_second() -> None:
    chip = reader(book())
    assert ask(chip, command("63")) == frame("feig-obid-037").raw
    assert ask(chip, frame("feig-obid-007").raw, 100.9) == b""
    assert ask(chip, frame("feig-obid-007").raw, 101.1) == frame("feig-obid-008").raw


def test_configuration_is_kept_until_it_loses_power() -> None:
    chip = reader()
    assert ask(chip, command("8185" + "07" * 14)) == frame("feig-obid-038").raw
    assert ask(chip, command("8085"))[4:-2] == b"\x07" * 14
    chip.power()
    assert ask(chip, command("8085"))[4:-2] == bytes(14)


def test_a_write_of_the_manual_changes_memory_byte_reversed() -> None:
    tagit = Transponder("E00700000147677E")
    assert status(ask(reader(tagit), frame("feig-obid-001").raw)) == 0
    assert tagit.memory[:12] == bytes.fromhex("010203041112131421222324")
    assert ask(reader(tagit), command("B02301E00700000147677E0003")) == frame("feig-obid-002").raw


def test_eight_byte_blocks_are_reversed_as_wholes() -> None:
    my_d = Transponder("6005000002112504", MY_D)
    assert status(ask(reader(my_d), frame("feig-obid-003").raw)) == 0
    assert my_d.memory[24:32] == bytes.fromhex("0102030405060708")
    assert ask(reader(my_d), command("B0230160050000021125040303")) == frame("feig-obid-004").raw


def test_errors_of_tags_are_the_manuals_bytes() -> None:
    tag = book()
    tag.locked.add(0)
    tag.afi_locked = True
    chip = reader(tag)
    assert ask(chip, command(f"B02301{UID}1B02")) == frame("feig-obid-026").raw
    assert ask(chip, frame("feig-obid-027").raw) == frame("feig-obid-030").raw
    assert ask(chip, frame("feig-obid-031").raw) == frame("feig-obid-033").raw


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("99", command("9980", address="00")),
        ("B09900", frame("feig-obid-034").raw),
        ("B001", frame("feig-obid-035").raw),
        ("B02301" + UID[:6], frame("feig-obid-035").raw),
        ("B02301" + UID + "00", frame("feig-obid-035").raw),
        ("B02301" + UID + "0040", command("B011", address="00")),
    ],
)
def test_unknown_commands_lengths_and_ranges_are_told(asked: str, answered: bytes) -> None:
    assert ask(reader(book()), command(asked)) == answered


def test_the_long_configuration_command_is_unknown_to_it() -> None:
    assert status(ask(reader(), frame("feig-obid-advanced-007").raw)) == 0x80


def test_a_tag_reported_once_stays_quiet_until_the_field_is_reset() -> None:
    chip = reader(book())
    inventory = frame("feig-obid-013").raw
    assert [status(ask(chip, inventory)) for _ in range(2)] == [0x00, 0x01]
    ask(chip, frame("feig-obid-011").raw)
    assert status(ask(chip, inventory)) == 0x00


def test_a_quiet_tag_still_answers_when_it_is_addressed() -> None:
    chip = reader(book())
    ask(chip, frame("feig-obid-013").raw)
    assert ask(chip, frame("feig-obid-024").raw) == frame("feig-obid-025").raw


def test_a_field_that_is_off_reads_nothing() -> None:
    chip = reader(book())
    ask(chip, command("6A00"))
    assert status(ask(chip, frame("feig-obid-013").raw)) == 0x01
    ask(chip, command("6A01"))
    assert status(ask(chip, frame("feig-obid-013").raw)) == 0x00


@pytest.mark.parametrize("advanced", [False, True])
def test_sixty_tags_come_in_parts_and_each_once(advanced: bool) -> None:
    tags = [item_tag(f"{n:08d}", "CN-1") for n in range(70)]
    chip = reader(*tags)
    frames = ("feig-obid-013", "feig-obid-018")
    new, more = (frame(name).raw for name in frames) if not advanced else (advanced_form("00"), advanced_form("80"))
    told, answer = [], ask(chip, new)
    while True:
        data = answer[4:-2] if not advanced else answer[6:-2]
        told += [data[1 + 10 * n : 11 + 10 * n][2:].hex().upper() for n in range(data[0])]
        if status(answer) != 0x94:
            break
        answer = ask(chip, more)
    assert told == [tag.uid for tag in tags]
    assert status(ask(chip, more)) == 0x01


def advanced_form(mode: str) -> bytes:
    head = bytes.fromhex("020009FFB001" + mode)
    return head + crc.obid(head)


def test_a_desk_reader_holds_four_tags_and_knows_no_advanced_form() -> None:
    tags = [item_tag(str(n), "CN-1") for n in range(5)]
    assert status(ask(reader(*tags, model=CPR02), frame("feig-obid-013").raw)) == 0x93
    assert status(ask(reader(*tags[:4], model=CPR02), frame("feig-obid-013").raw)) == 0x00
    assert ask(reader(*tags, model=CPR02), frame("feig-obid-advanced-001").raw) == b""


def test_without_an_address_only_a_single_tag_can_be_meant() -> None:
    assert status(ask(reader(book()), command("B02B00"))) == 0x00
    assert ask(reader(book(), book(OTHER)), command("B02B00")) == frame("feig-obid-021").raw
    assert status(ask(reader(), command("B02B00"))) == 0x01


def test_a_selected_tag_is_meant_by_mode_two() -> None:
    chip = reader(book(OTHER), book())
    assert status(ask(chip, command("B02B02"))) == 0x01
    ask(chip, command(f"B02501{UID}"))
    assert ask(chip, command("B02B02"))[5:13].hex().upper() == UID


def test_stay_quiet_and_reset_to_ready() -> None:
    chip = reader(book())
    ask(chip, command(f"B00201{UID}"))
    assert status(ask(chip, frame("feig-obid-013").raw)) == 0x01
    ask(chip, command(f"B02601{UID}"))
    assert status(ask(chip, frame("feig-obid-013").raw)) == 0x00


def test_locks_can_be_set_and_read() -> None:
    tag = book()
    chip = reader(tag)
    for one in ("2201" + UID + "0302", "2801" + UID, "2A01" + UID):
        assert status(ask(chip, command("B0" + one))) == 0x00
    assert ask(chip, command(f"B02C01{UID}0204"))[4:-2] == bytes((4, 0, 1, 1, 0))
    assert ask(chip, command(f"B02309{UID}0301"))[6] == 1
    assert (tag.afi_locked, tag.dsfid_locked) == (True, True)
    assert status(ask(chip, command(f"B02901{UID}06"))) == 0x95


def test_some_readers_count_blocks_from_nought() -> None:
    chip = reader(book(), model=Model("less one", 76, minus_one=True))
    assert ask(chip, frame("feig-obid-022").raw)[-4] == 27


def test_a_fujitsu_tag_gives_two_blocks_at_most() -> None:
    tag = item_tag("1", "CN-1", kind=FUJITSU)
    assert status(ask(reader(tag), command(f"B02301{tag.uid}0002"))) == 0x00
    assert status(ask(reader(tag), command(f"B02301{tag.uid}0003"))) == 0x95


# --- the line ---


def test_a_frame_may_come_byte_by_byte() -> None:
    chip, answer = reader(book()), b""
    for n, byte in enumerate(frame("feig-obid-024").raw):
        answer += ask(chip, bytes((byte,)), 100 + n * 0.011)
    assert answer == frame("feig-obid-025").raw


def test_a_pause_of_more_than_twelve_milliseconds_ends_a_frame() -> None:
    chip, whole = reader(book()), frame("feig-obid-013").raw
    assert ask(chip, whole[:3], 100.0) == b""
    assert ask(chip, whole[3:], 100.013) == b""
    assert ask(chip, whole, 100.1) == frame("feig-obid-015").raw


@pytest.mark.parametrize(
    "spoilt",
    [command("65", address="03"), command("65")[:-1] + b"\0", b"\x00", b"\x04\x00\x00\x00", b"\x02\x00\x03"],
)
def test_a_wrong_address_check_or_length_is_met_with_silence(spoilt: bytes) -> None:
    chip = reader(book())
    assert ask(chip, spoilt) == b""
    assert ask(chip, command("65"), 101.0) == frame("feig-obid-008").raw


def test_the_real_address_is_in_every_answer() -> None:
    chip = FeigReader(tuple, Faults(), address=3)
    assert ask(chip, command("52" + "00", address="03"))[1] == 3
    assert ask(chip, command("52" + "00"))[1] == 3


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=8))
def test_no_bytes_whatever_upset_it(pieces: list[bytes]) -> None:
    chip = reader(book())
    for n, piece in enumerate(pieces):
        ask(chip, piece, 100 + n * 0.005)
    assert ask(chip, frame("feig-obid-007").raw, 200.0) == frame("feig-obid-008").raw


@given(st.binary(max_size=40))
def test_no_tag_command_whatever_upsets_it(data: bytes) -> None:
    chip = reader(book())
    assert len(ask(chip, command("B0" + data.hex()))) >= 6


# --- what goes wrong ---


@pytest.mark.parametrize(
    ("fault", "answered"), [("scan-mode", "feig-obid-036"), ("collision", "feig-obid-021"), ("hardware", None)]
)
def test_a_troubled_reader_says_so(fault: str, answered: str | None) -> None:
    faults = Faults()
    faults.set(fault, "reader-A")
    answer = ask(reader(book(), faults=faults), frame("feig-obid-013").raw)
    assert answer == (frame(answered).raw if answered else command("B0F1", address="00"))


@pytest.mark.parametrize("full", [True, False])
def test_in_notification_mode_it_speaks_unasked(full: bool) -> None:
    faults = Faults()
    faults.set("unasked", "reader-A")
    answer = ask(reader(*[book()] * full, faults=faults), frame("feig-obid-007").raw)
    assert answer == frame("feig-obid-008").raw + frame("feig-obid-015" if full else "feig-obid-014").raw


def test_a_write_that_stops_has_changed_the_blocks_before() -> None:
    faults = Faults(seed=3)
    faults.set("half-write", "reader-A")
    tag = Transponder("E00700000147677E")
    answer = ask(reader(tag, faults=faults), frame("feig-obid-001").raw)
    stopped = answer[4]
    assert (status(answer), stopped < 3) == (0x03, True)
    assert tag.memory[: stopped * 4] == bytes.fromhex("010203041112131421222324")[: stopped * 4]
    assert not any(tag.memory[stopped * 4 :])


def test_a_dip_of_the_supply_restarts_it_and_wakes_every_tag() -> None:
    faults = Faults()
    chip = reader(book(), faults=faults)
    ask(chip, frame("feig-obid-013").raw)
    faults.set("brown-out", "reader-A", count=1)
    assert ask(chip, frame("feig-obid-013").raw) == b""
    assert status(ask(chip, frame("feig-obid-013").raw, 101.5)) == 0x00


def test_a_tag_at_the_edge_of_the_field_is_read_now_and_then_and_a_shadowed_one_never() -> None:
    edge, dark = book(), book(OTHER)
    edge.chance, dark.chance = 0.5, 0.0
    chip = reader(edge, dark, model=Model("open", 76, only_new=False))
    seen = [ask(chip, frame("feig-obid-013").raw) for _ in range(200)]
    rounds = sum(bytes.fromhex(UID) in answer for answer in seen)
    assert 60 < rounds < 140
    assert not any(bytes.fromhex(OTHER) in answer for answer in seen)
    assert status(ask(chip, command(f"B02B01{OTHER}"))) in (0x01, 0x02, 0x83)


def test_shadows_that_pass_hide_tags_for_a_round() -> None:
    faults = Faults()
    faults.set("shadowed", "reader-A", probability=0.3)
    chip = reader(
        *(item_tag(str(n), "CN-1") for n in range(20)), model=Model("open", 76, only_new=False), faults=faults
    )
    counts = {ask(chip, frame("feig-obid-013").raw)[4] for _ in range(30)}
    assert len(counts) > 3
    assert max(counts) <= 20


def test_a_bigger_inventory_takes_longer() -> None:
    tags = [item_tag(str(n), "CN-1") for n in range(24)]
    (many,) = reader(*tags).feed(frame("feig-obid-013").raw, 0.0)
    (none,) = reader().feed(frame("feig-obid-013").raw, 0.0)
    assert 0 < none.think_s < many.think_s < 1
