"""What only FEIG readers can do to us (what any tag reader must bear: tests/conformance).

A scripted reader on a TCP port stands for models and lines that the emulated cabinet has none of.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from edge.devices import registry
from edge.devices.hf import MAX_PARTS, FeigReader
from edge.devices.kinds import Round
from edge.errors import DeviceFault, DeviceGone, TagError
from edge.frames.hf import Answer, Command, Request, Status
from firmware_sim.cabinet import Cabinet
from firmware_sim.transponders import SLI_L, item_tag
from protocol.names import TagUid
from tests.wire.golden import frame

Script = Callable[[Request], bytes]
TAG = TagUid("E004010012345678")
VERSION = frame("feig-obid-008").raw
FIELD_OFF = frame("feig-obid-012").raw
ONE_TAG = frame("feig-obid-015").raw


def usual(request: Request) -> bytes:
    """A reader with one tag in its field."""
    return {Command.SOFTWARE_VERSION: VERSION, Command.RF_RESET: FIELD_OFF}.get(Command(request.command), ONE_TAG)


@contextmanager
def scripted(script: Script, **options: Any) -> Iterator[FeigReader]:
    """The driver, connected to a reader that answers each request with what the script says."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as line:
                while raw := line.recv(300):
                    line.sendall(script(Request.from_bytes(raw)))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        section = {"driver": "feig-obid", "port": f"socket://127.0.0.1:{server.getsockname()[1]}", "answer_s": 1.0}
        reader = registry.build("shelf-a", {**section, **options})
        try:
            reader.connect()
            yield reader
        finally:
            reader.close()
            thread.join(5)


@contextmanager
def emulated(make: str = "feig-obid", **options: Any) -> Iterator[tuple[FeigReader, Cabinet]]:
    """The driver, connected to shelf A of a cabinet with readers of this make."""
    with TemporaryDirectory(prefix="ml-") as folder:
        cabinet = Cabinet("cabinet-1", Path(folder), speed=20, reader=make)
        cabinet.start()
        port = str(cabinet.paths.readers["A"])
        reader = registry.build("shelf-a", {"driver": "feig-obid", "port": port, **options})
        try:
            reader.connect()
            yield reader, cabinet
        finally:
            reader.close()
            cabinet.stop()


def test_a_network_reader_works_like_one_on_a_cable() -> None:
    with scripted(usual) as reader:
        assert reader.round() == Round(frozenset({TAG}))


def test_our_own_echo_on_a_two_wire_line_is_not_an_empty_shelf() -> None:
    with scripted(lambda request: bytes(request) + usual(request)) as reader:
        assert reader.round() == Round(frozenset({TAG}))


def test_an_echo_alone_is_no_answer() -> None:
    def only_echo(request: Request) -> bytes:
        return bytes(request) if request.command == Command.TAG else usual(request)

    with scripted(only_echo, answer_s=0.1) as reader, pytest.raises(DeviceFault, match="no answer"):
        reader.round()


def test_another_readers_answer_on_the_same_line_is_not_ours() -> None:
    def two(request: Request) -> bytes:
        answer = Answer.from_bytes(usual(request))
        other = Answer(Command.TAG, Status.NO_TAG, address=9)
        return bytes(other) + bytes(Answer(answer.command, answer.status, answer.data, address=4))

    with scripted(two, address=4) as reader:
        assert reader.round() == Round(frozenset({TAG}))


def test_an_answer_in_advanced_form_is_understood() -> None:
    def long(request: Request) -> bytes:
        return frame("feig-obid-advanced-002").raw if request.command == Command.TAG else usual(request)

    with scripted(long) as reader:
        assert reader.round() == Round(frozenset({TAG}))


def test_a_block_that_comes_late_is_not_taken_for_the_next_one() -> None:
    memory = bytes(range(40))
    owed: list[bytes] = []
    asked: list[Request] = []

    def tells(request: Request) -> bytes:
        if request.command != Command.TAG:
            return usual(request)
        if request.data[0] == 0x2B:
            return bytes(Answer(Command.TAG, 0, bytes((0x3E,)) + bytes.fromhex(TAG) + bytes((7, 8, 5, 1))))
        first, count = request.data[-2:]
        if count > 1:
            return frame("feig-obid-026").raw
        return bytes(Answer(Command.TAG, 0, b"\x01\x08\x00" + memory[first * 8 : first * 8 + 8][::-1]))

    def lags(request: Request) -> bytes:
        """From the first single block on, two answers stay one behind; with the third question all come."""
        if not asked and request.data[:1] + request.data[-1:] != b"\x23\x01":
            return tells(request)
        asked.append(request)
        owed.append(tells(request))
        due = len(owed) if len(asked) > 2 else len(owed) - 1
        said, owed[:due] = b"".join(owed[:due]), []
        return said

    with scripted(lags, answer_s=0.3) as reader:
        assert reader.read(TAG, 40).data == memory
    assert len(asked) > 5


def test_an_inventory_that_never_ends_is_a_fault() -> None:
    asked: list[Request] = []

    def endless(request: Request) -> bytes:
        asked.append(request)
        return frame("feig-obid-017").raw if request.command == Command.TAG else usual(request)

    with scripted(endless) as reader, pytest.raises(DeviceFault, match="didn't end"):
        reader.round()
    assert len(asked) == MAX_PARTS + 2


