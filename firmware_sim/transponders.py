"""What is read: tags of ISO 15693 in items, cards of ISO 14443A in hands, and what standards let them do.

Tags of EPC Gen2 are in `firmware_sim.gen2`; to hands and shelves all are a `Tag`.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from firmware_sim import crc

IN_STOCK, ON_LOAN = 0x07, 0xC2
"""AFI pair of ISO 28560 libraries: gates alarm at the first."""
DSFID_ITEM_BLOCK = 0x3E
"""DSFID of a tag coded after ISO 28560-3."""


class Tag(Protocol):
    """A tag of whatever kind, as hands and shelves know it."""

    label: str
    """For people only."""
    chance: float
    """How likely one round reads it where it stands: 0 = shadowed, 0.3 to 0.7 = at the edge of the field."""

    @property
    def uid(self) -> str:
        """What a site calls it, upper-case hex."""
        ...

    @property
    def afi(self) -> int | None:
        """IN_STOCK, ON_LOAN or another; None where it doesn't tell."""
        ...

    def wake(self) -> None:
        """The field came, or came back: whatever the tag remembered of the last one is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A make of ISO 15693 chip."""

    name: str
    prefix: str
    """How its UIDs start, hex."""
    blocks: int
    block_size: int
    first: int = 0
    """The first block that users may write."""
    reads: int = 0
    """Blocks one read may ask for; 0: any number."""
    reference: int = 0x01
    """IC reference that it states in its system information."""


SLIX = Kind("NXP ICODE SLIX", "E00401", 28, 4)
SLI_S = Kind("NXP ICODE SLI-S", "E00402", 40, 4, reference=0x02)
SLI_L = Kind("NXP ICODE SLI-L", "E00403", 8, 4, reference=0x03)
TAGIT = Kind("TI Tag-it HF-I Plus", "E007", 64, 4, reference=0x8B)
FUJITSU = Kind("Fujitsu MB89R118", "E00801", 250, 8, reads=2)
MY_D = Kind("Infineon my-d", "E005", 32, 8, first=3)
KINDS = (SLIX, SLI_S, SLI_L, TAGIT, FUJITSU, MY_D)


class TagRefused(Exception):
    """The tag answers with an error of ISO 15693 (`code`)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the tag answers with error {code:02X}")
        self.code = code


class TagState(Enum):
    """Where a tag stands in ISO 15693-3; without a field it has no state and comes back READY."""

    READY = "ready"
    QUIET = "quiet"
    SELECTED = "selected"


@dataclass(eq=False, slots=True)
class Transponder:
    """One ISO 15693 tag. Its memory is in tag order, block 0 first."""

    uid: str
    """Sixteen hex digits, most significant byte first."""
    kind: Kind = SLIX
    dsfid: int = 0
    afi: int | None = 0
    """None: a chip without AFI."""
    label: str = ""
    """For people only: what is printed on the item."""
    chance: float = 1.0
    """How likely one round reads it where it stands: 0 = shadowed, 0.3 to 0.7 = at the edge of the field."""
    afi_locked: bool = False
    dsfid_locked: bool = False
    locked: set[int] = field(default_factory=set)
    memory: bytearray = field(default_factory=bytearray)
    state: TagState = TagState.READY

    def __post_init__(self) -> None:
        self.uid = self.uid.upper()
        if len(bytes.fromhex(self.uid)) != 8:
            raise ValueError(f"{self.uid!r} is not the UID of an ISO 15693 tag: sixteen hex digits")
        size = self.kind.blocks * self.kind.block_size
        if len(self.memory) > size:
            raise ValueError(f"a {self.kind.name} holds {size} bytes, not {len(self.memory)}")
        self.memory.extend(bytes(size - len(self.memory)))

    def wake(self) -> None:
        """The field came, or came back: whatever the tag remembered of the last one is gone."""
        self.state = TagState.READY

    def read(self, first: int, count: int) -> list[bytes]:
        """`count` blocks from `first`; raises TagRefused."""
        if count < 1 or first + count > self.kind.blocks:
            raise TagRefused(0x10)
        if self.kind.reads and count > self.kind.reads:
            raise TagRefused(0x0F)
        size = self.kind.block_size
        return [bytes(self.memory[n * size : (n + 1) * size]) for n in range(first, first + count)]

    def write(self, block: int, data: bytes) -> None:
        """Writes one block; raises TagRefused and then hasn't changed."""
        size = self.kind.block_size
        if not self.kind.first <= block < self.kind.blocks or len(data) != size:
            raise TagRefused(0x10)
        if block in self.locked:
            raise TagRefused(0x12)
        self.memory[block * size : (block + 1) * size] = data

    def lock(self, block: int) -> None:
        """Locks one block for ever; raises TagRefused."""
        if not 0 <= block < self.kind.blocks:
            raise TagRefused(0x10)
        if block in self.locked:
            raise TagRefused(0x11)
        self.locked.add(block)

    def set_afi(self, afi: int) -> None:
        """Writes the AFI; raises TagRefused."""
        if self.afi is None:
            raise TagRefused(0x01)
        if self.afi_locked:
            raise TagRefused(0x12)
        self.afi = afi

    def set_dsfid(self, dsfid: int) -> None:
        """Writes the DSFID; raises TagRefused."""
        if self.dsfid_locked:
            raise TagRefused(0x12)
        self.dsfid = dsfid


