"""What only R200 and M100 modules can do to us (what any tag reader must bear: tests/conformance)."""

from collections.abc import Callable

import pytest

from edge.devices.kinds import Round
from edge.errors import DeviceFault, TagError
from edge.frames import r200
from edge.frames.checksums import GEN2
from edge.frames.r200 import Command, Frame, Type
from firmware_sim.gen2 import Gen2Tag, national_tag
from firmware_sim.transponders import IN_STOCK, ON_LOAN
from protocol.names import TagUid
from tests.edge.devices.uhf import emulated, scripted
from tests.wire.golden import frame

Script = Callable[[Frame], bytes]
EPC = TagUid("30751FEB705C5904E3D50D70")
TAG = frame("uhf-r200-002").raw
NO_TAG = frame("uhf-r200-003").raw


def usual(asked: Frame) -> bytes:
    """A module that polls three times for each poll, with one tag in its field."""
    if asked.command == Command.MULTI_POLL:
        return TAG * 12
    done = Frame(Type.ANSWER, asked.command, b"\0M100" if asked.command == Command.VERSION else b"\0")
    return bytes(done)


def heard(script: Script) -> Callable[[bytes], bytes]:
    return lambda raw: b"".join(script(asked) for asked in r200.Decoder().feed(raw))


def uids(tags: list[Gen2Tag]) -> frozenset[TagUid]:
    return frozenset(TagUid(tag.uid) for tag in tags)


def test_a_poll_left_running_from_before_a_restart_is_ended_first() -> None:
    tags = [national_tag(str(number)) for number in range(5)]
    with emulated("r200", tags, before=bytes(r200.multi_poll())) as made:
        assert made.chip.rounds == 0
        assert made.driver.read(TagUid(tags[0].uid)).epc == tags[0].epc
        assert made.driver.round() == Round(uids(tags))
        assert made.chip.rounds == 0


def test_after_a_restart_in_service_region_and_selection_are_set_again() -> None:
    tags = [national_tag(str(number)) for number in range(3)]
    with emulated("r200", tags, region="china-800") as made:
        made.driver.round()
        made.faults.set("brown-out", "reader-A", count=1)
        assert made.driver.round() == Round(uids(tags))
        assert made.chip.region == 0x04


@pytest.mark.parametrize("at", range(6))
def test_a_restart_at_any_moment_of_a_write_never_writes_another_tag(at: int) -> None:
    tags = [national_tag(str(number)) for number in range(6)]
    with emulated("r200", tags) as made:
        made.driver.round()
        counted = 0

        def strikes(name: str, device: str) -> bool:
            nonlocal counted
            counted += name == "brown-out"
            return name == "brown-out" and counted == at

        made.faults.strikes = strikes  # type: ignore[method-assign]
        made.driver.write_afi(TagUid(tags[3].uid), ON_LOAN)
        assert counted > 6
    assert [tag.afi for tag in tags] == [IN_STOCK] * 3 + [ON_LOAN] + [IN_STOCK] * 2


def test_firmware_with_other_ends_is_spoken_to_in_its_own() -> None:
    tags = [national_tag("1")]
    with emulated("r200", tags, chip={"ends": b"\xaa\xdd"}, ends="aadd") as made:
        assert made.driver.round() == Round(uids(tags))
        assert made.driver.read(TagUid(tags[0].uid)).epc == tags[0].epc
    with (
        pytest.raises(DeviceFault, match="no answer"),
        emulated("r200", tags, chip={"ends": b"\xaa\xdd"}, answer_s=0.1),
    ):
        pass


def test_an_epc_with_head_and_tail_inside_is_read() -> None:
    tag = Gen2Tag(b"\xe2" * 12, bytearray(bytes.fromhex("3000 BB7E00227EBB010203040506")))
    with emulated("r200", [tag]) as made:
        assert made.driver.round().tags == {TagUid("BB7E00227EBB010203040506")}
        assert made.driver.read(TagUid(tag.uid)).epc == tag.epc


def test_a_sleeping_module_wakes_up() -> None:
    sleep = bytes(Frame(Type.COMMAND, 0x17))
    with emulated("r200", [national_tag("1")], before=sleep) as made:
        assert len(made.driver.round().tags) == 1


