"""3M 210 and 810 pad readers on a serial port: the tags on a desk's pad.

The reader answers every command and never speaks unasked. It reads tags with blocks of four bytes only. Of a tag that
lies badly it says that there is none, so what concerns one tag is asked several times.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from edge.devices.dialogue import Dialogue
from edge.devices.kinds import Round, TagMemory
from edge.devices.port import Port
from edge.errors import DeviceFault, TagError
from edge.frames import m810
from edge.frames.m810 import BLOCK, Command, Error, Frame, FrameError
from protocol.names import TagUid

log = logging.getLogger(__name__)

AT_ONCE = 8
"""Blocks asked for in one question."""
TAG_TRIES = 8
"""Questions about one tag: the reader often misses it at first (dpavlin/Biblio-RFID asks up to a hundred times)."""
_FLEETING: set[int] = {Error.NO_TAG, Error.NOT_READ, Error.NOT_WRITTEN, Error.UNKNOWN}
_T = TypeVar("_T")


class M810Options(BaseModel):
    """[device.…] with driver = "3m-810"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: Annotated[str, Field(min_length=1)]
    """Device file by its stable name (/dev/serial/by-id/…), or URL."""
    baud: Annotated[int, Field(ge=1200, le=921_600)] = 19_200
    answer_s: Annotated[float, Field(gt=0, le=30)] = 1.0
    """Longest wait for an answer."""
    retries: Annotated[int, Field(ge=0, le=5)] = 2
    """Further tries when no answer comes."""
    ignore: tuple[TagUid, ...] = ()
    """Tags in the field that are nobody's items: glued to the furniture, or a neighbour's."""


class M810Reader:
    """A 3M 210 or 810."""

    Options: ClassVar[type[BaseModel]] = M810Options

    def __init__(self, options: M810Options) -> None:
        self._options = options
        self._name = f"3m-810 {options.port}"
        self._ignored = frozenset(options.ignore)
        self._line = Dialogue(
            Port(self._name, options.port, options.baud),
            m810.Decoder(),
            bytes(m810.version()),
            lambda answer: answer.command == Command.VERSION and len(answer.data) == 5,
            options.answer_s,
        )

    def connect(self) -> str:
        """Opens the port and asks what the reader is; raises DeviceFault when it doesn't answer."""
        self._line.open()
        return f"3M pad reader {self._ask(m810.version(), m810.parse_version)}"

    def close(self) -> None:
        """Lets go of the port."""
        self._line.close()

    def round(self) -> Round:
        """One inventory."""
        return Round(self._ask(m810.inventory(), m810.parse_inventory) - self._ignored)

    def read(self, tag: TagUid, size: int = 34) -> TagMemory:
        """The tag's memory in whole blocks, `size` bytes or a few more; fewer where it has fewer."""
        dsfid = self._byte(Command.DSFID, tag) or 0
        return TagMemory(dsfid, self._byte(Command.AFI, tag), BLOCK, self._blocks(tag, -(-size // BLOCK)))

    def write_afi(self, tag: TagUid, afi: int) -> None:
        """Writes the AFI, then believes only what the tag says it is."""
        said = self._ask_tag(tag, m810.about(Command.WRITE_AFI, tag, afi), lambda answer: m810.parse_about(answer, tag))
        if isinstance(said, _Refusal):
            raise TagError(tag, f"AFI {afi:02X} can't be written: {_words(said.code)}")
        now = self._byte(Command.AFI, tag)
        if now != afi:
            raise TagError(tag, f"AFI {afi:02X} was written, but read back it is {'unknown' if now is None else now}")

    # --- one tag ---

    def _byte(self, command: Command, tag: TagUid) -> int | None:
        """Its AFI or DSFID; None where the tag has none. Raises TagError when it can't be reached."""
        said = self._ask_tag(tag, m810.about(command, tag), lambda answer: _one(m810.parse_about(answer, tag)))
        return None if isinstance(said, _Refusal) else said

    def _blocks(self, tag: TagUid, wanted: int) -> bytes:
        data, most = b"", AT_ONCE
        while (first := len(data) // BLOCK) < wanted:
            count = min(most, wanted - first)
            asked = m810.about(Command.READ, tag, first, count)
            said = self._ask_tag(tag, asked, lambda answer, at=first: m810.parse_blocks(answer, tag, at))  # type: ignore[misc]
            if isinstance(said, _Refusal):
                if said.code != Error.NO_BLOCK:
                    raise TagError(tag, _words(said.code))
                if count == 1:
                    break
                most = count // 2
            elif not said:
                break
            else:
                data += said
        return data

    def _ask_tag(self, tag: TagUid, request: Frame, parse: Callable[[Frame], _T]) -> "_T | _Refusal":
        """What was asked for, or the error that lasts; raises TagError when the tag can't be reached."""
        found: _T | _Refusal = _Refusal(Error.NO_TAG)
        for _ in range(TAG_TRIES):
            found = self._ask(request, lambda answer: _refused(answer) or parse(answer))
            if not isinstance(found, _Refusal) or found.code not in _FLEETING:
                return found
        if found == _Refusal(Error.NO_TAG):
            raise TagError(tag, "it doesn't answer (any more)")
        return found
        if found == Error.NO_TAG:
            raise TagError(tag, "it doesn't answer (any more)")
        return found

    # --- questions and answers ---

    def _ask(self, request: Frame, parse: Callable[[Frame], _T]) -> _T:
        """The parsed answer; raises DeviceFault when none comes in all tries."""
        for _ in range(1 + self._options.retries):
            reply = self._line.ask(bytes(request), lambda a: self._fitting(request, a, parse), self._options.answer_s)
            if reply is not None:
                return reply
        raise DeviceFault(self._name, f"no answer to command {request.command:02X} in {self._options.answer_s:g} s")

    def _fitting(self, sent: Frame, answer: Frame, parse: Callable[[Frame], _T]) -> _T | None:
        """The parsed answer; None when it answers something else."""
        if answer.command == sent.command:
            if sent.command in (Command.INVENTORY, Command.VERSION) and answer.data[:1] not in (b"\0", b"\x06"):
                raise DeviceFault(self._name, f"it says {_words(answer.data[0] if answer.data else 0)}")
            try:
                return parse(answer)
            except FrameError as wrong:
                log.debug("%s: %s: %s", self._name, bytes(answer).hex(" "), wrong)
        return None


@dataclass(frozen=True, slots=True)
class _Refusal:
    """An error that the reader answered with."""

    code: int


def _refused(answer: Frame) -> _Refusal | None:
    code = m810.error(answer)
    return _Refusal(code) if code else None


def _one(said: bytes) -> int:
    if len(said) != 1:
        raise FrameError("more or less than one byte")
    return said[0]


def _words(code: int) -> str:
    known = {int(error): error.name.lower().replace("_", " ") for error in Error}
    return f"the reader says {known.get(code, 'error')} ({code:02X})"
