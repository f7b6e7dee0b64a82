"""MFRC522 on SPI: patrons' cards, ISO 14443 type A.

The `mfrc522` package opens and initialises the chip and moves registers. Its own exchange with the card waits for an
empty field with two thousand reads and knows no UID longer than four bytes, so the exchange and the selection are
done here, on registers (NXP MFRC522 data sheet, sections 8.5 and 9; ISO/IEC 14443-3 section 6). The package's way of
closing lets go of every pin of the process, locks included, and is never used.
"""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from edge.devices import board
from edge.devices.kinds import Look
from edge.errors import DeviceFault, DeviceGone
from edge.frames.checksums import CRC_A

COMMAND, COM_IRQ, ERROR, FIFO_DATA, FIFO_LEVEL, CONTROL = 0x01, 0x04, 0x06, 0x09, 0x0A, 0x0C
BIT_FRAMING, TX_CONTROL, T_MODE, VERSION = 0x0D, 0x14, 0x2A, 0x37
"""Registers (data sheet, table 20)."""
IDLE, TRANSCEIVE = 0x00, 0x0C
IRQ_ENDED, IRQ_TIMER = 0x30, 0x01
"""Something was received or the command ended; nothing came in time."""
ALL_IRQS = 0x7F
ERROR_COLLISION, ERROR_GARBLED = 0x08, 0x17
FIFO_BYTES = 64
START_SEND = 0x80
TIMER_SET = 0x8D
"""TMode as the package sets it: the timer starts by itself after sending, and runs some 15 ms."""

WUPA = b"\x52"
SELECT = (0x93, 0x95, 0x97)
"""One for each cascade level."""
CASCADE_TAG = 0x88
SAK_INCOMPLETE = 0x04
HALT = b"\x50\x00"

POLL_S = 0.001
POLLS = 60
"""Looks at the interrupt register in one exchange; the timer ends it after some 15."""
HEALTH_S = 10.0
"""Between checks of the chip's registers: a brown-out resets them, and the field then looks empty for ever."""
STUCK = 3
"""Exchanges in a row not ended by the chip after which it has failed."""

CHIPS = {0x91: "MFRC522 v1.0", 0x92: "MFRC522 v2.0", 0x88: "FM17522", 0xB2: "FM17522E"}
"""Version register to the name of the chip; clones say other things."""


class Mfrc522Options(BaseModel):
    """[device.…] with driver = "mfrc522"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bus: Annotated[int, Field(ge=0, le=6)] = 0
    device: Annotated[int, Field(ge=0, le=2)] = 0
    """/dev/spidev<bus>.<device>."""
    speed_hz: Annotated[int, Field(ge=100_000, le=10_000_000)] = 1_000_000
    reset_pin: Annotated[int, Field(ge=0, le=27)] = 25
    """BCM number of the pin at RST."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from the field."""

    data: bytes = b""
    bits: int = 0
    """Bits received, 0 when nothing came that can be read."""
    collision: bool = False


_NOTHING = Reply()


class _Several(Exception):
    """More than one card answers."""


