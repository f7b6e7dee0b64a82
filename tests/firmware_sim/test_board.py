"""The shims give programs what `spidev` and `RPi.GPIO` give them, errors and warnings included."""

import os
import subprocess
import sys
import time
import warnings
from types import ModuleType

import pytest

from firmware_sim.cabinet import CONTACT_PIN, LOCK_PIN, Cabinet
from firmware_sim.transponders import Card
from tests.rig import SHIMS


@pytest.fixture
def gpio(shims: None) -> ModuleType:
    import RPi.GPIO

    return RPi.GPIO


@pytest.fixture
def spi(shims: None) -> ModuleType:
    import spidev

    return spidev


def program(code: str, cabinet: Cabinet | None) -> subprocess.CompletedProcess[str]:
    """Runs a program as agents are run: the shims on PYTHONPATH, nothing else of ours."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SHIMS)}
    if cabinet is not None:
        env["MICROLIB_BOARD"] = str(cabinet.paths.board)
    return subprocess.run(
        [sys.executable, "-c", code], env=env, cwd="/", capture_output=True, text=True, timeout=30, check=False
    )


# --- without a board ---


def test_off_the_board_gpio_does_not_import() -> None:
    done = program("import RPi.GPIO", None)
    assert "RuntimeError: This module can only be run on a Raspberry Pi!" in done.stderr


def test_off_the_board_spidev_imports_and_finds_no_device() -> None:
    done = program("import spidev; spidev.SpiDev().open(0, 0)", None)
    assert "FileNotFoundError" in done.stderr


def test_without_power_there_is_no_device(cabinet: Cabinet, spi: ModuleType) -> None:
    cabinet.power(False)
    with pytest.raises(FileNotFoundError):
        spi.SpiDev().open(0, 0)


# --- SPI ---


def test_a_list_is_filled_and_given_back_a_tuple_gives_a_tuple(spi: ModuleType) -> None:
    with spi.SpiDev(0, 0) as device:
        sent = [0x37 << 1 | 0x80, 0]
        assert device.xfer2(sent) is sent
        assert sent == [0, 0x92]
        assert device.xfer2((0x37 << 1 | 0x80, 0)) == (0, 0x92)
        assert device.xfer3([0x37 << 1 | 0x180, 0]) == (0, 0x92)
        assert device.fileno() >= 0


def test_what_spidev_refuses(spi: ModuleType) -> None:
    device = spi.SpiDev()
    with pytest.raises(FileNotFoundError):
        device.open(0, 1)
    with pytest.raises(OSError):
        device.xfer2([1])
    device.open(0, 0)
    for wrong, error in [([], TypeError), (7, TypeError), ([0] * 4097, OverflowError)]:
        with pytest.raises(error):
            device.xfer2(wrong)
    device.close()
    device.close()


def test_a_failing_bus_and_a_lost_board_are_os_errors(cabinet: Cabinet, spi: ModuleType) -> None:
    with spi.SpiDev(0, 0) as device:
        cabinet.faults.set("bus-error", "card", count=1)
        with pytest.raises(OSError):
            device.xfer2([0x82, 0])
        assert device.xfer2([0xEE, 0])[1] == 0x92
        cabinet.power(False)
        with pytest.raises(OSError):
            device.xfer2([0xEE, 0])
        cabinet.power(True)
        assert device.xfer2([0xEE, 0])[1] == 0x92


def test_the_real_package_reads_a_card(cabinet: Cabinet, gpio: ModuleType) -> None:
    import mfrc522

    gpio.setmode(gpio.BCM)
    reader = mfrc522.MFRC522(pin_rst=25)
    cabinet.tap(Card("DEADBEEF"), None)
    assert reader.MFRC522_Request(reader.PICC_REQIDL) == (reader.MI_OK, 16)
    assert reader.MFRC522_Anticoll() == (reader.MI_OK, [0xDE, 0xAD, 0xBE, 0xEF, 0x22])


def test_the_reset_pin_reaches_the_chip(spi: ModuleType, gpio: ModuleType) -> None:
    gpio.setmode(gpio.BOARD)
    gpio.setup(22, gpio.OUT, initial=0)
    with spi.SpiDev(0, 0) as device:
        assert device.xfer2([0xEE, 0])[1] == 0
        gpio.output(22, 1)
        assert device.xfer2([0xEE, 0])[1] == 0x92


# --- pins ---


def test_the_mode_comes_first_and_cannot_be_changed(gpio: ModuleType) -> None:
    with pytest.raises(RuntimeError, match="pin numbering mode"):
        gpio.setup(17, gpio.OUT)
    gpio.setmode(gpio.BCM)
    gpio.setmode(gpio.BCM)
    with pytest.raises(ValueError, match="different mode"):
        gpio.setmode(gpio.BOARD)
    assert gpio.getmode() == gpio.BCM


def test_what_gpio_refuses(gpio: ModuleType) -> None:
    gpio.setmode(gpio.BCM)
    for do, error in [
        (lambda: gpio.output(17, 1), RuntimeError),
        (lambda: gpio.input(27), RuntimeError),
        (lambda: gpio.setup(28, gpio.OUT), ValueError),
        (lambda: gpio.setup("17", gpio.OUT), ValueError),
        (lambda: gpio.setup(17, 5), ValueError),
        (lambda: gpio.setup(17, gpio.OUT, pull_up_down=gpio.PUD_UP), ValueError),
        (lambda: gpio.setup(27, gpio.IN, initial=1), ValueError),
        (lambda: gpio.add_event_detect(27, gpio.BOTH), RuntimeError),
    ]:
        with pytest.raises(error):
            do()


def test_outputs_drive_the_strike_and_inputs_read_the_contact(cabinet: Cabinet, gpio: ModuleType) -> None:
    gpio.setmode(gpio.BOARD)
    gpio.setup(11, gpio.OUT, initial=gpio.HIGH)
    gpio.setup(13, gpio.IN, pull_up_down=gpio.PUD_UP)
    assert (gpio.input(13), cabinet.strike_energised) == (0, False)
    gpio.output([11], [gpio.LOW])
    assert cabinet.strike_energised
    assert cabinet.open_door()
    time.sleep(0.03)
    assert gpio.input(13) == 1
    assert (gpio.input(11), gpio.gpio_function(11), gpio.gpio_function(13)) == (0, gpio.OUT, gpio.IN)
    assert gpio.gpio_function(19) == gpio.SPI


def test_a_cut_cable_reads_as_the_pull_says(cabinet: Cabinet, gpio: ModuleType) -> None:
    cabinet.unplug("door")
    gpio.setmode(gpio.BCM)
    for pull, level in [(gpio.PUD_UP, 1), (gpio.PUD_DOWN, 0)]:
        gpio.setup(CONTACT_PIN, gpio.IN, pull_up_down=pull)
        assert gpio.input(CONTACT_PIN) == level


def test_without_an_initial_level_an_active_low_relay_clicks(cabinet: Cabinet, gpio: ModuleType) -> None:
    gpio.setmode(gpio.BCM)
    gpio.setup(LOCK_PIN, gpio.OUT)
    assert cabinet.strike_energised


def test_cleaning_up_lets_go_of_every_pin_and_forgets_the_mode(cabinet: Cabinet, gpio: ModuleType) -> None:
    gpio.setmode(gpio.BCM)
    gpio.setup(LOCK_PIN, gpio.OUT, initial=0)
    gpio.cleanup()
    assert not cabinet.strike_energised
    assert gpio.getmode() is None
    gpio.setmode(gpio.BCM)
    assert gpio.gpio_function(LOCK_PIN) == gpio.IN
    with pytest.warns(RuntimeWarning, match="nothing to clean up"):
        gpio.cleanup()


def test_one_channel_cleaned_up_leaves_the_others(gpio: ModuleType) -> None:
    gpio.setmode(gpio.BCM)
    gpio.setup([5, 6], gpio.OUT, initial=1)
    gpio.cleanup(5)
    assert (gpio.gpio_function(5), gpio.gpio_function(6), gpio.getmode()) == (gpio.IN, gpio.OUT, gpio.BCM)


def test_a_program_that_dies_leaves_its_pins_as_they_are(cabinet: Cabinet, gpio: ModuleType) -> None:
    program(
        "import os, RPi.GPIO as g; g.setmode(g.BCM); g.setup(17, g.OUT, initial=0); os.kill(os.getpid(), 9)", cabinet
    )
    assert cabinet.strike_energised
    gpio.setmode(gpio.BCM)
    with pytest.warns(RuntimeWarning, match="already in use"):
        gpio.setup(LOCK_PIN, gpio.OUT, initial=1)
    assert not cabinet.strike_energised


def test_a_forked_child_has_a_line_of_its_own(cabinet: Cabinet) -> None:
    code = (
        "import os, RPi.GPIO as g\n"
        "g.setmode(g.BCM); g.setup(17, g.OUT, initial=1); g.setup(27, g.IN)\n"
        "child = os.fork()\n"
        "print(sum(g.input(27) for _ in range(300)), flush=True)\n"
        "os._exit(0) if child == 0 else os.waitpid(child, 0)\n"
    )
    done = program(code, cabinet)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["0", "0"], "")


def test_warnings_can_be_switched_off(gpio: ModuleType) -> None:
    gpio.setwarnings(False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gpio.cleanup()


def test_edges_are_noticed_and_only_one_may_watch(cabinet: Cabinet, gpio: ModuleType) -> None:
    gpio.setmode(gpio.BCM)
    gpio.setup(CONTACT_PIN, gpio.IN, pull_up_down=gpio.PUD_UP)
    gpio.add_event_detect(CONTACT_PIN, gpio.BOTH, bouncetime=50)
    with pytest.raises(RuntimeError, match="Conflicting edge detection"):
        gpio.add_event_detect(CONTACT_PIN, gpio.BOTH)
    cabinet.force_door()
    deadline = time.monotonic() + 5
    while not gpio.event_detected(CONTACT_PIN) and time.monotonic() < deadline:
        time.sleep(0.005)
    assert time.monotonic() < deadline
    gpio.remove_event_detect(CONTACT_PIN)
    time.sleep(0.03)
    assert gpio.wait_for_edge(CONTACT_PIN, gpio.RISING, timeout=20) is None


D0, D1 = 20, 21


@pytest.fixture
def heard(cabinet: Cabinet, gpio: ModuleType) -> list[int]:
    """The channels that were called back for, in order; pulses come on two pins."""
    channels: list[int] = []
    cabinet.computer.pins.pulsed |= {D0, D1}
    gpio.setmode(gpio.BCM)
    for pin in (D0, D1):
        gpio.setup(pin, gpio.IN, pull_up_down=gpio.PUD_UP)
        gpio.add_event_detect(pin, gpio.FALLING, callback=channels.append)
    return channels


def soon(channels: list[int], count: int) -> list[int]:
    """What has been heard when so many were, or it is too late."""
    end = time.monotonic() + 5
    while len(channels) < count and time.monotonic() < end:
        time.sleep(0.005)
    return channels


def test_pulses_are_called_back_in_their_order_across_pins(cabinet: Cabinet, heard: list[int]) -> None:
    wires = [D0, D1, D1, D0, D1] * 20
    cabinet.computer.pins.pulse([(pin, n * 0.002) for n, pin in enumerate(wires)])
    assert soon(heard, len(wires)) == wires


def test_only_edges_that_were_asked_for_are_called_back(cabinet: Cabinet, gpio: ModuleType, heard: list[int]) -> None:
    rising: list[int] = []
    gpio.remove_event_detect(D1)
    gpio.add_event_detect(D1, gpio.RISING, callback=rising.append)
    gpio.add_event_callback(D1, lambda channel: rising.append(-channel))
    cabinet.computer.pins.pulse([(D0, 1.0), (D1, 1.1), (22, 1.2), (D0, 1.3)])
    assert soon(heard, 2) == [D0, D0]
    assert rising == [D1, -D1]


def test_bouncetime_goes_by_the_edges_own_moments(cabinet: Cabinet, gpio: ModuleType, heard: list[int]) -> None:
    gpio.remove_event_detect(D0)
    gpio.add_event_detect(D0, gpio.FALLING, callback=heard.append, bouncetime=50)
    cabinet.computer.pins.pulse([(D0, 1.0), (D0, 1.01), (D0, 1.06), (D1, 1.07)])
    assert soon(heard, 3) == [D0, D0, D1]


def test_cleaning_up_a_pin_ends_its_callbacks(cabinet: Cabinet, gpio: ModuleType, heard: list[int]) -> None:
    gpio.cleanup(D0)
    cabinet.computer.pins.pulse([(D0, 1.0), (D1, 1.1)])
    assert soon(heard, 1) == [D1]


def test_a_pin_that_drives_has_no_pulses(cabinet: Cabinet, gpio: ModuleType, heard: list[int]) -> None:
    cabinet.computer.pins.setup(D0, 0, 20, 1)
    cabinet.computer.pins.pulse([(D0, 1.0), (D1, 1.1)])
    assert soon(heard, 1) == [D1]


def test_edges_are_lost_with_the_board_and_come_again_when_they_are_asked_for_again(
    cabinet: Cabinet, gpio: ModuleType, heard: list[int]
) -> None:
    cabinet.power(False)
    gpio.remove_event_detect(D0)
    with pytest.raises(RuntimeError, match="Failed to add edge detection"):
        gpio.add_event_detect(D0, gpio.FALLING, callback=heard.append)
    cabinet.power(True)
    gpio.setup(D0, gpio.IN, pull_up_down=gpio.PUD_UP)
    gpio.add_event_detect(D0, gpio.FALLING, callback=heard.append)
    cabinet.computer.pins.pulse([(D0, 1.0)])
    assert soon(heard, 1) == [D0]


def test_a_transfer_takes_well_under_a_millisecond(spi: ModuleType) -> None:
    with spi.SpiDev(0, 0) as device:
        began = time.monotonic()
        for _ in range(500):
            device.xfer2([0xEE, 0])
        assert time.monotonic() - began < 0.5
