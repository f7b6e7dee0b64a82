"""Two of a kind at one computer: on one SPI bus, on its pins, on lines of their own. Each sees what is its own, and one
goes on while the other is gone. Boards that share a line have theirs in locker_board.py; readers that could share one
answer to their address alone.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edge.devices import registry
from edge.errors import DeviceError
from firmware_sim.computer import Computer
from firmware_sim.faults import Faults
from firmware_sim.makes import MAKES, Around, build, labelled
from firmware_sim.transponders import Card
from firmware_sim.wires import FrameLog, PtyWire
from tests.conformance.cabinet import SHIMS
from tests.conformance.card_reader import TRAITS
from tests.conformance.rig import TAG_READERS

OWNER = "CN-110105001"
ALL = [
    *registry.of_kind("card reader"),
    *TAG_READERS,
    *registry.of_kind("door"),
    *registry.of_kind("contact"),
    *registry.of_kind("scanner"),
]
PINS = ((17, 27), (22, 23))
PATIENCE_S = 8.0


@dataclass(frozen=True, slots=True)
class One:
    """One of the two."""

    section: dict[str, Any]
    show: Callable[[Any], None]
    """Something happens at this one; it is handed its driver."""
    sees: Callable[[Any], bool]
    """Its driver has seen that."""
    device: str = ""
    """Its plug; "" where it has none."""


def placed(name: str, computer: Computer, number: int) -> One:
    """The device hung on the computer, as one of two."""
    kind = registry.kind_of(registry.load(MAKES[name].driver if name in MAKES else name))
    first, second = PINS[number]
    device = f"{'reader' if kind == 'tag reader' else kind.split()[0]}-{number}"
    match kind:
        case "tag reader":
            tags: list[Any] = []
            port = computer.port(device, name, tags=lambda: tags)
            made = labelled(name, f"3000000000000{number}", OWNER)
            section = {"driver": MAKES[name].driver, "port": str(port), **TAG_READERS[name]}
            return One(section, lambda _: tags.append(made), lambda driver: made.uid in driver.round().tags, device)
        case "card reader":
            return card_reader(name, computer, number, device)
        case "door":
            door = computer.door(device, first, second)

            def enter(driver: Any) -> None:
                driver.unlock()
                assert door.pull(1.0)

            section = {"driver": name, "lock_pin": first, "contact_pin": second, "pulse_ms": 1500}
            return One(section, enter, lambda driver: bool(driver.is_open()), device)
        case "contact":
            grounded = [False]
            computer.switch(first, lambda: grounded[0])
            section = {"driver": name, "pin": first, "on": "low"}
            return One(section, lambda _: grounded.__setitem__(0, True), lambda driver: bool(driver.is_on()))
        case _:
            window, port = computer.scanner(device)
            section = {"driver": name, "port": str(port)}
            text = f"code {number}"
            return One(section, lambda _: void(window.show(text, None)), lambda driver: driver.scan() == text, device)


def card_reader(name: str, computer: Computer, number: int, device: str) -> One:
    first, second = PINS[number]
    card = Card(TRAITS[name].cards[number])
    match name:
        case "mfrc522":
            spot = computer.card_reader(device, number, first)
            section: dict[str, Any] = {"device": number, "reset_pin": first}
        case "wiegand":
            spot = computer.door_card_reader(device, first, second)
            section = {"d0_pin": first, "d1_pin": second, "gap_ms": 100}
        case _:
            spot, port = computer.serial_card_reader(device, name)
            section = {"port": str(port)}
    return One(
        {"driver": name, **section}, lambda _: spot.tap(card, None), lambda driver: bool(driver.look().uid), device
    )


def void(_: object) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Both, connected."""

    computer: Computer
    ones: tuple[One, One]
    drivers: tuple[Any, Any]

    def happens_at(self, number: int) -> None:
        self.ones[number].show(self.drivers[number])
        self.until_seen(number)

    def until_seen(self, number: int) -> None:
        end = time.monotonic() + PATIENCE_S
        while not self.ones[number].sees(self.drivers[number]):
            assert time.monotonic() < end, f"number {number} never saw what is its own"
            time.sleep(0.02)

    def reconnect(self, number: int) -> None:
        """As the agent does, until it is there again."""
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.drivers[number].connect()
                return
            except DeviceError:
                assert time.monotonic() < end, f"number {number} never came back"
                self.drivers[number].close()
                time.sleep(0.05)

    def sees_nothing(self, number: int) -> bool:
        return not any(self.ones[number].sees(self.drivers[number]) for _ in range(5))


@pytest.fixture(params=ALL)
def pair(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ml-"))
        computer = Computer("two", Path(folder), speed=10)
        monkeypatch.syspath_prepend(str(SHIMS))
        monkeypatch.setenv("PYTHONPATH", str(SHIMS))
        monkeypatch.setenv("MICROLIB_BOARD", str(computer.board))
        ones = placed(request.param, computer, 0), placed(request.param, computer, 1)
        computer.start()
        stack.callback(computer.stop)
        drivers = tuple(registry.build(f"tried-{number}", one.section) for number, one in enumerate(ones))
        for driver in drivers:
            stack.callback(driver.close)
            driver.connect()
        yield Pair(computer, ones, (drivers[0], drivers[1]))


def test_each_sees_what_is_its_own(pair: Pair) -> None:
    pair.happens_at(0)
    assert pair.sees_nothing(1)
    pair.happens_at(1)


def test_one_goes_on_while_the_other_is_gone_and_back(pair: Pair) -> None:
    gone = pair.ones[0].device
    if gone:
        pair.computer.unplug(gone)
    pair.drivers[0].close()
    pair.happens_at(1)
    if gone:
        pair.computer.unplug(gone, False)
    pair.reconnect(0)
    pair.happens_at(0)


@contextmanager
def addressed(make: str, address: int) -> Iterator[Path]:
    """A reader of that make whose switches say so."""
    with tempfile.TemporaryDirectory(prefix="ml-") as folder:
        chip: Any = build(make, Around(Faults(), "reader-A", speed=10))
        (chip.kept if make == "uhfreader18" else chip).address = address
        wire = PtyWire(Path(folder) / "port", chip, "reader-A", FrameLog(), Faults(), speed=10)
        wire.plug()
        try:
            yield Path(folder) / "port"
        finally:
            wire.unplug()


@pytest.mark.parametrize("make", ["feig-obid", "uhfreader18"])
def test_a_reader_on_a_shared_line_answers_to_its_own_address_alone(make: str) -> None:
    with addressed(make, 3) as port:
        section = {"driver": MAKES[make].driver, "port": str(port), **TAG_READERS[make]}
        mine = registry.build("mine", {**section, "address": 3})
        mine.connect()
        mine.close()
        others = registry.build("others", {**section, "address": 2})
        with pytest.raises(DeviceError):
            others.connect()
        others.close()
