"""A serial port as a program meets it: real pyserial at one end, the emulated reader at the other."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial

from firmware_sim import crc
from firmware_sim.cabinet import Cabinet
from firmware_sim.transponders import item_tag
from firmware_sim.wires import Frame, FrameLog
from tests import rig
from tests.wire.golden import frame

VERSION, IS = frame("feig-obid-007").raw, frame("feig-obid-008").raw
INVENTORY = frame("feig-obid-013").raw


@contextmanager
def port(path: Path, baud: int = 38400, wait_s: float = 1.0) -> Iterator[serial.Serial]:
    opened = serial.Serial(str(path), baud, parity="E", timeout=wait_s)
    try:
        yield opened
    finally:
        opened.close()


def ask(path: Path, request: bytes = VERSION, size: int = len(IS), **how: float) -> bytes:
    with port(path, **how) as opened:
        opened.write(request)
        return opened.read(size)


@pytest.fixture
def reader(cabinet: Cabinet) -> Path:
    return cabinet.paths.readers["A"]


def test_even_parity_can_be_opened_again_and_again(reader: Path) -> None:
    assert [ask(reader) for _ in range(30)] == [IS] * 30


def test_every_byte_value_gets_through_both_ways(cabinet: Cabinet, reader: Path) -> None:
    tag = item_tag("1", "CN-1")
    tag.memory[:16] = bytes.fromhex("0A0D1103001A7F1C08040D0A16121315")
    cabinet.stock("A", [tag])
    request = bytes((0x11, 0xFF, 0xB0, 0x23, 0x01)) + bytes.fromhex(tag.uid) + bytes((0, 4))
    read = ask(reader, request + crc.obid(request), 6 + 2 + 20)
    assert [read[7 + 5 * n : 11 + 5 * n][::-1] for n in range(4)] == [tag.memory[n : n + 4] for n in (0, 4, 8, 12)]


def test_the_wrong_speed_is_not_understood(cabinet: Cabinet, reader: Path) -> None:
    assert ask(reader, baud=9600, wait_s=0.1) == b""
    assert cabinet.frames.since()[-1].verdict == "wrong speed: not understood"
    assert ask(reader) == IS


def test_a_pulled_plug_takes_the_port_from_whoever_has_it_open(cabinet: Cabinet, reader: Path) -> None:
    with port(reader) as opened:
        cabinet.unplug("reader-A")
        with pytest.raises((serial.SerialException, OSError)):
            opened.read(1)
    assert not reader.is_symlink()
    assert ask(cabinet.paths.readers["B"]) == IS
    with pytest.raises(serial.SerialException, match="No such file"):
        ask(reader)


def test_plugged_in_again_the_port_has_its_name_but_is_another_pty(cabinet: Cabinet, reader: Path) -> None:
    before = reader.readlink()
    cabinet.unplug("reader-A")
    cabinet.unplug("reader-A", on=False)
    assert reader.readlink() != before
    assert ask(reader) == IS


def test_one_plug_is_not_the_other(cabinet: Cabinet) -> None:
    cabinet.unplug("reader")
    assert cabinet.unplugged() == ["reader-A", "reader-B"]
    cabinet.unplug("reader", on=False)
    assert cabinet.unplugged() == []


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [("cut", "cut"), ("flip", "a bit flipped"), ("silent", "lost: silent"), ("stale", "held back")],
)
def test_a_spoilt_answer_isnt_the_right_one_and_the_next_is(
    cabinet: Cabinet, reader: Path, fault: str, verdict: str
) -> None:
    cabinet.faults.set(fault, "reader-A", count=1)
    spoilt = ask(reader, wait_s=0.15)
    assert spoilt != IS
    assert cabinet.frames.since()[-1].verdict.startswith(verdict)
    assert ask(reader, size=2 * len(IS) if fault == "stale" else len(IS), wait_s=0.5).endswith(IS)


def test_noise_comes_before_the_answer(cabinet: Cabinet, reader: Path) -> None:
    cabinet.faults.set("noise", "reader-A", count=1)
    answer = ask(reader, size=30, wait_s=0.2)
    assert answer.endswith(IS)
    assert len(answer) > len(IS)


def test_a_late_answer_comes_late(cabinet: Cabinet, reader: Path) -> None:
    cabinet.faults.set("late", "reader-A", seed=1)
    assert ask(reader) == IS
    assert cabinet.frames.since()[-1].verdict == "late"


def test_an_answer_may_come_byte_by_byte(cabinet: Cabinet, reader: Path) -> None:
    cabinet.faults.set("bytewise", "reader-A")
    assert ask(reader) == IS


def test_at_its_real_speed_a_long_answer_takes_its_bit_times() -> None:
    with rig.cabinet(speed=1.0) as cabinet:
        cabinet.stock("A", [item_tag(str(n), "CN-1") for n in range(23)])
        began = time.monotonic()
        answer = ask(cabinet.paths.readers["A"], INVENTORY, 247)
        took = time.monotonic() - began
    assert len(answer) == 247
    assert took > 247 * 11 / 38400 + 0.010 + 24 * 0.006 - 0.005


def test_without_power_there_are_no_ports(cabinet: Cabinet, reader: Path) -> None:
    cabinet.power(False)
    assert not reader.is_symlink()
    cabinet.power(True)
    assert ask(reader) == IS


def test_nobody_reading_does_not_stop_it(cabinet: Cabinet, reader: Path) -> None:
    cabinet.stock("A", [item_tag(str(n), "CN-1") for n in range(23)])
    with port(reader) as opened:
        for _ in range(200):
            opened.write(frame("feig-obid-011").raw + INVENTORY)
        time.sleep(0.1)
    with port(reader, wait_s=0.3) as opened:
        while opened.read(4096):
            pass
        opened.write(VERSION)
        assert opened.read(len(IS)) == IS


def test_the_log_keeps_the_newest_and_counts_all() -> None:
    log, seen = FrameLog(size=3), []
    log.on_frame(seen.append)
    for n in range(5):
        log.add("reader-A", n % 2 == 1, bytes((n,)))
    assert [(f.number, f.hex, f.outward) for f in log.since()] == [
        (3, "02", False),
        (4, "03", True),
        (5, "04", False),
    ]
    assert log.since(4) == [seen[-1]]
    assert len(seen) == 5
    assert all(isinstance(f, Frame) for f in seen)
