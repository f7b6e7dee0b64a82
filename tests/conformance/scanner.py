"""What every scanner must do. A class of tests over a `rig`; test_scanner.py runs it for each driver and mode."""

import contextlib
import time
from dataclasses import dataclass
from typing import Any

import pytest

from edge.errors import DeviceError, DeviceGone
from firmware_sim.computer import Computer, Window

BARCODE = "30000000012345"


@dataclass(frozen=True, slots=True)
class Scanning:
    """A connected driver, and the window at the other end of its wire."""

    driver: Any
    computer: Computer
    window: Window
    says: str

    def read(self, wanted: str | None = None, within_s: float = 3.0) -> str | None:
        """The code that is read before long; `wanted` one, whatever else is."""
        end = time.monotonic() + within_s
        while (text := self.driver.scan()) is None or wanted not in (None, text):
            if time.monotonic() > end:
                break
        return text

    def everything(self, seconds: float) -> list[str]:
        """The codes that are read in that time."""
        end, texts = time.monotonic() + seconds, []
        while time.monotonic() < end:
            texts += [text] if (text := self.driver.scan()) is not None else []
        return texts

    def failure(self, within_s: float = 5.0) -> DeviceError:
        """The error that one of the next scans raises."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            try:
                self.driver.scan()
            except DeviceError as error:
                return error
        pytest.fail("a scanner that can't scan raised nothing")


class ScannerConformance:
    def test_it_says_what_it_is(self, rig: Scanning) -> None:
        assert rig.says

    def test_nothing_before_it_is_known_soon(self, rig: Scanning) -> None:
        began = time.monotonic()
        assert [rig.driver.scan() for _ in range(3)] == [None] * 3
        assert time.monotonic() - began < 1.5

    def test_a_code_is_read_once_for_as_long_as_it_is_held(self, rig: Scanning) -> None:
        rig.window.show(BARCODE, None)
        assert rig.everything(0.9) == [BARCODE]

    def test_a_code_that_was_away_for_some_time_is_read_again(self, rig: Scanning) -> None:
        for _ in range(2):
            shown = rig.window.show(BARCODE, None)
            assert rig.read() == BARCODE
            rig.window.hide(shown)
            assert rig.everything(1.0) == []

    def test_a_code_shown_again_at_once_is_the_same_reading(self, rig: Scanning) -> None:
        assert rig.window.show(BARCODE, 0.3)
        assert rig.read() == BARCODE
        rig.everything(0.4)
        rig.window.show(BARCODE, 0.3)
        assert rig.everything(0.6) == []

    def test_codes_one_after_the_other_are_each_read(self, rig: Scanning) -> None:
        for number in range(3):
            shown = rig.window.show(f"3000000001234{number}", None)
            assert rig.read() == f"3000000001234{number}"
            rig.window.hide(shown)

    @pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
    def test_a_chinese_code_is_read_whichever_way_it_was_written(self, rig: Scanning, encoding: str) -> None:
        rig.window.show("图书馆/海港".encode(encoding), None)
        assert rig.read() == "图书馆/海港"

    def test_a_web_page_of_two_kilobytes_is_dropped_and_the_next_code_read(self, rig: Scanning) -> None:
        shown = rig.window.show("https://shop.example/?" + "x" * 2030, None)
        assert rig.everything(0.8) == []
        rig.window.hide(shown)
        rig.window.show(BARCODE, None)
        assert rig.read() == BARCODE

    @pytest.mark.parametrize("fault", ["bytewise", "no-suffix"])
    def test_a_text_in_pieces_or_without_an_end_is_read(self, rig: Scanning, fault: str) -> None:
        rig.computer.faults.set(fault, "scanner")
        rig.window.show(BARCODE, None)
        assert rig.everything(0.7) == [BARCODE]

    @pytest.mark.parametrize("fault", ["late", "noise", "cut", "flip", "stale"])
    def test_whatever_comes_over_a_bad_line_it_works_once_the_line_is_good(self, rig: Scanning, fault: str) -> None:
        rig.computer.faults.set(fault, "scanner", 0.5)
        shown = rig.window.show("P100023", None)
        with contextlib.suppress(DeviceError):
            rig.everything(0.8)
        rig.computer.faults.clear()
        rig.window.hide(shown)
        rig.driver.close()
        time.sleep(0.9 if fault == "late" else 0.1)
        rig.driver.connect()
        rig.window.show(BARCODE, None)
        assert rig.read(BARCODE) == BARCODE

    def test_an_answer_in_the_middle_of_a_text_breaks_neither(self, rig: Scanning) -> None:
        rig.computer.faults.set("between", "scanner")
        rig.window.show(BARCODE, None)
        assert rig.everything(0.7) == [BARCODE]

    def test_a_scanner_that_falls_silent_is_a_fault(self, rig: Scanning) -> None:
        rig.computer.faults.set("silent", "scanner")
        assert rig.failure().why

    def test_a_pulled_plug_is_reported_and_it_scans_again_when_it_is_back(self, rig: Scanning) -> None:
        rig.computer.unplug("scanner")
        assert isinstance(rig.failure(), DeviceGone)
        rig.driver.close()
        with pytest.raises(DeviceGone):
            rig.driver.connect()
        rig.computer.unplug("scanner", False)
        rig.driver.connect()
        rig.window.show(BARCODE, None)
        assert rig.read() == BARCODE

    def test_a_dip_of_the_supply_is_healed_by_the_next_look_at_its_settings(self, rig: Scanning) -> None:
        rig.computer.faults.set("brown-out", "scanner", count=1)
        rig.everything(0.9)
        rig.window.show(BARCODE, None)
        assert rig.read() == BARCODE

    def test_closed_it_scans_nothing_and_may_be_closed_again(self, rig: Scanning) -> None:
        rig.driver.close()
        rig.driver.close()
        with pytest.raises(DeviceGone):
            rig.driver.scan()