def test_a_notification_whose_tags_checksum_is_wrong_makes_up_no_tag() -> None:
    data = bytearray(Frame.from_bytes(TAG).data)
    data[4], data[5] = data[4] + 1, data[5] - 1
    forged = bytes(Frame(Type.NOTIFICATION, Command.POLL, bytes(data)))

    def noisy(asked: Frame) -> bytes:
        return (TAG + forged) * 12 if asked.command == Command.MULTI_POLL else usual(asked)

    with scripted("uhf-r200", heard(noisy)) as reader:
        assert reader.round() == Round(frozenset({EPC}))


def test_an_empty_field_is_believed_when_the_module_says_so_again_and_again() -> None:
    with emulated("r200", []) as made:
        assert made.driver.round() == Round(frozenset())


def test_a_module_that_falls_silent_in_a_poll_is_no_settled_shelf() -> None:
    def once(asked: Frame) -> bytes:
        return TAG if asked.command == Command.MULTI_POLL else usual(asked)

    with scripted("uhf-r200", heard(once), answer_s=0.1) as reader, pytest.raises(DeviceFault, match="poll"):
        reader.round()


def test_a_round_that_never_settles_is_incomplete() -> None:
    tags = iter(range(100_000))

    def endless(asked: Frame) -> bytes:
        if asked.command not in (Command.MULTI_POLL, Command.VERSION):
            return usual(asked)
        new = [bytes.fromhex("3000") + next(tags).to_bytes(12, "big") for _ in range(600)]
        notes = [Frame(2, 0x22, b"\xc9" + tag + GEN2(tag).to_bytes(2, "big")) for tag in new]
        return b"".join(map(bytes, notes)) if asked.command == Command.MULTI_POLL else usual(asked)

    with scripted("uhf-r200", heard(endless), round_s=0.5, answer_s=0.6) as reader:
        done = reader.round()
    assert done.tags
    assert not done.complete


@pytest.mark.parametrize(("code", "says"), [(0x20, "no free channel"), (0x17, "doesn't know"), (0x33, "error 33")])
def test_a_poll_that_fails_is_a_fault_and_the_module_is_told_to_stop(code: int, says: str) -> None:
    told: list[int] = []

    def failing(asked: Frame) -> bytes:
        told.append(asked.command)
        error = bytes(Frame(Type.ANSWER, Command.ERROR, bytes((code,))))
        return error if asked.command == Command.MULTI_POLL else usual(asked)

    with scripted("uhf-r200", heard(failing)) as reader, pytest.raises(DeviceFault, match=says):
        reader.round()
    assert told[-1] == Command.STOP


def test_a_setting_that_is_refused_is_a_fault() -> None:
    def refusing(asked: Frame) -> bytes:
        return bytes(Frame(Type.ANSWER, asked.command, b"\x01")) if asked.command == Command.REGION else usual(asked)

    with pytest.raises(DeviceFault, match="refuses setting 07"), scripted("uhf-r200", heard(refusing)):
        pass


def test_what_another_tag_answers_is_not_taken_for_this_ones() -> None:
    def other(asked: Frame) -> bytes:
        if asked.command != Command.READ:
            return usual(asked)
        return bytes(Frame(Type.ANSWER, Command.READ, bytes.fromhex("0E 3000 E28011606000020500001234") + bytes(14)))

    with scripted("uhf-r200", heard(other)) as reader, pytest.raises(TagError, match="doesn't answer"):
        reader.read(EPC)


def test_empty_rounds_of_a_poll_that_still_runs_are_no_answers_to_a_read() -> None:
    def talking(asked: Frame) -> bytes:
        if asked.command != Command.READ:
            return usual(asked)
        words = asked.data[-1] * 2
        held = bytes.fromhex("3400" + EPC + "1234")[:words]
        return NO_TAG * 3 + TAG + bytes(Frame(Type.ANSWER, Command.READ, b"\x0e\x34\x00" + bytes.fromhex(EPC) + held))

    with scripted("uhf-r200", heard(talking)) as reader:
        memory = reader.read(EPC, 2)
    assert (memory.epc, memory.pc) == (bytes.fromhex(EPC), 0x3400)
