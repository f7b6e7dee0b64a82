"""EPC Gen2 tags (UHF): what is in their memory banks, and what a reader's field makes of them.

A bank is read and written in words of two bytes. Bank 1 holds the tag's checksum, its protocol control word and the
EPC, whose length the control word tells. Where the library lends is told by that word's low byte in the national form
(GB/T 35660.3), by the first bit of the EPC in the university form.
"""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from firmware_sim import crc
from firmware_sim.faults import Faults
from firmware_sim.transponders import IN_STOCK, ON_LOAN

PASSWORDS, EPC, TID, USER = range(4)
"""Banks."""
OVERRUN, LOCKED, WEAK, OTHER = 0x03, 0x04, 0x0B, 0x0F
"""What a tag says was wrong."""
OPEN, OPEN_FOR_EVER, WITH_PASSWORD, NEVER = range(4)
"""How a lock stands."""
LOCK_KILL, LOCK_ACCESS, LOCK_EPC, LOCK_TID, LOCK_USER = range(5)
"""What has a lock of its own."""
HAS_USER, ISO = 0x0400, 0x0100
"""Bits of the control word: user memory holds something; the id follows ISO, not GS1."""
MOST_EPC_WORDS = 31
FULL_POWER = 26.0
"""dBm at which a tag is heard as strongly as its `rssi` says."""
HEARD = -80
"""dBm below which nothing is heard."""
HOT_LOSS = 8.0
"""dB by which a module sends less when it runs hot."""


class Gen2Refused(Exception):
    """The tag answers with an error (`code`)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the tag answers with error {code:02X}")
        self.code = code


class WrongPassword(Exception):
    """The tag doesn't answer to this access password."""


