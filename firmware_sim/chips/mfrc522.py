"""The MFRC522 card reader chip, register by register, with its field and the cards in it.

Written from NXP's data sheet. One SPI transfer is one call of `transfer`; the first byte is the address byte: bit 7
read, bits 6-1 register. Bursts: a write address is followed by bytes for that register; in a read each byte is the
address of the register whose value comes with the next byte.
"""

import errno
import random
import threading
import time
from collections.abc import Callable, Sequence

from firmware_sim import crc
from firmware_sim.faults import Faults
from firmware_sim.transponders import Card, from_bits, to_bits
from firmware_sim.wires import FrameLog

COMMAND, COM_IEN, COM_IRQ, DIV_IRQ, ERROR, STATUS2 = 0x01, 0x02, 0x04, 0x05, 0x06, 0x08
FIFO_DATA, FIFO_LEVEL, CONTROL, BIT_FRAMING, COLL = 0x09, 0x0A, 0x0C, 0x0D, 0x0E
MODE = 0x11
TX_MODE, RX_MODE, TX_CONTROL, CRC_HIGH, CRC_LOW = 0x12, 0x13, 0x14, 0x21, 0x22
T_MODE, T_PRESCALER, T_RELOAD_HIGH, T_RELOAD_LOW, VERSION = 0x2A, 0x2B, 0x2C, 0x2D, 0x37

_RESET = {
    COMMAND: 0x20, COM_IEN: 0x80, COM_IRQ: 0x14, 0x07: 0x21, 0x0B: 0x08, CONTROL: 0x10, COLL: 0x80, MODE: 0x3F,
    TX_CONTROL: 0x80, 0x16: 0x10, 0x17: 0x84, 0x18: 0x84, 0x19: 0x4D, CRC_HIGH: 0xFF, CRC_LOW: 0xFF, 0x24: 0x26,
    0x26: 0x48, 0x27: 0x88, 0x28: 0x20, 0x29: 0x20,
}  # fmt: skip
_PRESETS = (0x0000, 0x6363, 0xA671, 0xFFFF)
_TX_IRQ, _RX_IRQ, _IDLE_IRQ, _ERR_IRQ, _TIMER_IRQ = 0x40, 0x20, 0x10, 0x02, 0x01
_CRC_READY = 0x04
_OVERFLOW, _COLLISION, _CRC_WRONG, _PARITY, _PROTOCOL = 0x10, 0x08, 0x04, 0x02, 0x01
_CRYPTO_ON = 0x08
_IDLE, _CALC_CRC, _TRANSCEIVE, _AUTHENT, _SOFT_RESET = 0x0, 0x3, 0xC, 0xE, 0xF
_FIFO_SIZE = 64