class Mfrc522Reader:
    """A card reader with an MFRC522 or a chip of its kind."""

    Options: ClassVar[type[BaseModel]] = Mfrc522Options

    def __init__(self, options: Mfrc522Options) -> None:
        self._options = options
        self._name = f"mfrc522 spidev{options.bus}.{options.device}"
        self._chip: Any = None
        self._is_open = False
        self._checked = 0.0
        self._stuck = 0

    def connect(self) -> str:
        """Opens the bus and initialises the chip; raises DeviceFault when no chip answers."""
        self.close()
        options = self._options
        if self._chip is None:
            self._chip = board.card_chip(self._name, options.bus, options.device, options.speed_hz, options.reset_pin)
            self._is_open = True
        else:
            with self._bus():
                self._chip.spi.open(options.bus, options.device)
                self._is_open = True
                self._chip.spi.max_speed_hz = options.speed_hz
                self._chip.MFRC522_Init()
        self._stuck = 0
        self._checked = time.monotonic()
        with self._bus():
            version = self._version()
        return CHIPS.get(version, f"chip of unknown version {version:02X}")

    def close(self) -> None:
        """Closes the bus and nothing else."""
        if self._chip is not None and self._is_open:
            with contextlib.suppress(OSError):
                self._chip.spi.close()
        self._is_open = False

    def look(self) -> Look:
        """One look: wake every card in the field, select one, read its UID whole, put it to sleep again."""
        if not self._is_open:
            raise DeviceGone(self._name, "it is not connected")
        with self._bus():
            self._check()
            awake = self._exchange(WUPA, bits=7)
            if not awake.bits and not awake.collision:
                return Look()
            try:
                return Look(self._uid())
            except _Several:
                return Look(several=True)
            finally:
                self._exchange(_with_crc(HALT))  # a card not put to sleep doesn't hear the next waking

    # --- the card ---

    def _uid(self) -> str | None:
        """The whole UID of the one card awake; None when it can't be read."""
        uid = b""
        for level in SELECT:
            found = self._exchange(bytes((level, 0x20)))
            if found.collision:
                raise _Several
            if len(found.data) != 5 or found.bits != 40 or reduce(xor, found.data):
                return None
            answer = self._exchange(_with_crc(bytes((level, 0x70)) + found.data))
            if answer.bits != 24 or _with_crc(answer.data[:1]) != answer.data:
                return None
            complete = not answer.data[0] & SAK_INCOMPLETE
            if complete == (found.data[0] == CASCADE_TAG):
                return None
            uid += found.data[:4] if complete else found.data[1:4]
            if complete:
                return uid.hex().upper()
        return None

    def _exchange(self, frame: bytes, bits: int = 0) -> Reply:
        """Sends a frame, `bits` of its last byte (0 = all), and takes what comes until the chip's timer runs out."""
        write = self._chip.Write_MFRC522
        write(COMMAND, IDLE)
        write(COM_IRQ, ALL_IRQS)
        write(FIFO_LEVEL, 0x80)
        for byte in frame:
            write(FIFO_DATA, byte)
        write(BIT_FRAMING, bits)
        write(COMMAND, TRANSCEIVE)
        write(BIT_FRAMING, START_SEND | bits)
        irq = self._ended()
        write(BIT_FRAMING, bits)
        if not irq & IRQ_ENDED:
            return _NOTHING
        return self._received()

    def _ended(self) -> int:
        """The interrupts that ended an exchange; 0 when the chip never does."""
        for poll in range(POLLS):
            if poll:
                time.sleep(POLL_S)
            irq = self._chip.Read_MFRC522(COM_IRQ)
            if irq & ~ALL_IRQS:
                raise DeviceFault(self._name, f"it answers {irq:02X}: the chip is missing, or its wires are wrong")
            if irq & (IRQ_ENDED | IRQ_TIMER):
                self._stuck = 0
                return int(irq)
        self._stuck += 1
        if self._stuck >= STUCK:
            raise DeviceFault(self._name, "the chip doesn't end what it is told to do")
        self._checked = -HEALTH_S
        return 0

    def _received(self) -> Reply:
        read = self._chip.Read_MFRC522
        error, count, last = read(ERROR), read(FIFO_LEVEL), read(CONTROL) & 0x07
        if error & ERROR_COLLISION:
            return Reply(collision=True)
        if error & ERROR_GARBLED or not 0 < count <= FIFO_BYTES:
            return _NOTHING
        data = bytes(read(FIFO_DATA) for _ in range(count))
        return Reply(data, (count - 1) * 8 + (last or 8))

    # --- the chip ---

    def _check(self) -> None:
        """Now and then: is the chip there, and still set up as it was?"""
        now = time.monotonic()
        if now - self._checked < HEALTH_S:
            return
        self._checked = now
        self._version()
        if not self._is_set_up():
            self._chip.MFRC522_Init()
            if not self._is_set_up():
                raise DeviceFault(self._name, "the chip doesn't keep its settings")

    def _version(self) -> int:
        version = int(self._chip.Read_MFRC522(VERSION))
        if version in (0x00, 0xFF):
            raise DeviceFault(self._name, f"it answers {version:02X}: the chip is missing, or its wires are wrong")
        return version

    def _is_set_up(self) -> bool:
        read = self._chip.Read_MFRC522
        return bool(read(TX_CONTROL) & 0x03 == 0x03 and read(T_MODE) == TIMER_SET)

    @contextlib.contextmanager
    def _bus(self) -> Iterator[None]:
        try:
            yield
        except OSError as lost:
            raise DeviceGone(self._name, f"the SPI bus fails: {lost}") from lost


def _with_crc(frame: bytes) -> bytes:
    return frame + CRC_A(frame).to_bytes(2, "little")
