"""What readers of EPC Gen2 tags (UHF) have in common: how a tag is named, and where it keeps the state of lending.

A tag is named by its EPC, or by its TID where copied EPCs are feared. In the national form (GB/T 35660.3; bit 8 of the
control word) the state of lending is the control word's low byte, an AFI. In the university form it is the first bit of
the EPC, so lending changes the EPC, and that bit is no part of a tag's name. Nothing tells that form from others, so a
setting says whether the site's tags have it.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge.devices.kinds import Round, TagMemory
from edge.errors import TagError
from protocol.names import TagUid

ISO, HAS_USER = 0x0100, 0x0400
"""Bits of the control word: the id follows ISO (a national form), not GS1; user memory holds something."""
LENT = 0x80
"""Bit of the first EPC byte, university form."""
WORD = 2
MAX_NAME = 16
"""Bytes of a tag's name."""
ALL_HEARD = -128
"""dBm that every tag reaches."""

_T = TypeVar("_T")


class Bank(IntEnum):
    """A tag's memory banks."""

    PASSWORDS = 0
    EPC = 1
    """Checksum, control word, EPC."""
    TID = 2
    USER = 3


class Trouble(Enum):
    """Why a tag didn't do what it was told, in words."""

    AWAY = "it doesn't answer (any more)"
    WEAK = "it answers badly or not at all"
    NO_MEMORY = "it has no such memory"
    LOCKED = "its memory is locked"
    PASSWORD = "its access password is another one"
    POWER = "it gets too little power to be written"
    OTHER = "it refuses, and doesn't say why"


TAG_ERRORS = {0x03: Trouble.NO_MEMORY, 0x04: Trouble.LOCKED, 0x0B: Trouble.POWER}
"""What tags say of themselves (Gen2, annex of error codes)."""
_FLEETING = {Trouble.AWAY, Trouble.WEAK, Trouble.POWER}
"""Troubles that may be over a moment later."""


class Refused(Exception):
    """A tag didn't do what it was told."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


class Gen2Options(BaseModel):
    """What sections of all these readers have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: Annotated[str, Field(min_length=1)]
    """Device file by its stable name (/dev/serial/by-id/…), or URL."""
    retries: Annotated[int, Field(ge=0, le=5)] = 2
    """Further tries when no answer comes, or a tag hardly answers."""
    identify: Literal["epc", "tid"] = "epc"
    tid_words: Annotated[int, Field(ge=2, le=8)] = 6
    """Words of the TID that make a name."""
    university: bool = False
    in_stock_afi: Annotated[int, Field(ge=0, le=255)] = 0x07
    on_loan_afi: Annotated[int, Field(ge=0, le=255)] = 0xC2
    password: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{8}$")] = "00000000"
    """Access password, hex."""
    min_rssi: Annotated[int, Field(ge=ALL_HEARD, le=0)] = ALL_HEARD
    """dBm; tags that are heard more weakly stand elsewhere."""
    ignore: tuple[TagUid, ...] = ()
    """Tags in the field that are nobody's items: glued to the furniture, or a neighbour's."""

    @model_validator(mode="after")
    def _two_afis(self) -> Self:
        if self.in_stock_afi == self.on_loan_afi:
            raise ValueError("in_stock_afi and on_loan_afi are the same")
        return self


@dataclass(frozen=True, slots=True)
class Sweep:
    """What inventories brought, until they brought nothing new."""

    heard: Mapping[bytes, int]
    """EPC (or TID, if that was asked for) to how strongly it was heard at best, dBm."""
    complete: bool


