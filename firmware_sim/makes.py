"""Every device on a serial line that can be emulated, by name.

A make is put together from what is around it: the tags in its field, the cards held to it, the locks that hang on it
or the codes before its window. Nothing here knows the drivers but by
their names in site.toml.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from firmware_sim.chips import gm65, lockers, uhf18
from firmware_sim.chips.hf import CPR02, LESS_ONE, MR101, FeigReader, Model
from firmware_sim.chips.m810 import M810
from firmware_sim.chips.r200 import R200Module
from firmware_sim.chips.rdm import RdmReader
from firmware_sim.faults import Faults
from firmware_sim.gen2 import Gen2Tag, bare_tag, national_tag
from firmware_sim.transponders import Card, Tag, Transponder, item_tag, uid_of
from firmware_sim.wires import SerialChip


@dataclass(frozen=True, slots=True)
class Around:
    """What a chip is put into; each make uses what concerns it."""

    faults: Faults
    device: str
    """What it is called where faults are set: its kind first, "reader-A"."""
    seed: int = 0
    speed: float = 1.0
    """How much faster than a real one it is."""
    tags: Callable[[], Sequence[Tag]] = tuple
    """The tags in its field now."""
    cards: Callable[[], Sequence[Card]] = tuple
    """The cards held to it now."""
    codes: Callable[[], Sequence[bytes]] = tuple
    """What is printed in the codes before its window now."""
    locks: Sequence[Sequence[lockers.Latch]] = ()
    """The locks of each board on its line."""
    written: Callable[[Tag], None] = field(default=lambda tag: None)
    """Called after each block that is written."""


class Air(StrEnum):
    """Which tags a reader hears."""

    HF = "ISO 15693"
    UHF = "EPC Gen2"


@dataclass(frozen=True, slots=True)
class Make:
    """One make of device."""

    driver: str
    """What works with it, in site.toml."""
    kind: str
    """As the drivers' registry names kinds: "tag reader", "card reader", "locker board", "scanner"."""
    says: str
    """One line for people: what it is, its speed."""
    build: Callable[[Around], SerialChip]
    air: Air = Air.HF
    """Of a tag reader."""
    block_size: int = 0
    """The only one of tags that a tag reader can read; 0: any."""
    holds: int = 0
    """Tags that a tag reader can tell apart at once; 0: any number."""
    locks: int = 0
    """Of a locker board: how many one has."""


_T = TypeVar("_T", bound=Tag)


def _heard(around: Around, kind: type[_T]) -> Callable[[], list[_T]]:
    """Of what lies in a reader's field, what it can hear at all."""
    return lambda: [tag for tag in around.tags() if isinstance(tag, kind)]


def _feig(model: Model) -> Callable[[Around], SerialChip]:
    def build(around: Around) -> SerialChip:
        return FeigReader(
            _heard(around, Transponder),
            around.faults,
            around.device,
            model,
            seed=around.seed,
            speed=around.speed,
            on_block=around.written,
        )

    return build


def _uhf18(model: uhf18.Model) -> Callable[[Around], SerialChip]:
    def build(around: Around) -> SerialChip:
        return uhf18.Uhf18Reader(
            _heard(around, Gen2Tag),
            around.faults,
            around.device,
            model,
            seed=around.seed,
            speed=around.speed,
            on_word=around.written,
        )

    return build


def _r200(around: Around) -> SerialChip:
    return R200Module(
        _heard(around, Gen2Tag),
        around.faults,
        around.device,
        seed=around.seed,
        speed=around.speed,
        on_word=around.written,
    )


def _m810(around: Around) -> SerialChip:
    return M810(
        _heard(around, Transponder),
        around.faults,
        around.device,
        seed=around.seed,
        speed=around.speed,
        on_block=around.written,
    )


def _rdm(once: bool) -> Callable[[Around], SerialChip]:
    def build(around: Around) -> SerialChip:
        return RdmReader(around.cards, around.faults, around.device, once, seed=around.seed, speed=around.speed)

    return build


def _gm65(model: gm65.Model) -> Callable[[Around], SerialChip]:
    def build(around: Around) -> SerialChip:
        return gm65.Gm65(around.codes, around.faults, around.device, model, seed=around.seed, speed=around.speed)

    return build