def item_block(item: str, owner: str, size: int = 34, parts: int = 1, part: int = 1, usage: int = 1) -> bytes:
    """The ISO 28560-3 basic block of an item in `size` bytes (32 or 34), its check included.

    `item` is at most 16 ASCII characters; `owner` an ISIL with a country's two letters before its first hyphen.
    """
    country, _, library = owner.partition("-")
    room = size - 23
    if len(item.encode("ascii")) > 16:
        raise ValueError(f"{item!r} is too long for a tag: at most 16 characters")
    if len(country) != 2 or len(library.encode("ascii")) > room:
        raise ValueError(f"{owner!r} doesn't fit a tag: two letters, a hyphen, at most {room} characters")
    head = bytes((usage << 4 | 1, parts, part)) + item.encode("ascii").ljust(16, b"\0")
    tail = country.encode("ascii") + library.encode("ascii").ljust(room, b"\0")
    return head + crc.item(head + tail.ljust(13, b"\0")).to_bytes(2, "little") + tail


def uid_of(seed: str, kind: Kind = SLIX) -> str:
    """A UID of that kind of chip made from `seed`: the same one every time."""
    digits = 16 - len(kind.prefix)
    return kind.prefix + hashlib.sha256(seed.encode()).hexdigest()[:digits].upper()


def item_tag(
    item: str, owner: str, uid: str | None = None, kind: Kind = SLIX, afi: int | None = IN_STOCK, label: str = ""
) -> Transponder:
    """A tag that carries `owner`'s `item` after ISO 28560-3; its UID is made from both where none is given."""
    space = (kind.blocks - kind.first) * kind.block_size
    tag = Transponder(uid or uid_of(f"{owner}/{item}", kind), kind, DSFID_ITEM_BLOCK, afi, label or item)
    block = item_block(item, owner, 34 if space >= 34 else 32)
    start = kind.first * kind.block_size
    tag.memory[start : start + len(block)] = block
    return tag


def blank_tag(seed: str, kind: Kind = SLIX, fill: int = 0x00) -> Transponder:
    """A tag that nobody coded: memory all `fill`, no DSFID, AFI 00; its UID is made from `seed`."""
    return Transponder(uid_of(seed, kind), kind, memory=bytearray([fill]) * (kind.blocks * kind.block_size))


class CardState(Enum):
    """Where a card stands in ISO 14443-3."""

    IDLE = "idle"
    READY = "ready"
    ACTIVE = "active"
    HALT = "halt"


REQA, WUPA = 0x26, 0x52
_LEVELS = {0x93: 0, 0x95: 1, 0x97: 2}
_CASCADE_TAG = 0x88
_NOT_COMPLETE = 0x04


def to_bits(data: bytes) -> list[int]:
    """The bits of a frame as they go on air: each byte's lowest first."""
    return [byte >> n & 1 for byte in data for n in range(8)]


def from_bits(bits: list[int]) -> bytes:
    """Bytes of bits from the air; an incomplete last byte is filled with zeros above."""
    return bytes(sum(bit << n for n, bit in enumerate(bits[at : at + 8])) for at in range(0, len(bits), 8))


