"""FEIG OBID reader on a serial port: the tags on a shelf.

One command at a time, and the reader never speaks unasked. Its sign of life, after a question that stayed unanswered,
is its version (`edge.devices.dialogue`).

A tag that was reported keeps quiet until the field was off. So every inventory begins with an RF reset, and is begun
anew, never continued, when one of its answers is lost.
"""

import logging
from collections.abc import Callable
from typing import Annotated, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from edge.devices.dialogue import Dialogue
from edge.devices.kinds import Round, TagMemory
from edge.devices.port import Parity, Port
from edge.errors import DeviceFault, TagError
from edge.frames import hf
from edge.frames.hf import Answer, FrameError, IsoError, Request, Status
from protocol.names import TagUid

log = logging.getLogger(__name__)

MAX_PARTS = 100
"""Answers to one inventory after which the reader is taken for mad; 25 tags fit one."""
LAST_WORDS = {
    Status.NOT_AVAILABLE: "it is in scan mode and takes no commands; set it to host mode",
    Status.UNKNOWN_COMMAND: "it doesn't know the command",
    Status.LENGTH_ERROR: "it says that the command had a wrong length",
    Status.OUT_OF_RANGE: "it says that a parameter is out of range",
    Status.EEPROM_FAILURE: "its EEPROM failed",
    Status.HARDWARE_WARNING: "it warns of its hardware",
}
"""Statuses that are the reader's trouble, whatever was asked about tags."""
USER_AREA = {"E005": 3}
"""First block that users may write, of chips (first bytes of the UID) whose first blocks are the maker's: my-d."""
_TOO_MUCH = {IsoError.NOT_SUPPORTED, IsoError.NOT_RECOGNISED, IsoError.NO_OPTION, IsoError.UNKNOWN, IsoError.NO_BLOCK}
"""What tags say to a read of more blocks than they have or can give at once."""

_T = TypeVar("_T")