def _locks(kind: type[lockers.BoardLine], **more: lockers.Variant) -> Callable[[Around], SerialChip]:
    def build(around: Around) -> SerialChip:
        return kind(around.locks, around.faults, around.device, around.speed, **more)

    return build


_LATE = _locks(lockers.Lockboard, variant=lockers.LATE)

MAKES: Mapping[str, Make] = {
    "feig-obid": Make("feig-obid", "tag reader", "FEIG ID ISC.MR101, ISO 15693: 38400 baud, even parity", _feig(MR101)),
    "feig-cpr": Make(
        "feig-obid",
        "tag reader",
        "FEIG ID CPR.02, ISO 15693, four tags at once: 38400 baud, even parity",
        _feig(CPR02),
        holds=CPR02.holds,
    ),
    "feig-less-one": Make(
        "feig-obid", "tag reader", "as feig-obid, but tells how many blocks a tag has less one", _feig(LESS_ONE)
    ),
    "uhfreader18": Make(
        "uhfreader18", "tag reader", "UHFReader18, EPC Gen2: 57600 baud", _uhf18(uhf18.READER18), Air.UHF
    ),
    "uhfreader288": Make(
        "uhfreader18",
        "tag reader",
        "UHFReader288, EPC Gen2, tells how strongly tags are heard: 57600 baud",
        _uhf18(uhf18.READER288),
        Air.UHF,
    ),
    "rdm6300": Make("rdm6300", "card reader", "RDM6300, cards of 125 kHz, EM4100: 9600 baud, only speaks", _rdm(False)),
    "rdm6300-once": Make("rdm6300", "card reader", "as rdm6300, but says each card once, when it comes", _rdm(True)),
    "gm65": Make("gm65", "scanner", "GM65, barcodes and QR codes: 9600 baud, CR behind a text", _gm65(gm65.GM65)),
    "em1365": Make("gm65", "scanner", "EM1365, as gm65, but CR LF behind a text", _gm65(gm65.EM1365)),
    "3m-810": Make("3m-810", "tag reader", "3M 810 pad reader, ISO 15693: 19200 baud", _m810, block_size=4),
    "kerong-cu16": Make(
        "kerong-cu16", "locker board", "KERONG CU16, 16 locks: 19200 baud", _locks(lockers.Cu16), locks=16
    ),
    "kerong-cu48": Make(
        "kerong-cu48", "locker board", "KERONG CU48, 48 locks: 19200 baud", _locks(lockers.Cu48), locks=48
    ),
    "kerong-cu12-v2": Make(
        "kerong-cu12-v2", "locker board", "KERONG CU12, newer: 19200 baud", _locks(lockers.Cu12), locks=12
    ),
    "lockboard-wkly": Make("lockboard-wkly", "locker board", "WKLY: 9600 baud", _locks(lockers.Wkly), locks=16),
    "lockboard-8a": Make(
        "lockboard-8a", "locker board", "8A kind, Shuoming: 9600 baud", _locks(lockers.Lockboard), locks=16
    ),
    "lockboard-8a-late": Make(
        "lockboard-8a", "locker board", "as lockboard-8a, wired the other way round, late", _LATE, locks=16
    ),
    "uhf-r200": Make("uhf-r200", "tag reader", "R200 or M100 module, EPC Gen2: 115200 baud", _r200, Air.UHF),
}


def build(name: str, around: Around) -> SerialChip:
    """The chip of that name; raises ValueError naming those there are."""
    if name not in MAKES:
        raise ValueError(f"there is no make {name!r}; there are {', '.join(sorted(MAKES))}")
    return MAKES[name].build(around)


def labelled(name: str, item: str, owner: str) -> Tag:
    """A tag with an item written on it, of the kind that a reader of that make hears."""
    return national_tag(item, owner) if MAKES[name].air is Air.UHF else item_tag(item, owner)


def glued(name: str, seed: str, label: str) -> Tag:
    """A tag to be fixed under a reader of that make: it says nothing but who it is, which is made from `seed`."""
    if MAKES[name].air is Air.UHF:
        return bare_tag(seed, label)
    return Transponder(uid_of(seed), label=label)