@dataclass(eq=False, slots=True)
class Card:
    """One ISO 14443A card: it answers frames by its state. `crypto` and key checks are the reader chip's affair.

    With a UID of ten digits it is a 125 kHz card, EM4100, which answers nothing and only says its number all the time.
    """

    uid: str
    """Eight, fourteen or twenty hex digits, as they come on air; ten: version and number of a 125 kHz card."""
    atqa: bytes = b""
    sak: int = 0x08
    label: str = ""
    chance: float = 1.0
    """How likely one frame reaches it where it is held."""
    key: bytes = b"\xff" * 6
    blocks: dict[int, bytes] = field(default_factory=dict)
    """Blocks of a Classic card that aren't all zeros."""
    rename: Callable[[], str] | None = None
    """Gives a new UID each time the field comes: phones."""
    state: CardState = CardState.IDLE
    open: bool = False
    """Authenticated since it was selected."""
    _halted: bool = False
    _level: int = 0
    _writing: int | None = None

    def __post_init__(self) -> None:
        self.uid = self.uid.upper()
        size = len(bytes.fromhex(self.uid))
        if size not in (4, 5, 7, 10):
            raise ValueError(f"{self.uid!r} is not a card's UID: 4, 5, 7 or 10 bytes")
        self.atqa = self.atqa or {4: b"\x04\x00", 5: b"", 7: b"\x44\x00", 10: b"\x84\x00"}[size]

    @property
    def is_em(self) -> bool:
        """Whether it is a card of 125 kHz."""
        return len(self.uid) == 10

    def wake(self) -> None:
        """The field came: nothing is remembered of the last one."""
        self.state, self._halted, self._level, self._writing, self.open = CardState.IDLE, False, 0, None, False
        if self.rename is not None:
            self.uid = self.rename().upper()

    def receive(self, bits: list[int]) -> list[int] | None:
        """The card's answer to a frame of these bits, None when it stays silent."""
        frame = from_bits(bits)
        if len(bits) == 7:
            return self._request(frame[0])
        if self.state is CardState.READY and len(frame) > 1 and _LEVELS.get(frame[0]) == self._level:
            return self._select(frame, bits)
        if self.state is CardState.ACTIVE and len(frame) > 2 and crc.card(frame[:-2]) == frame[-2:]:
            return self._active(frame[:-2])
        return self._fall()

    def unlock(self, key: bytes) -> bool:
        """Authenticates with `key`, A or B; silence and the fall back to idle otherwise."""
        self.open = self.state is CardState.ACTIVE and self.sak in (0x08, 0x18) and key == self.key
        if not self.open:
            self._fall()
        return self.open

    def parts(self) -> list[bytes]:
        """What each cascade level says: four bytes and their check."""
        uid = bytes.fromhex(self.uid)
        fours = []
        while len(uid) > 4:
            fours.append(bytes((_CASCADE_TAG, *uid[:3])))
            uid = uid[3:]
        return [four + bytes((four[0] ^ four[1] ^ four[2] ^ four[3],)) for four in (*fours, uid)]

    def _request(self, code: int) -> list[int] | None:
        if (self.state is CardState.IDLE and code in (REQA, WUPA)) or (self.state is CardState.HALT and code == WUPA):
            self._halted = self.state is CardState.HALT
            self.state, self._level = CardState.READY, 0
            return to_bits(self.atqa)
        return None if self.state is CardState.HALT else self._fall()

    def _select(self, frame: bytes, bits: list[int]) -> list[int] | None:
        part = self.parts()[self._level]
        known = (frame[1] >> 4) * 8 + (frame[1] & 7) - 16
        if known == 40:
            if frame[2:7] != part or crc.card(frame[:7]) != frame[7:]:
                return self._fall()
            return self._chosen()
        if not 0 <= known < 40 or bits[16:] != to_bits(part)[:known]:
            return self._fall() if not 0 <= known < 40 else None
        return to_bits(part)[known:]

    def _chosen(self) -> list[int]:
        last = self._level == len(self.parts()) - 1
        self._level += 1
        if last:
            self.state, self.open, self._writing = CardState.ACTIVE, False, None
        said = bytes((self.sak if last else _NOT_COMPLETE,))
        return to_bits(said + crc.card(said))

    def _active(self, frame: bytes) -> list[int] | None:
        if frame == b"\x50\x00":
            self.state, self.open = CardState.HALT, False
            return None
        if self._writing is not None and len(frame) == 16:
            self.blocks[self._writing], self._writing = frame, None
            return [0, 1, 0, 1]
        if self.open and len(frame) == 2 and frame[0] == 0x30:
            data = self.blocks.get(frame[1], bytes(16))
            return to_bits(data + crc.card(data))
        if self.open and len(frame) == 2 and frame[0] == 0xA0:
            self._writing = frame[1]
            return [0, 1, 0, 1]
        return self._fall()

    def _fall(self) -> list[int] | None:
        self.state = CardState.HALT if self._halted else CardState.IDLE
        self.open, self._writing = False, None
        return None


def phone(digits: Callable[[], str], label: str = "a phone") -> Card:
    """A phone: ISO 14443-4, a new random UID starting 08 in every field; `digits` gives six hex digits."""
    return Card("08" + digits(), atqa=b"\x04\x00", sak=0x20, label=label, rename=lambda: "08" + digits())