class FeigOptions(BaseModel):
    """[device.…] with driver = "feig-obid"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: Annotated[str, Field(min_length=1)]
    """Device file by its stable name (/dev/serial/by-id/…), or URL."""
    baud: Annotated[int, Field(ge=1200, le=921_600)] = 38_400
    parity: Parity = "even"
    address: Annotated[int, Field(ge=0, le=255)] = hf.ANY_ADDRESS
    """255: whichever reader is on the line."""
    answer_s: Annotated[float, Field(gt=0, le=30)] = 1.2
    """Longest wait for an answer; 3.5 for i-scan readers."""
    retries: Annotated[int, Field(ge=0, le=5)] = 2
    """Further tries when no answer comes."""
    ignore: tuple[TagUid, ...] = ()
    """Tags in the field that are nobody's items: glued to the furniture, or a neighbour's."""


class FeigReader:
    """A reader of the FEIG OBID family."""

    Options: ClassVar[type[BaseModel]] = FeigOptions

    def __init__(self, options: FeigOptions) -> None:
        self._options = options
        self._name = f"feig-obid {options.port}"
        sign = self._addressed(hf.software_version())
        self._line = Dialogue(
            Port(self._name, options.port, options.baud, options.parity),
            hf.Decoder(),
            bytes(sign),
            lambda answer: self._is_version(sign, answer),
            options.answer_s,
        )
        self._ignored = frozenset(options.ignore)
        self._at_once: dict[str, int] = {}
        """Blocks that tags of a maker and chip (first bytes of the UID) give in one read."""
        self._taken_at_once: dict[str, int] = {}
        """The same of one write."""

    def connect(self) -> str:
        """Opens the port and asks what the reader is; raises DeviceFault when it reads no ISO 15693 tags."""
        self._line.open()
        version = self._ask(hf.software_version(), hf.parse_version)
        if not version.reads_iso15693:
            raise DeviceFault(self._name, f"{version} doesn't read ISO 15693 tags")
        return str(version)

    def close(self) -> None:
        """Lets go of the port."""
        self._line.close()

    def round(self) -> Round:
        """One inventory from RF reset to the last part."""
        for _ in range(1 + self._options.retries):
            self._ask(hf.rf_reset(), _empty)
            found = self._inventory()
            if found is not None:
                return found
        raise DeviceFault(self._name, f"no answer to an inventory in {self._options.answer_s:g} s")

    def read(self, tag: TagUid, size: int = 34) -> TagMemory:
        """The tag's memory in whole blocks, `size` bytes or a few more; fewer where it has fewer."""
        answer = self._ask_tag(tag, hf.system_info(tag), lambda a: _about(tag, a))
        if isinstance(answer, hf.SystemInfo):
            data = self._read_from(tag, answer.block_size, answer.blocks, size)
            return TagMemory(answer.dsfid, answer.afi, answer.block_size, data)
        block_size = self._first_block(tag).size
        return TagMemory(0, None, block_size, self._read_from(tag, block_size, None, size))

    def write_afi(self, tag: TagUid, afi: int) -> None:
        """Writes the AFI, then believes only what the tag says it is."""
        self._set(tag, f"AFI {afi:02X}", hf.write_afi(tag, afi), afi, lambda info: info.afi)

    def write_dsfid(self, tag: TagUid, dsfid: int) -> None:
        """Writes the DSFID, then believes only what the tag says it is."""
        self._set(tag, f"DSFID {dsfid:02X}", hf.write_dsfid(tag, dsfid), dsfid, lambda info: info.dsfid)

    def write(self, tag: TagUid, data: bytes, block_size: int) -> None:
        """Writes as many blocks at once as reader and tag take, which is found out by trying."""
        chip, first = tag[:6], _user_area(tag)
        most = self._taken_at_once.get(chip, max(1, hf.MAX_BLOCK_BYTES // block_size))
        while data:
            count = min(most, -(-len(data) // block_size))
            part = data[: count * block_size]
            said = self._ask_tag(tag, hf.write_blocks(tag, first, block_size, part), _empty)
            if not isinstance(said, Answer):
                first, data = first + count, data[count * block_size :]
            elif count > 1 and _asked_too_much(said):
                most = self._taken_at_once[chip] = count // 2
            else:
                raise TagError(tag, f"{_block_named(said)} can't be written: {_reason(said)}")

    # --- inventory ---

    def _inventory(self) -> Round | None:
        """The parts of one inventory put together; None when an answer was lost."""
        tags: set[TagUid] = set()
        for part in range(MAX_PARTS):
            reply = self._exchange(hf.inventory(more=part > 0), lambda a: (a.status, hf.parse_inventory(a)))
            if reply is None:
                return None
            status, seen = reply
            self._refuse_reader(status)
            tags.update(tag.uid for tag in seen.tags)
            if status != Status.MORE:
                return Round(frozenset(tags - self._ignored), complete=status in (Status.OK, Status.NO_TAG))
        raise DeviceFault(self._name, f"an inventory didn't end after {MAX_PARTS} parts")

    # --- a tag's memory ---

    def _first_block(self, tag: TagUid) -> hf.Blocks:
        """One block, which tells the block size of a tag that doesn't."""
        answer = self._blocks(tag, _user_area(tag), 1)
        if isinstance(answer, hf.Blocks):
            return answer
        raise TagError(tag, _reason(answer))

    def _read_from(self, tag: TagUid, block_size: int, blocks: int | None, size: int) -> bytes:
        """Blocks from the user area's first on until `size` bytes are there or the tag has no more.

        `blocks` is what the reader says that there are; some say one less, so one more is tried, by itself.
        """
        chip, wanted, start = tag[:6], -(-size // block_size), _user_area(tag)
        most = self._at_once.get(chip, max(1, hf.MAX_BLOCK_BYTES // block_size))
        data = b""
        while (first := len(data) // block_size) < wanted:
            count = min(wanted - first, most)
            if blocks is not None:
                count = max(1, min(count, blocks - start - first))
            answer = self._blocks(tag, start + first, count)
            if isinstance(answer, Answer):
                if not _asked_too_much(answer):
                    raise TagError(tag, _reason(answer))
                if count == 1:
                    break
                most = count // 2
            elif answer.size != block_size:
                raise TagError(tag, f"its blocks have {block_size} bytes, and now {answer.size}")
            else:
                data += answer.data
                if count == most:
                    self._at_once[chip] = most
        return data

    def _set(self, tag: TagUid, what: str, request: Request, value: int, held: Callable[[hf.SystemInfo], int]) -> None:
        said = self._ask_tag(tag, request, _empty)
        if isinstance(said, Answer):
            raise TagError(tag, f"{what} can't be written: {_reason(said)}")
        info = self._ask_tag(tag, hf.system_info(tag), lambda a: _about(tag, a))
        if not isinstance(info, hf.SystemInfo) or held(info) != value:
            now = f"{held(info):02X}" if isinstance(info, hf.SystemInfo) else "unknown"
            raise TagError(tag, f"{what} was written, but read back it is {now}")

    def _blocks(self, tag: TagUid, first: int, count: int) -> hf.Blocks | Answer:
        return self._ask_tag(tag, hf.read_blocks(tag, first, count), lambda a: hf.parse_blocks(a, count))

    def _ask_tag(self, tag: TagUid, request: Request, parse: Callable[[Answer], _T]) -> _T | Answer:
        """What was asked for, or the answer that refuses it with an ISO 15693 or range error.

        Raises TagError when the tag can't be reached.
        """
        answer = self._ask(request, lambda a: _parsed_or_refused(a, parse))
        if not isinstance(answer, Answer):
            return answer
        if answer.status in (Status.ISO15693, Status.OUT_OF_RANGE, Status.WRITE_ERROR):
            return answer
        self._refuse_reader(answer.status)
        raise TagError(tag, _reason(answer))

    # --- questions and answers ---

    def _ask(self, request: Request, parse: Callable[[Answer], _T]) -> _T:
        """The parsed answer; raises DeviceFault when none comes in all tries."""
        for _ in range(1 + self._options.retries):
            reply = self._exchange(request, parse)
            if reply is not None:
                return reply
        raise DeviceFault(self._name, f"no answer to command {request.command:02X} in {self._options.answer_s:g} s")

    def _exchange(self, request: Request, parse: Callable[[Answer], _T]) -> _T | None:
        """The parsed answer, or None when none comes in time."""
        sent = self._addressed(request)
        return self._line.ask(bytes(sent), lambda answer: self._fitting(sent, answer, parse), self._options.answer_s)

    def _fitting(self, sent: Request, answer: Answer, parse: Callable[[Answer], _T]) -> _T | None:
        """The parsed answer; None when it answers something else."""
        if answer.command == sent.command and self._options.address in (hf.ANY_ADDRESS, answer.address):
            try:
                return parse(answer)
            except FrameError as wrong:
                log.debug("%s: %s: %s", self._name, bytes(answer).hex(" "), wrong)
        return None

    def _is_version(self, sent: Request, answer: Answer) -> bool:
        return self._fitting(sent, answer, hf.parse_version) is not None

    def _addressed(self, request: Request) -> Request:
        return Request(request.command, request.data, self._options.address)

    def _refuse_reader(self, status: int) -> None:
        for trouble, words in LAST_WORDS.items():
            if status == trouble:
                raise DeviceFault(self._name, words)


def _user_area(tag: TagUid) -> int:
    return USER_AREA.get(tag[:4], 0)


def _empty(answer: Answer) -> bool:
    if answer.data:
        raise FrameError("data where none were asked for")
    return True


def _about(tag: TagUid, answer: Answer) -> hf.SystemInfo:
    info = hf.parse_system_info(answer)
    if info.uid != tag:
        raise FrameError(f"system information of another tag, {info.uid}")
    return info


def _parsed_or_refused(answer: Answer, parse: Callable[[Answer], _T]) -> _T | Answer:
    return parse(answer) if answer.status == Status.OK else answer


def _asked_too_much(answer: Answer) -> bool:
    if answer.status == Status.ISO15693:
        return answer.data[:1] != b"" and answer.data[0] in _TOO_MUCH
    return answer.status == Status.OUT_OF_RANGE


def _block_named(answer: Answer) -> str:
    """The block that an unwilling answer to a write names, behind the tag's error where it has one."""
    named = answer.data[1:] if answer.status == Status.ISO15693 else answer.data
    return f"block {named[0]}" if named else "a block"


def _reason(answer: Answer) -> str:
    """What an unwilling answer says, in words."""
    code = answer.data[0] if answer.data else None
    if answer.status == Status.ISO15693 and code is not None:
        known = {int(error): error.name.lower().replace("_", " ") for error in IsoError}
        return f"the tag says {known.get(code, 'custom error')} ({code:02X})"
    words = {
        Status.NO_TAG: "it doesn't answer (any more)",
        Status.DATA_FALSE: "its answer came garbled",
        Status.WRITE_ERROR: "writing failed",
        Status.RF_ERROR: "it is at the edge of the field, or several answer at once",
    }
    return next((text for status, text in words.items() if status == answer.status), f"status {answer.status:02X}")
