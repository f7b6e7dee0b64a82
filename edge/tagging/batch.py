"""What to do with the tag that lies on the pad: write it for the item that is asked for, or refuse it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from edge.devices.kinds import TagMemory
from edge.frames import tagdata
from edge.frames.tagdata import Blank, Content, Damaged, ItemContent, PatronCard, Usage
from protocol.names import Isil, ItemId, TagUid

ASKED_BYTES = tagdata.WHOLE + 1
"""How much of a tag must be read to judge it: what is written at most, and the 00 behind it."""


class Form(StrEnum):
    """How the content is laid out."""

    BLOCK = "28560-3"
    STREAM = "28560-2"


DSFIDS = {Form.BLOCK: tagdata.DSFID_ISO28560_3, Form.STREAM: tagdata.DSFID_ISO28560_2}


@dataclass(frozen=True, slots=True)
class Wanted:
    """An item that is to get a tag."""

    item: ItemId
    owner: Isil
    printed: str = ""
    """The barcode on it, where that isn't `item`."""

    @property
    def content(self) -> ItemContent:
        """What its tag shall say."""
        return ItemContent(self.item, self.owner)

    def __str__(self) -> str:
        return f"item {self.item}" + (f" (printed: {self.printed})" if self.printed else "")


@dataclass(frozen=True, slots=True)
class Order:
    """How the whole batch is to be written."""

    form: Form = Form.BLOCK
    afi: int | None = 0x07
    """None: left as it is."""
    overwrite: bool = False
    """Also tags that say something else."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is known of tags."""

    used: Mapping[TagUid, ItemId] = field(default_factory=dict)
    """Written in this batch, or an item's by the list."""
    begun: Mapping[TagUid, ItemId] = field(default_factory=dict)
    """Writing failed after it may have changed something."""

    def wrote(self, tag: TagUid, item: ItemId) -> "Batch":
        """After the tag was written and read back."""
        return Batch({**self.used, tag: item}, {uid: each for uid, each in self.begun.items() if uid != tag})

    def failed(self, tag: TagUid, item: ItemId) -> "Batch":
        """After writing the tag ended with an error."""
        return Batch(self.used, {**self.begun, tag: item})


@dataclass(frozen=True, slots=True)
class Write:
    """The tag is to be given this."""

    data: bytes
    """Whole blocks."""
    dsfid: int
    afi: int | None
    content: ItemContent

    def missed(self, memory: TagMemory) -> str | None:
        """What of it a tag that was read again doesn't hold; None: it holds everything."""
        if memory.data[: len(self.data)] != self.data:
            return "read back, its memory is not what was written"
        if memory.dsfid != self.dsfid:
            return f"read back, its DSFID is {memory.dsfid:02X}, not {self.dsfid:02X}"
        if self.afi is not None and memory.afi != self.afi:
            held = "unknown" if memory.afi is None else f"{memory.afi:02X}"
            return f"read back, its AFI is {held}, not {self.afi:02X}"
        if tagdata.decode(memory.dsfid, memory.data, memory.block_size) != self.content:
            return "read back, it doesn't say what it should"
        return None


@dataclass(frozen=True, slots=True)
class Refuse:
    """The tag is to be left as it is; `why` is said of it."""

    why: str


def fits(content: ItemContent, form: Form) -> None:
    """Whether any tag can say that; raises ValueError with the reason when none can."""
    _encoded(content, form, tagdata.WHOLE)


def judge(wanted: Wanted, order: Order, batch: Batch, tag: TagUid, memory: TagMemory) -> Write | Refuse:
    """What to do with the only tag on the pad while `wanted` is asked for.

    `memory` has ASKED_BYTES, or all that the tag has.
    """
    other = batch.used.get(tag, wanted.item)
    if other != wanted.item:
        return Refuse(f"it is the tag of item {other} already")
    try:
        write = Write(_image(wanted.content, order.form, memory), DSFIDS[order.form], order.afi, wanted.content)
    except ValueError as small:
        return Refuse(f"the content doesn't go on it: {small}")
    if order.overwrite:
        return write
    other = batch.begun.get(tag, wanted.item)
    if other != wanted.item:
        return Refuse(f"writing it for item {other} was begun and not finished")
    content = tagdata.decode(memory.dsfid, memory.data, memory.block_size)
    if _is_free(content, wanted.content) or tag in batch.begun or _begins(memory, write.data):
        return write
    return Refuse(f"it isn't blank: {_told(content)}")


def _is_free(content: Content, wanted: ItemContent) -> bool:
    """Nothing is lost when `wanted` is written: the tag is blank, or says it already, be it without the owner."""
    if isinstance(content, ItemContent) and content.owner is None:
        content = replace(content, owner=wanted.owner)
    return isinstance(content, Blank) or content == wanted


def _begins(memory: TagMemory, data: bytes) -> bool:
    """Whether the tag is blank but for blocks of what shall be written: a write that an earlier run didn't finish."""
    size = memory.block_size
    for at in range(0, len(data), size):
        block = memory.data[at : at + size]
        if block != data[at : at + size]:
            rest = memory.data[at:]
            return at > 0 and rest == rest[:1] * len(rest) and rest[0] in tagdata.FILLINGS
    return True


def _image(content: ItemContent, form: Form, memory: TagMemory) -> bytes:
    """The content in whole blocks, ended by 00 where the tag goes on behind it; raises ValueError."""
    room = len(memory.data)
    data = _encoded(content, form, room)
    if len(data) > room:
        raise ValueError(f"it takes {len(data)} bytes, and the tag gives {room}")
    ended = data + bytes(min(1, room - len(data)))
    return ended + bytes(-len(ended) % memory.block_size)


def _encoded(content: ItemContent, form: Form, room: int) -> bytes:
    if form is Form.STREAM:
        return tagdata.encode_stream(content)
    return tagdata.encode(content, tagdata.WHOLE if room >= tagdata.WHOLE else tagdata.LEAST)


def _told(content: Content) -> str:
    match content:
        case ItemContent():
            of = f" of {content.owner}" if content.owner else ""
            part = f", part {content.part} of {content.parts}" if content.parts > 1 else ""
            usage = content.usage.name.lower().replace("_", " ")
            return f"it says item {content.item}{of}{part}" + (
                f", {usage}" if content.usage != Usage.CIRCULATING else ""
            )
        case PatronCard():
            return "it is a patron's card"
        case Damaged():
            return f"it holds something that can't be read ({content.why})"
        case Blank():
            return "it is blank"