class Mfrc522:
    """One chip. `cards` gives the cards held to it at this moment. Thread-safe."""

    def __init__(
        self,
        cards: Callable[[], Sequence[Card]],
        faults: Faults,
        log: FrameLog,
        *,
        device: str = "card",
        speed: float = 1.0,
        seed: int = 0,
        version: int = 0x92,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._cards, self._faults, self._log, self._device = cards, faults, log, device
        self._speed, self._version, self._now, self._sleep = speed, version, now, sleep
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._held = False
        self._reset()

    def transfer(self, data: bytes) -> bytes:
        """One SPI transfer: as many bytes back; raises OSError when the bus fails."""
        if self._faults.strikes("late", self._device):
            self._sleep(0.002 / self._speed)
        if self._faults.strikes("bus-error", self._device):
            raise OSError(errno.EIO, "the SPI transfer failed")
        with self._lock:
            if self._faults.stands("unplugged", self._device):
                self._reset()  # the plug carries its supply too
                return b"\xff" * len(data)
            if self._held or self._faults.strikes("silent", self._device):
                return bytes(len(data))
            if self._faults.strikes("brown-out", self._device):
                self._reset()
            return self._read(data) if data[0] & 0x80 else self._write(data)

    def hold(self, level: int | None) -> None:
        """The level at its reset pin: low switches it off; the module pulls an open one up."""
        with self._lock:
            self._held = level == 0
            if self._held:
                self._reset()

    def power(self) -> None:
        """Supply off and on: all registers at their defaults, the field off."""
        with self._lock:
            self._reset()

    def _reset(self) -> None:
        self._registers = bytearray(64)
        for register, value in _RESET.items():
            self._registers[register] = value
        self._registers[VERSION] = self._version
        self._fifo = bytearray()
        self._due: float | None = None
        self._in_field: list[Card] = []

    def _read(self, data: bytes) -> bytes:
        reply = bytearray(1)
        for address in data[:-1]:
            reply.append(self._get(address >> 1 & 0x3F))
        return bytes(reply)

    def _write(self, data: bytes) -> bytes:
        for value in data[1:]:
            self._set(data[0] >> 1 & 0x3F, value)
        return bytes(len(data))

    def _get(self, register: int) -> int:
        if register == FIFO_DATA:
            return self._fifo.pop(0) if self._fifo else 0
        if register == FIFO_LEVEL:
            return len(self._fifo)
        if register == COM_IRQ and self._due is not None and self._now() >= self._due:
            self._due = None
            self._registers[COM_IRQ] |= _TIMER_IRQ
        return self._registers[register]

    def _set(self, register: int, value: int) -> None:
        registers = self._registers
        if register in (COM_IRQ, DIV_IRQ):
            registers[register] = registers[register] | value & 0x7F if value & 0x80 else registers[register] & ~value
        elif register == FIFO_DATA:
            self._push(bytes((value,)))
        elif register == FIFO_LEVEL:
            if value & 0x80:
                self._fifo.clear()
                registers[ERROR] &= ~_OVERFLOW
        elif register == STATUS2:
            registers[STATUS2] = value & ~_CRYPTO_ON | registers[STATUS2] & value & _CRYPTO_ON
        elif register == CONTROL:
            self._due = None if value & 0x80 else self._expiry() if value & 0x40 else self._due
        elif register == COLL:
            registers[COLL] = value & 0x80 | registers[COLL] & 0x7F
        elif register not in (ERROR, CRC_HIGH, CRC_LOW, VERSION):
            registers[register] = value
            if register == COMMAND:
                self._command(value & 0x0F)
            elif register == BIT_FRAMING and value & 0x80 and registers[COMMAND] & 0x0F == _TRANSCEIVE:
                self._transceive()

    def _push(self, data: bytes) -> None:
        for byte in data:
            if len(self._fifo) == _FIFO_SIZE:
                self._registers[ERROR] |= _OVERFLOW
                return
            self._fifo.append(byte)

    def _command(self, command: int) -> None:
        if command == _SOFT_RESET:
            self._reset()
            return
        self._registers[ERROR] = 0
        if command == _CALC_CRC:
            self._calculate()
        elif command == _AUTHENT:
            self._authenticate()

    def _calculate(self) -> None:
        value = crc.preset(bytes(self._fifo), _PRESETS[self._registers[MODE] & 3])
        self._registers[CRC_LOW], self._registers[CRC_HIGH] = value
        self._fifo.clear()
        self._registers[DIV_IRQ] |= _CRC_READY

    def _expiry(self) -> float:
        """When the timer will have run down from its reload value (data sheet 8.5)."""
        registers = self._registers
        prescaler = (registers[T_MODE] & 0x0F) << 8 | registers[T_PRESCALER]
        reload = registers[T_RELOAD_HIGH] << 8 | registers[T_RELOAD_LOW]
        return self._now() + (prescaler * 2 + 1) * (reload + 1) / 13.56e6 / self._speed

    def _field(self) -> list[Card]:
        """The cards with power, each awake since it came into the field."""
        if not self._registers[TX_CONTROL] & 3:
            self._in_field = []
            return []
        present = [card for card in self._cards() if not card.is_em]
        for card in present:
            if card not in self._in_field:
                card.wake()
        self._in_field = present
        return present

    def _reached(self) -> list[Card]:
        rare = self._faults.strikes
        return [
            card
            for card in self._field()
            if (card.chance >= 1 or self._chance.random() < card.chance)
            and not (rare("edge-of-field", self._device) and self._chance.random() < 0.5)
        ]

    def _transceive(self) -> None:
        registers = self._registers
        sent = bytes(self._fifo)
        self._fifo.clear()
        if registers[TX_MODE] & 0x80:
            sent += crc.card(sent)
        odd = registers[BIT_FRAMING] & 7
        bits = to_bits(sent)
        bits = bits[: len(bits) - 8 + odd] if odd else bits
        registers[COM_IRQ] |= _TX_IRQ
        answers = [answer for card in self._reached() if bits and (answer := card.receive(bits)) is not None]
        if answers:
            self._log.add(self._device, False, sent, "ok" if not odd else f"{odd} bits of the last byte")
            self._receive(answers)
        elif registers[T_MODE] & 0x80:
            self._due = self._expiry()

    def _receive(self, answers: list[list[int]]) -> None:
        registers = self._registers
        self._due = None
        bits, clash = _overlay(answers)
        if clash is None:
            bits = self._spoil(bits)
        elif not registers[COLL] & 0x80:
            bits[clash:] = [0] * (len(bits) - clash)
        align = registers[BIT_FRAMING] >> 4 & 7
        data = from_bits([0] * align + bits)
        if clash is None:
            registers[COLL] = registers[COLL] & 0x80 | 0x20
        else:
            registers[ERROR] |= _COLLISION
            registers[COLL] = registers[COLL] & 0x80 | (clash + align + 1) % 32
        if registers[RX_MODE] & 0x80 and len(bits) >= 24:
            if crc.card(data[:-2]) != data[-2:]:
                registers[ERROR] |= _CRC_WRONG
            data = data[:-2]
        self._push(data)
        registers[CONTROL] = (len(bits) + align) % 8
        registers[COM_IRQ] |= _RX_IRQ | (_ERR_IRQ if registers[ERROR] else 0)
        verdict = "collision" if clash is not None else "damaged" if registers[ERROR] else "ok"
        self._log.add(self._device, True, data, verdict)

    def _spoil(self, bits: list[int]) -> list[int]:
        strikes, registers = self._faults.strikes, self._registers
        if strikes("weak", self._device):
            registers[ERROR] |= _PARITY | _CRC_WRONG
        if strikes("cut", self._device):
            registers[ERROR] |= _PROTOCOL
            return bits[: max(1, len(bits) // 2)]
        if len(bits) == 40 and strikes("bcc", self._device):
            return [*bits[:32], *(1 - bit for bit in bits[32:])]
        if strikes("flip", self._device):
            at = int(self._faults.number("flip", self._device, 0, len(bits) - 0.001))
            bits = bits.copy()
            bits[at] ^= 1
        return bits

    def _authenticate(self) -> None:
        data = bytes(self._fifo)
        self._fifo.clear()
        self._registers[COM_IRQ] |= _TX_IRQ
        card = next((card for card in self._reached() if card.parts()[-1][:4] == data[8:12]), None)
        if card is not None and len(data) == 12 and data[0] in (0x60, 0x61) and card.unlock(data[2:8]):
            self._registers[STATUS2] |= _CRYPTO_ON
            self._registers[COM_IRQ] |= _IDLE_IRQ
            self._registers[COMMAND] &= 0xF0
        elif self._registers[T_MODE] & 0x80:
            self._due = self._expiry()


def _overlay(answers: list[list[int]]) -> tuple[list[int], int | None]:
    """What arrives when all answer at once, and the first bit at which they differ."""
    longest = max(answers, key=len)
    for at in range(len(longest)):
        if len({answer[at] for answer in answers if at < len(answer)}) > 1:
            return [*longest[:at], 1, *longest[at + 1 :]], at
    return longest.copy(), None