def test_a_part_that_is_lost_begins_the_round_anew() -> None:
    asked: list[Request] = []

    def lossy(request: Request) -> bytes:
        asked.append(request)
        if request.command != Command.TAG:
            return usual(request)
        if request.data[1]:
            return b"" if sum(r.data[1:2] == b"\x80" for r in asked) == 1 else frame("feig-obid-019").raw
        return frame("feig-obid-017").raw

    with scripted(lossy, answer_s=0.3) as reader:
        assert reader.round() == Round(frozenset({TAG, TagUid("E0040100ABCDEF01")}))
    assert [r.command for r in asked].count(Command.RF_RESET) == 2


@pytest.mark.parametrize("command", [Command.SOFTWARE_VERSION, Command.RF_RESET, Command.TAG])
def test_rubbish_for_an_answer_is_no_answer(command: Command) -> None:
    def mad(request: Request) -> bytes:
        return b"\x02\x00\xff" + bytes(range(200)) if request.command == command else usual(request)

    with pytest.raises(DeviceFault, match="no answer to"), scripted(mad, answer_s=0.1) as reader:
        reader.round()


def test_a_reader_for_other_tags_only_is_refused() -> None:
    other = bytes(Answer(Command.SOFTWARE_VERSION, 0, bytes.fromhex("020A00804C0010")))
    with pytest.raises(DeviceFault, match="doesn't read ISO 15693"), scripted(lambda _: other):
        pass


def test_a_card_left_among_the_items_is_no_tag() -> None:
    def card(request: Request) -> bytes:
        return frame("feig-obid-020").raw if request.command == Command.TAG else usual(request)

    with scripted(card) as reader:
        assert reader.round() == Round(frozenset())


def test_tags_of_the_furniture_can_be_ignored() -> None:
    with scripted(usual, ignore=(TAG,)) as reader:
        assert reader.round() == Round(frozenset())


def test_a_tag_that_tells_nothing_of_itself_is_read_all_the_same() -> None:
    def shy(request: Request) -> bytes:
        if request.command != Command.TAG:
            return usual(request)
        if request.data[0] == 0x2B:
            return bytes(Answer(Command.TAG, Status.ISO15693, b"\x01"))
        first, count = request.data[-2:]
        if first + count > 9:
            return frame("feig-obid-026").raw
        blocks = b"".join(b"\0" + bytes((n, 0, 0, 0))[::-1] for n in range(first, first + count))
        return bytes(Answer(Command.TAG, Status.OK, bytes((count, 4)) + blocks))

    with scripted(shy) as reader:
        memory = reader.read(TAG, 100)
    assert (memory.dsfid, memory.afi, memory.block_size) == (0, None, 4)
    assert memory.data == b"".join(bytes((n, 0, 0, 0)) for n in range(9))


@pytest.mark.parametrize("name", ["feig-obid-014", "feig-obid-021", "feig-obid-026", "feig-obid-029"])
def test_a_tag_that_answers_nothing_sensible_is_the_tags_trouble(name: str) -> None:
    def refusing(request: Request) -> bytes:
        return frame(name).raw if request.command == Command.TAG else usual(request)

    with scripted(refusing) as reader, pytest.raises(TagError):
        reader.read(TAG)


def test_an_afi_that_isnt_there_when_read_back_is_not_believed() -> None:
    def forgetful(request: Request) -> bytes:
        if request.command != Command.TAG:
            return usual(request)
        return frame("feig-obid-023" if request.data[0] == 0x2B else "feig-obid-028").raw

    with scripted(forgetful) as reader, pytest.raises(TagError, match="read back it is 07"):
        reader.write_afi(TAG, 0xC2)


def test_a_network_reader_that_hangs_up_is_gone() -> None:
    with scripted(usual) as reader:
        reader.close()
        with pytest.raises(DeviceGone):
            reader.round()


def test_more_tags_than_a_desk_reader_can_hold_make_the_round_incomplete() -> None:
    with emulated("feig-cpr") as (reader, cabinet):
        cabinet.stock("A", [item_tag(f"{number}", "CN-1") for number in range(6)])
        assert not reader.round().complete


def test_a_reader_that_counts_blocks_less_one_reads_the_last_one_too() -> None:
    with emulated("feig-less-one") as (reader, cabinet):
        tag = item_tag("30000000012345", "CN-110105001", kind=SLI_L)
        cabinet.stock("A", [tag])
        assert reader.read(TagUid(tag.uid)).data == tag.memory


def test_how_little_a_chip_gives_at_once_is_learnt() -> None:
    asked: list[int] = []

    def sparing(request: Request) -> bytes:
        """Four blocks of eight bytes, two at once at most."""
        if request.command != Command.TAG:
            return usual(request)
        if request.data[0] == 0x2B:
            return bytes(Answer(Command.TAG, 0, bytes((0x3E,)) + bytes.fromhex(TAG) + bytes((7, 8, 4, 1))))
        count = request.data[-1]
        asked.append(count)
        if count > 2:
            return bytes(Answer(Command.TAG, Status.ISO15693, b"\x0f"))
        return bytes(Answer(Command.TAG, 0, bytes((count, 8)) + bytes(9 * count)))

    with scripted(sparing) as reader:
        assert [len(reader.read(TAG, 32).data) for _ in range(2)] == [32, 32]
    assert asked == [4, 2, 2, 2, 2]


def test_two_shelves_dont_see_each_others_tags() -> None:
    with emulated() as (reader, cabinet):
        other = registry.build("shelf-b", {"driver": "feig-obid", "port": str(cabinet.paths.readers["B"])})
        other.connect()
        one, two = item_tag("1", "CN-1"), item_tag("2", "CN-1")
        cabinet.stock("A", [one])
        cabinet.stock("B", [two])
        assert one.uid in reader.round().tags
        assert two.uid in other.round().tags
        assert not reader.round().tags & other.round().tags
        other.close()
