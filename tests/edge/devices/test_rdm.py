"""What only an RDM6300 can do to us (what any card reader must bear: tests/conformance)."""

import os
import pty
import tty
from collections.abc import Iterator

import pytest

from edge.devices import registry
from edge.devices.kinds import Look
from edge.devices.rdm import LONGEST_LOOK_S, RdmReader
from edge.errors import DeviceGone
from tests.conformance.cabinet import cabinet_of
from tests.conformance.card_reader import looked
from tests.conformance.rig import Rig
from tests.wire.golden import frame

CARD = frame("rdm6300-001").raw
OTHER = frame("rdm6300-003").raw


class Line:
    """A reader's end of a serial line."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.port = os.ttyname(self.slave)

    def say(self, data: bytes) -> None:
        os.write(self.master, data)

    def end(self) -> None:
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.end()


def reader_at(line: Line, **options: object) -> RdmReader:
    made: RdmReader = registry.build("card", {"driver": "rdm6300", "port": line.port, **options})
    made.connect()
    return made


@pytest.mark.parametrize(("bits", "uid"), [(40, "4500B8D4F0"), (32, "0000B8D4F0"), (24, "0000B8D4F0")])
def test_of_a_number_as_much_is_kept_as_the_library_keeps(line: Line, bits: int, uid: str) -> None:
    reader = reader_at(line, bits=bits)
    line.say(OTHER)
    assert reader.look() == Look(uid)
    reader.close()


def test_a_frame_that_comes_in_two_looks_is_one_card(line: Line) -> None:
    reader = reader_at(line)
    line.say(CARD[:6])
    assert reader.look() == Look()
    line.say(CARD[6:])
    assert reader.look() == Look("010063E9AE")
    reader.close()


def test_a_line_that_never_rests_doesnt_hold_a_look_up(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = reader_at(line)
    now = [0.0]
    monkeypatch.setattr("edge.devices.rdm.time.monotonic", lambda: now[0])

    def noise(port: object) -> bytes:
        now[0] += 0.01
        return b"\x02\x30"

    monkeypatch.setattr("edge.devices.rdm.Port.read", noise)
    assert reader.look() == Look()
    assert now[0] <= LONGEST_LOOK_S + 0.05
    reader.close()


def test_a_card_said_before_the_line_was_lost_isnt_there_when_it_is_back(line: Line) -> None:
    reader = reader_at(line, hold_s=10)
    line.say(CARD + OTHER[:5])
    assert reader.look() == Look("010063E9AE")
    reader.close()
    reader.connect()
    assert reader.look() == Look()
    reader.close()


def test_a_port_that_is_nowhere_is_gone() -> None:
    with pytest.raises(DeviceGone, match="can't be opened"):
        registry.build("card", {"driver": "rdm6300", "port": "/dev/serial/by-id/none"}).connect()


def test_a_clone_that_says_each_card_once_is_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from firmware_sim.transponders import Card

    with cabinet_of(monkeypatch, card="rdm6300-once") as cabinet:
        reader = registry.build("card", {"driver": "rdm6300", "port": str(cabinet.paths.card), "hold_s": 2})
        rig = Rig("rdm6300", reader, cabinet, reader.connect())
        cabinet.tap(Card("010063E9AE"), None)
        assert looked(rig, lambda look: look.uid is not None)[-1] == Look("010063E9AE")
        reader.close()