class Gen2Reader(ABC):
    """The part of a driver that is about tags. The rest says how its reader makes inventories, reads and writes."""

    TELLS_TIDS = False
    """Its inventories can bring TIDs instead of EPCs."""

    def __init__(self, options: Gen2Options) -> None:
        self._gen2 = options
        self._ignored = frozenset(options.ignore)
        self._password = bytes.fromhex(options.password)
        self._epcs: dict[TagUid, bytes] = {}
        """Under which EPC a tag answered last."""

    @abstractmethod
    def _sweep(self, tids: bool = False) -> Sweep:
        """Inventories until nothing new is heard; raises DeviceError."""

    @abstractmethod
    def _fetch(self, epc: bytes, bank: Bank, first: int, count: int) -> bytes:
        """`count` words of the tag with this EPC; raises Refused, DeviceError."""

    @abstractmethod
    def _store(self, epc: bytes, bank: Bank, first: int, words: bytes) -> None:
        """Writes whole words to the tag with this EPC; raises Refused, DeviceError."""

    # --- what every tag reader does ---

    def round(self) -> Round:
        """Several inventories, until they bring nothing new."""
        if self._gen2.identify == "tid" and self.TELLS_TIDS:
            sweep = self._near(self._sweep(tids=True))
            return Round(frozenset(map(name_of, sweep.heard)) - self._ignored, sweep.complete)
        return self._look()

    def read(self, tag: TagUid, size: int = 34) -> TagMemory:
        """The tag's control word and EPC, and its user memory where that holds anything."""
        return self._reaching(tag, lambda epc: self._memory(epc, size))

    def write_afi(self, tag: TagUid, afi: int) -> None:
        """Writes the state of lending where the tag's form keeps it, then believes only what the tag says it is."""
        self._reaching(tag, lambda epc: self._lend(tag, epc, afi))

    # --- names ---

    def _look(self) -> Round:
        """A round that also learns under which EPC each tag answers."""
        sweep = self._near(self._sweep())
        complete = sweep.complete
        names: set[TagUid] = set()
        for epc in sweep.heard:
            name = self._named(epc)
            if name is None:
                complete = False
            else:
                self._epcs[name] = epc
                names.add(name)
        return Round(frozenset(names) - self._ignored, complete)

    def _near(self, sweep: Sweep) -> Sweep:
        heard = {epc: rssi for epc, rssi in sweep.heard.items() if rssi >= self._gen2.min_rssi}
        return Sweep(heard, sweep.complete)

    def _named(self, epc: bytes) -> TagUid | None:
        """The name of the tag with this EPC; None when it can't be found out now."""
        if self._gen2.identify == "epc":
            return name_of(self._without_loan(epc))
        try:
            return name_of(self._patiently(lambda: self._fetch(epc, Bank.TID, 0, self._gen2.tid_words)))
        except Refused as refused:
            if refused.trouble in _FLEETING:
                return next((name for name, known in self._epcs.items() if known == epc), None)
            return None

    def _without_loan(self, epc: bytes) -> bytes:
        return bytes((epc[0] & ~LENT,)) + epc[1:] if self._gen2.university and epc else epc

    def _reaching(self, tag: TagUid, do: Callable[[bytes], _T]) -> _T:
        """Does it with the EPC under which the tag answers, looked for anew when it doesn't; raises TagError."""
        trouble = Trouble.AWAY
        for again in range(1 + max(1, self._gen2.retries)):
            if again or tag not in self._epcs:
                self._look()
            epc = self._epcs.get(tag)
            if epc is None:
                break
            try:
                if self._gen2.identify == "tid" and self._named(epc) != tag:
                    raise Refused(Trouble.AWAY)
                return do(epc)
            except Refused as refused:
                trouble = refused.trouble
                if trouble not in _FLEETING:
                    break
                if trouble is Trouble.AWAY:
                    self._epcs.pop(tag, None)
        raise TagError(tag, trouble.value)

    # --- a tag's memory ---

    def _memory(self, epc: bytes, size: int) -> TagMemory:
        head = self._patiently(lambda: self._fetch(epc, Bank.EPC, 1, 1 + len(epc) // WORD))
        pc = int.from_bytes(head[:WORD], "big")
        if head[WORD:] != epc:
            raise Refused(Trouble.AWAY)
        user = self._user(epc, -(-size // WORD)) if pc & HAS_USER else b""
        return TagMemory(0, self._afi(pc, epc), WORD, user, pc, epc)

    def _user(self, epc: bytes, words: int) -> bytes:
        """So many words of user memory, or as many as there are."""
        data, most = b"", words
        while (first := len(data) // WORD) < words:
            count = min(most, words - first)
            try:
                data += self._patiently(lambda: self._fetch(epc, Bank.USER, first, count))  # noqa: B023
            except Refused as refused:
                if refused.trouble is not Trouble.NO_MEMORY:
                    raise
                if count == 1:
                    break
                most = count // 2
        return data

    def _patiently(self, fetch: Callable[[], bytes]) -> bytes:
        """Asks a tag that hardly answers again."""
        for _ in range(self._gen2.retries):
            try:
                return fetch()
            except Refused as refused:
                if refused.trouble is not Trouble.WEAK:
                    raise
        return fetch()

    # --- lending ---

    def _afi(self, pc: int, epc: bytes) -> int | None:
        """The state of lending as an AFI; None when the tag's form keeps none."""
        if pc & ISO:
            return pc & 0xFF
        if not self._gen2.university or not epc:
            return None
        return self._gen2.on_loan_afi if epc[0] & LENT else self._gen2.in_stock_afi

    def _lend(self, tag: TagUid, epc: bytes, afi: int) -> None:
        pc = int.from_bytes(self._patiently(lambda: self._fetch(epc, Bank.EPC, 1, 1)), "big")
        if pc & ISO:
            at, new, renamed = 1, (pc & 0xFF00 | afi).to_bytes(WORD, "big"), epc
        elif self._gen2.university and epc and afi in (self._gen2.in_stock_afi, self._gen2.on_loan_afi):
            first = epc[0] & ~LENT | (LENT if afi == self._gen2.on_loan_afi else 0)
            renamed = bytes((first,)) + epc[1:]
            at, new = 2, renamed[:WORD]
        else:
            raise TagError(tag, f"its form has no place for AFI {afi:02X}")
        if (pc.to_bytes(WORD, "big") if at == 1 else epc[:WORD]) == new:
            return
        try:
            self._store(epc, Bank.EPC, at, new)
        except Refused as refused:
            if refused.trouble in _FLEETING:
                raise
            raise TagError(tag, f"AFI {afi:02X} can't be written: {refused.trouble.value}") from None
        self._epcs[tag] = renamed
        held = self._patiently(lambda: self._fetch(renamed, Bank.EPC, at, 1))
        if held != new:
            raise TagError(tag, f"AFI {afi:02X} was written, but read back the word is {held.hex().upper()}")


def name_of(identity: bytes) -> TagUid:
    """A tag's name: its EPC or TID in hex. One shorter than 4 bytes is filled up with zeros; for one longer than
    MAX_NAME stand as many bytes of its SHA-256."""
    if len(identity) > MAX_NAME:
        identity = hashlib.sha256(identity).digest()[:MAX_NAME]
    return TagUid(identity.ljust(4, b"\0").hex().upper())