@dataclass(eq=False, slots=True)
class Gen2Tag:
    """One tag. Its banks are in tag order, word 0 first, two bytes a word."""

    tid: bytes
    pc_epc: bytearray
    """Control word and EPC, as bank 1 holds them behind the checksum."""
    user: bytearray = field(default_factory=bytearray)
    label: str = ""
    """For people only."""
    chance: float = 1.0
    """How likely one inventory hears it where it stands."""
    rssi: int = -50
    """dBm at which it is heard where it stands, when the reader sends with FULL_POWER."""
    university: bool = False
    """It is at a site whose tags have the university form."""
    by_tid: bool = False
    """It is at a site that names tags by their TID."""
    access: bytes = bytes(4)
    kill: bytes = bytes(4)
    locks: dict[int, int] = field(default_factory=dict)
    turned: set[int] = field(default_factory=set)
    """Sessions in which it was counted, and keeps quiet to those who ask for the uncounted."""

    def __post_init__(self) -> None:
        self.pc_epc.extend(bytes(2 * (1 + MOST_EPC_WORDS) - len(self.pc_epc)))

    @property
    def pc(self) -> int:
        """The control word."""
        return int.from_bytes(self.pc_epc[:2])

    @property
    def epc(self) -> bytes:
        """As long as the control word says."""
        return bytes(self.pc_epc[2 : 2 + 2 * min(self.pc >> 11, MOST_EPC_WORDS)])

    @property
    def uid(self) -> str:
        """What a site calls it: its EPC without the bit that tells of lending, or its TID, in hex; filled up to four
        bytes, and the first sixteen of a SHA-256 where it is longer than sixteen."""
        if self.by_tid:
            return self.tid.hex().upper()
        name = self.epc
        if self.university and name:
            name = bytes((name[0] & 0x7F,)) + name[1:]
        name = name.ljust(4, b"\0") if len(name) <= 16 else hashlib.sha256(name).digest()[:16]
        return name.hex().upper()

    @property
    def afi(self) -> int | None:
        """Whether it is lent, as AFI; None where its form doesn't tell."""
        if self.pc & ISO:
            return self.pc & 0xFF
        if self.university:
            return ON_LOAN if self.pc_epc[2] & 0x80 else IN_STOCK
        return None

    def wake(self) -> None:
        """The field came, or came back: it was counted in no session."""
        self.turned.clear()

    def bank(self, number: int) -> bytes:
        """Everything in a bank; raises Gen2Refused."""
        if number == PASSWORDS:
            return self.kill + self.access
        if number == EPC:
            return crc.gen2(bytes(self.pc_epc[:2]) + self.epc) + bytes(self.pc_epc)
        if number in (TID, USER):
            return self.tid if number == TID else bytes(self.user)
        raise Gen2Refused(OVERRUN)

    def read(self, bank: int, first: int, count: int, password: bytes = bytes(4)) -> bytes:
        """`count` words from word `first`; raises Gen2Refused, WrongPassword."""
        secured = self._opens(password)
        held = self.bank(bank)
        if count < 1 or 2 * (first + count) > len(held):
            raise Gen2Refused(OVERRUN)
        if bank == PASSWORDS and not secured and max(self._lock(LOCK_KILL), self._lock(LOCK_ACCESS)) >= WITH_PASSWORD:
            raise Gen2Refused(LOCKED)
        return held[2 * first : 2 * (first + count)]

    def write(self, bank: int, word: int, data: bytes, password: bytes = bytes(4)) -> None:
        """Writes one word; raises Gen2Refused, WrongPassword, and then hasn't changed."""
        secured = self._opens(password)
        if 2 * word + 2 > len(self.bank(bank)):
            raise Gen2Refused(OVERRUN)
        lock = self._lock(word // 2 if bank == PASSWORDS else bank + 1)
        if bank == TID or (bank == EPC and word == 0) or lock == NEVER or (lock == WITH_PASSWORD and not secured):
            raise Gen2Refused(LOCKED)
        if bank == PASSWORDS:
            both = bytearray(self.kill + self.access)
            both[2 * word : 2 * word + 2] = data
            self.kill, self.access = bytes(both[:4]), bytes(both[4:])
        elif bank == EPC:
            self.pc_epc[2 * word - 2 : 2 * word] = data
        else:
            self.user[2 * word : 2 * word + 2] = data

    def lock(self, what: int, how: int, password: bytes = bytes(4)) -> None:
        """Sets a lock; raises Gen2Refused, WrongPassword."""
        if not self._opens(password) or self._lock(what) in (OPEN_FOR_EVER, NEVER):
            raise Gen2Refused(LOCKED)
        self.locks[what] = how

    def _lock(self, what: int) -> int:
        return self.locks.get(what, OPEN)

    def _opens(self, password: bytes) -> bool:
        """Whether the tag is secured for this command; a password of zeros is none."""
        if any(password) and password != self.access:
            raise WrongPassword
        return password == self.access or not any(self.access)


class Unreached(Exception):
    """The tag that is meant doesn't answer; `there`: it is there, and too weak."""

    def __init__(self, there: bool) -> None:
        super().__init__("too weak" if there else "no tag")
        self.there = there


@dataclass(slots=True)
class Field:
    """What a reader's antenna reaches. `tags` gives what is before it at this moment."""

    tags: Callable[[], Sequence[Gen2Tag]]
    faults: Faults
    device: str
    chance: random.Random
    power: float = FULL_POWER
    """dBm."""

    def heard(self) -> list[tuple[Gen2Tag, int]]:
        """The tags that one inventory hears, and how strongly (dBm)."""
        strikes = self.faults.strikes
        found = [
            (tag, rssi)
            for tag in self.tags()
            if (rssi := self._rssi(tag)) >= HEARD
            and (tag.chance >= 1 or self.chance.random() < tag.chance)
            and not strikes("shadowed", self.device)
            and not (strikes("edge-of-field", self.device) and self.chance.random() < 0.5)
        ]
        if len(found) > 1 and strikes("collision", self.device):
            for _ in range(2):
                found.pop(self.chance.randrange(len(found)))
        return found

    def one(self, meant: Callable[[Gen2Tag], bool]) -> Gen2Tag:
        """The tag that a command reaches, of those meant any; raises Unreached."""
        there = [tag for tag in self.tags() if meant(tag) and self._rssi(tag) >= HEARD and tag.chance > 0]
        if not there:
            raise Unreached(there=False)
        tag = there[0] if len(there) == 1 else self.chance.choice(there)
        at_edge = self.faults.strikes("edge-of-field", self.device) and self.chance.random() < 0.5
        if at_edge or (tag.chance < 1 and self.chance.random() >= tag.chance):
            raise Unreached(there=True)
        return tag

    def half_done(self, words: int) -> int | None:
        """After how many words a write stops, when it is to stop; the last one may be written and not be said so."""
        return self.chance.randint(0, words) if self.faults.strikes("half-write", self.device) else None

    def _rssi(self, tag: Gen2Tag) -> int:
        lost = HOT_LOSS if self.faults.stands("hot", self.device) else 0.0
        return round(tag.rssi + self.power - FULL_POWER - lost)


# --- what libraries write on them ---

_URN = {letter: number for number, letter in enumerate("\0ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789")}
_LONG_RUN = 9


def urn_code_40(text: str) -> bytes:
    """An item's id as GB/T 35660.3 packs it: three characters in two bytes, long numbers as integers."""
    packed, waiting, at = b"", "", 0
    while at < len(text):
        run = len(text[at:]) - len(text[at:].lstrip("0123456789"))
        if run >= _LONG_RUN and text[at] != "0":
            run = min(run, _LONG_RUN + 15)
            number = int(text[at : at + run])
            size = max(4, (number.bit_length() + 7) // 8)
            special = bytes((0xFB, run - _LONG_RUN << 4 | size - 4)) + number.to_bytes(size)
        elif text[at] in _URN:
            run = max(1, run)
            waiting += text[at : at + run]
            special = b""
        else:
            run, raw = 1, text[at].encode()
            special = bytes((0xFB + len(raw),)) + raw
        if special:
            packed += _threes(waiting) + special
            waiting = ""
        at += run
    return packed + _threes(waiting)


def _threes(text: str) -> bytes:
    text += "\0" * (-len(text) % 3)
    found = b""
    for at in range(0, len(text), 3):
        first, second, third = (_URN[letter] for letter in text[at : at + 3])
        found += (1600 * first + 40 * second + third + 1).to_bytes(2)
    return found


def university_id(item: str) -> bytes:
    """An item's id in eight bytes, as the university form packs it into a tag of 96 bits: at most 14 characters."""
    if len(item) < 8:
        return (bytes((len(item),)) + item.encode("ascii")).ljust(8, b"\0")
    first, second, third = (ord(letter) - 0x30 for letter in item[:3])
    digit, rest, last = int(item[3]), item[4:-1], ord(item[-1])
    low = len(item) | last << 4 | third << 12 | second << 18 | first << 24 | (digit & 3) << 30
    high = digit >> 2 | int(rest or "0") << 2
    return low.to_bytes(4, "little") + high.to_bytes(4, "little")


def tid_of(seed: str) -> bytes:
    """A TID of twelve bytes made from `seed`: the same one every time."""
    return bytes.fromhex("E28011602000") + hashlib.sha256(seed.encode()).digest()[:6]


def bare_tag(seed: str, label: str = "") -> Gen2Tag:
    """A tag as it comes from the factory: an EPC of 96 bits that says nothing; it and the TID are made from `seed`."""
    tid = tid_of(seed)
    return Gen2Tag(tid, bytearray(b"\x30\x00" + tid[:2] + hashlib.sha256(tid).digest()[:10]), label=label)


def national_tag(
    item: str, owner: str = "", afi: int = IN_STOCK, user: bytes = b"", label: str = "", copy: int = 0
) -> Gen2Tag:
    """A tag that carries `item`, of `owner` where one is given, after GB/T 35660.3; `copy` tells apart the TIDs of
    tags that carry the same. `user` fills its user bank, which has 64 bytes."""
    epc = urn_code_40(f"{owner}.{item}" if owner else item)
    pc = len(epc + b"\0") // 2 << 11 | (HAS_USER if user else 0) | ISO | afi
    held = bytearray(pc.to_bytes(2) + epc + b"\0" * (len(epc) % 2))
    return Gen2Tag(tid_of(f"{owner}/{item}/{copy}"), held, bytearray(user.ljust(64, b"\0")), label or item)


def university_tag(item: str, on_loan: bool = False, label: str = "") -> Gen2Tag:
    """A tag that carries `item` after the university form, in 96 bits; content index: owner and set."""
    epc = bytes((0x80 if on_loan else 0, 0, 0, 3)) + university_id(item)
    return Gen2Tag(tid_of(f"university/{item}"), bytearray(b"\x30\x00" + epc), label=label or item, university=True)
