"""`microlib-sim devices` and `microlib-sim tty`, as people use them who have nothing else of microlib."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
import serial

from firmware_sim.makes import MAKES

VERSION = bytes.fromhex("05FF65E5CB")
INVENTORY = bytes.fromhex("07FFB001001C56")


@contextmanager
def running(folder: Path, *words: str) -> "Iterator[subprocess.Popen[str]]":
    command = (sys.executable, "-m", "firmware_sim", "tty", *words)
    with subprocess.Popen(
        command, cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def until(lines: IO[str], words: str) -> str:
    for line in lines:
        if words in line:
            return line
    pytest.fail(f"{words!r} never came")


def asked(port: Path, request: bytes) -> bytes:
    with serial.Serial(str(port), 38400, parity="E", timeout=0.3) as line:
        line.write(request)
        return bytes(line.read(200))


def test_every_make_is_listed_with_its_kind() -> None:
    said = subprocess.run(
        (sys.executable, "-m", "firmware_sim", "devices"), capture_output=True, text=True, timeout=60, check=True
    ).stdout
    for name, make in MAKES.items():
        assert f"{name} " in said
        assert make.says in said


def test_any_program_can_talk_to_an_emulated_reader(tmp_path: Path) -> None:
    with running(tmp_path, "--device", "feig-obid", "--items", "2", "--speed", "20") as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert str(tmp_path / "microlib-tty") in until(process.stdout, "port:")
        port = tmp_path / "microlib-tty"
        assert asked(port, VERSION)[2] == 0x65
        assert asked(port, INVENTORY)[4] == 2
        process.stdin.write("tags 0\n")
        process.stdin.flush()
        time.sleep(0.3)
        assert asked(port, INVENTORY)[3] == 0x01
        assert "-> 07 FF B0 01 00 1C 56" in until(process.stdout, "07 FF B0")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert not port.is_symlink()


def test_codes_are_held_before_a_scanner_and_taken_away(tmp_path: Path) -> None:
    with running(tmp_path, "--device", "gm65") as process:
        out, _ = process.communicate("code P100023\nlist\nhide\nlist\nquit\n", timeout=30)
    assert out.count("code P100023") == 1


def test_what_cant_be_done_is_said(tmp_path: Path) -> None:
    with running(tmp_path, "--device", "feig-obid") as process:
        out, _ = process.communicate("juggle\ntake 7\nfault nonsense 1\nfault cut many\nlist\nquit\n", timeout=30)
    assert "'juggle' is nothing that can be done" in out
    assert "not done: there is no item 7" in out
    assert "there is no fault 'nonsense'" in out
    assert "not done: could not convert" in out
    assert out.count("item 300000000123") == 3
    assert process.returncode == 0


@pytest.mark.parametrize("words", [("--device", "toaster"), ("--device", "feig-obid", "--card", "xyz")])
def test_a_device_or_card_that_is_none_ends_it(tmp_path: Path, words: tuple[str, ...]) -> None:
    with running(tmp_path, *words) as process:
        _, error = process.communicate(timeout=30)
    assert process.returncode == 1
    assert error.startswith("microlib-sim: ")
    assert "Traceback" not in error


def test_a_locker_boards_doors_spring_open_and_are_shut_by_a_word(tmp_path: Path) -> None:
    with running(tmp_path, "--device", "kerong-cu16", "--items", "0", "--speed", "20") as process:
        assert process.stdout is not None
        assert process.stdin is not None
        until(process.stdout, "port:")
        with serial.Serial(str(tmp_path / "microlib-tty"), 19200, timeout=0.5) as line:

            def hooks() -> bytes:
                line.write(bytes.fromhex("0200300335"))
                return bytes(line.read(9))[3:5]

            assert hooks() == b"\xff\xff"
            line.write(bytes.fromhex("0202310338"))  # release lock 3 of board 0
            time.sleep(0.5)
            assert hooks() == b"\xfb\xff"
            process.stdin.write("list\nshut 3\nopen 17\n")
            process.stdin.flush()
            assert "open: 3" in until(process.stdout, "16 locks")
            assert "there is no lock 17; there are 16" in until(process.stdout, "not done")
            assert hooks() == b"\xff\xff"


def test_a_uhf_reader_has_tags_of_its_own_air(tmp_path: Path) -> None:
    with running(tmp_path, "--device", "uhf-r200", "--items", "2", "--speed", "20") as process:
        assert process.stdout is not None
        assert process.stdin is not None
        until(process.stdout, "port:")
        with serial.Serial(str(tmp_path / "microlib-tty"), 115200, timeout=0.5) as line:
            line.write(bytes.fromhex("BB00270003220014607E"))  # many rounds
            assert bytes(line.read(300)).count(b"\xbb\x02\x22") >= 2
