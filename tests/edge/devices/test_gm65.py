"""What only scanners of this kind can do to us (what any scanner must bear: tests/conformance)."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge.devices import registry
from edge.devices.gm65 import Gm65Scanner
from edge.errors import DeviceFault
from edge.frames import gm65
from firmware_sim.computer import Computer, Window

MODE, FORM = 0x00, 0x60


@contextmanager
def working(make: str = "gm65", **options: Any) -> Iterator[tuple[Gm65Scanner, Computer, Window]]:
    """The driver, connected to a scanner of this make."""
    with tempfile.TemporaryDirectory(prefix="ml-") as folder:
        computer = Computer("scanner", Path(folder), speed=20)
        window, port = computer.scanner("scanner", make)
        computer.start()
        scanner = registry.build("scanner", {"driver": "gm65", "port": str(port), **options})
        try:
            scanner.connect()
            yield scanner, computer, window
        finally:
            scanner.close()
            computer.stop()


def zone(scanner: Gm65Scanner, number: int) -> int:
    """What the scanner holds there."""
    return scanner._ask(gm65.read(number, 2), 2)[0]


def read(scanner: Gm65Scanner, within_s: float = 2.0) -> str | None:
    end = time.monotonic() + within_s
    while (text := scanner.scan()) is None and time.monotonic() < end:
        pass
    return text


@pytest.mark.parametrize(("mode", "bits"), [("command", 1), ("continuous", 2), ("motion", 3)])
def test_it_is_set_as_it_is_needed_and_the_rest_left_alone(mode: str, bits: int) -> None:
    with working("em1365", mode=mode) as (scanner, _, _):
        assert zone(scanner, MODE) == 0xD4 | bits
        assert zone(scanner, FORM) == 0x01


def test_when_something_moves_it_is_read() -> None:
    with working(mode="motion") as (scanner, _, window):
        window.show("P100023", None)
        assert read(scanner) == "P100023"


def test_a_zone_that_other_models_dont_have_is_left_alone() -> None:
    with working("em1365", form_zone=0) as (scanner, _, window):
        assert zone(scanner, FORM) == 0x21
        window.show("P100023", None)
        assert read(scanner) == "P100023"


def test_nothing_is_written_that_is_as_it_should_be_already() -> None:
    with working(check_s=0.05) as (scanner, computer, _):
        number = computer.frames.since()[-1].number
        for _ in range(3):
            scanner.scan()
        asked = [f.hex for f in computer.frames.since(number) if not f.outward]
        assert asked
        assert all(hexed.startswith("7E 00 07") for hexed in asked)


def test_a_setup_code_held_before_it_is_undone_within_the_time_of_a_check() -> None:
    with working(check_s=0.2) as (scanner, _, window):
        scanner._ask(gm65.write(MODE, 0xD4, 0), 1)
        time.sleep(0.2)
        scanner.scan()
        assert zone(scanner, MODE) & 3 == 2
        window.show("P100023", None)
        assert read(scanner) == "P100023"


def test_a_scanner_that_was_set_to_another_speed_doesnt_answer_and_it_is_said_what_may_be_wrong() -> None:
    with working() as (scanner, _, _):
        scanner._ask(gm65.write(gm65.BAUD, 0x1A, 0x00), 1)
        scanner.close()
        with pytest.raises(DeviceFault, match="is it set to its serial port"):
            scanner.connect()


def test_in_command_mode_a_reading_that_found_nothing_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.devices.gm65.READ_TIME", 1)
    with working(mode="command") as (scanner, _, window):
        for _ in range(4):
            assert scanner.scan() is None
        time.sleep(0.3)
        window.show("P100023", None)
        assert read(scanner) == "P100023"


def test_codes_that_nobody_fetched_are_kept_in_their_order() -> None:
    with working(gap_ms=20) as (scanner, _, window):
        for number in range(3):
            shown = window.show(f"P10002{number}", None)
            time.sleep(0.15)
            window.hide(shown)
        assert [read(scanner) for _ in range(3)] == ["P100020", "P100021", "P100022"]


def test_what_was_dropped_is_counted() -> None:
    with working() as (scanner, _, window):
        window.show("x" * 500, 0.2)
        assert read(scanner, 0.6) is None
        assert scanner.dropped >= 1
