"""R200 or M100 module on a serial port: the UHF tags on a shelf.

A round is one poll of many inventories, ended when the tags that are known were heard over and over and nothing new
came. The module says which tag it reads and writes only afterwards, so each is selected just before; and as a power cut
takes region and selection from it, every try begins with all it must know. A poll may still run from before the agent's
start: it is ended first.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import BaseModel, Field

from edge.devices.dialogue import Dialogue
from edge.devices.gen2 import TAG_ERRORS, Bank, Gen2Options, Gen2Reader, Refused, Sweep, Trouble
from edge.devices.port import Port
from edge.errors import DeviceFault
from edge.frames import r200
from edge.frames.r200 import Command, Error, Frame, FrameError, Refusal, Type, Words

log = logging.getLogger(__name__)

REGIONS = {"china-900": 0x01, "us": 0x02, "eu": 0x03, "china-800": 0x04, "korea": 0x06}
SELECT_FOR_ACCESS = 2
"""Selection is used for everything but inventories."""
QUIET_S = 0.1
"""The line must be quiet for so long after a poll was ended."""
LAST_WORDS = {
    Error.COMMAND: "it doesn't know the command, or a parameter is wrong",
    Error.HOP_FAILED: "it finds no free channel",
}
"""Errors that are the module's trouble, whatever was asked about tags."""
_TAG_TROUBLES = {
    Error.READ_FAILED: Trouble.WEAK,
    Error.WRITE_FAILED: Trouble.WEAK,
    Error.PASSWORD: Trouble.PASSWORD,
}

_T = TypeVar("_T")


class R200Options(Gen2Options):
    """[device.…] with driver = "uhf-r200"."""

    baud: Annotated[int, Field(ge=9600, le=921_600)] = 115_200
    ends: Literal["bb7e", "aadd"] = "bb7e"
    """First and last byte of every frame, by firmware."""
    answer_s: Annotated[float, Field(gt=0, le=30)] = 0.3
    """Longest wait for an answer."""
    region: Literal["china-900", "china-800", "us", "eu", "korea"] = "china-900"
    power_dbm: Annotated[float, Field(ge=0, le=33)] = 26.0
    settle: Annotated[int, Field(ge=1, le=20)] = 3
    """How often each tag must be heard, on the whole, without anything new."""
    round_s: Annotated[float, Field(ge=0.5, le=60)] = 6.0
    """Longest that a round takes."""


class R200Reader(Gen2Reader):
    """A module of the R200 and M100 kinds."""

    Options: ClassVar[type[BaseModel]] = R200Options

    def __init__(self, options: R200Options) -> None:
        super().__init__(options)
        self._options = options
        self._ends = r200.ENDS[options.ends]
        self._name = f"uhf-r200 {options.port}"
        self._line = Dialogue(
            Port(self._name, options.port, options.baud),
            r200.Decoder(self._ends),
            self._raw(r200.version()),
            lambda frame: frame.type == Type.ANSWER and frame.command == Command.VERSION,
            options.answer_s,
        )

    def connect(self) -> str:
        """Opens the port, ends what the module may be at, asks what it is, and sets it."""
        self._line.open()
        self._stop()
        says = self._ask(r200.version(), r200.parse_version)
        self._set_up()
        return says

    def close(self) -> None:
        """Lets go of the port."""
        self._line.close()

    def _stop(self) -> None:
        """Ends a poll, of ours or from before a restart, and lets the line fall quiet."""
        for _ in range(1 + self._options.retries):
            if self._line.ask(self._raw(r200.stop()), _is_stopped, self._options.answer_s):
                break
        deadline = time.monotonic() + QUIET_S
        for frame in self._line.hear():
            if frame is not None:
                deadline = time.monotonic() + QUIET_S
            if time.monotonic() >= deadline:
                return

    def _set_up(self) -> None:
        """Everything that a power cut takes from it."""
        for setting in (
            r200.set_region(REGIONS[self._options.region]),
            r200.set_power(self._options.power_dbm),
            r200.set_select_mode(SELECT_FOR_ACCESS),
        ):
            self._set(setting)

    def _set(self, setting: Frame) -> None:
        if not self._ask(setting, lambda frame: _if_done(frame)):
            raise DeviceFault(self._name, f"it refuses setting {setting.command:02X}")

    # --- inventory ---

    def _sweep(self, tids: bool = False) -> Sweep:
        for _ in range(1 + self._options.retries):
            self._set_up()
            sweep = self._poll()
            if sweep is not None:
                return sweep
        raise DeviceFault(self._name, f"no answer to a poll in {self._options.answer_s:g} s")

    def _poll(self) -> Sweep | None:
        """One poll from start to end; None when the module fell silent."""
        poll = _Poll(self._options.settle)
        self._line.tell(self._raw(r200.multi_poll()))
        begun = heard = now = time.monotonic()
        for frame in self._line.hear():
            now = time.monotonic()
            if frame is not None and poll.take(frame):
                heard = now
            if poll.settled or now - begun >= self._options.round_s or now - heard >= self._options.answer_s:
                break
        silent = now - heard >= self._options.answer_s
        if not self._end(poll) or silent:
            return None
        if poll.failed is not None:
            self._refuse(poll.failed)
            raise DeviceFault(self._name, f"a poll failed: error {poll.failed.code:02X}")
        return Sweep(poll.heard, poll.settled)

    def _end(self, poll: "_Poll") -> bool:
        """Ends the poll; what is heard until then counts."""

        def take(frame: Frame) -> bool | None:
            poll.take(frame)
            return _is_stopped(frame)

        tries = 1 + self._options.retries
        return any(self._line.ask(self._raw(r200.stop()), take, self._options.answer_s) for _ in range(tries))

    # --- a tag's memory ---

    def _fetch(self, epc: bytes, bank: Bank, first: int, count: int) -> bytes:
        count = min(count, r200.MAX_WORDS)
        asked = r200.read(bank, first, count, self._password)
        return self._access(epc, asked, lambda frame: r200.parse_words(frame, count)).data

    def _store(self, epc: bytes, bank: Bank, first: int, words: bytes) -> None:
        self._access(epc, r200.write(bank, first, words, self._password), r200.parse_written)

    def _access(self, epc: bytes, asked: Frame, parse: Callable[[Frame], Words]) -> Words:
        """What the tag with this EPC gives or takes; it is selected anew for each try."""
        if not epc:
            raise Refused(Trouble.OTHER)  # nothing to select it by
        for _ in range(1 + self._options.retries):
            self._set(r200.set_select_mode(SELECT_FOR_ACCESS))
            self._set(r200.select(epc))
            reply = self._exchange(asked, parse)
            if reply is None:
                continue
            self._refuse(reply)
            if isinstance(reply, Refusal):
                raise Refused(_trouble(reply))
            if reply.epc != epc and asked.command == Command.READ:
                raise Refused(Trouble.AWAY)
            return reply
        raise self._silent(asked)

    # --- questions and answers ---

    def _ask(self, asked: Frame, parse: Callable[[Frame], _T]) -> _T:
        """The parsed answer; raises DeviceFault when none comes in all tries, or an error."""
        for _ in range(1 + self._options.retries):
            reply = self._exchange(asked, parse)
            if isinstance(reply, Refusal):
                self._refuse(reply)
                raise DeviceFault(self._name, f"it refuses command {asked.command:02X}: error {reply.code:02X}")
            if reply is not None:
                return reply
        raise self._silent(asked)

    def _exchange(self, asked: Frame, parse: Callable[[Frame], _T]) -> _T | Refusal | None:
        """The parsed answer or error; None when neither comes in time."""

        def take(frame: Frame) -> _T | Refusal | None:
            try:
                if frame.type == Type.ANSWER and frame.command == Command.ERROR:
                    refusal = r200.parse_refusal(frame)
                    return None if refusal.code == Error.NO_TAG else refusal  # that is about a poll
                if frame.type == Type.ANSWER and frame.command == asked.command:
                    return parse(frame)
            except FrameError as wrong:
                log.debug("%s: %s: %s", self._name, bytes(frame).hex(" "), wrong)
            return None

        return self._line.ask(self._raw(asked), take, self._options.answer_s)

    def _refuse(self, reply: object) -> None:
        """Raises DeviceFault for an error that is the module's trouble."""
        if isinstance(reply, Refusal):
            for trouble, words in LAST_WORDS.items():
                if reply.code == trouble:
                    raise DeviceFault(self._name, words)

    def _silent(self, asked: Frame) -> DeviceFault:
        return DeviceFault(self._name, f"no answer to command {asked.command:02X} in {self._options.answer_s:g} s")

    def _raw(self, frame: Frame) -> bytes:
        return bytes(replace(frame, ends=self._ends))


class _Poll:
    """What a poll has brought so far."""

    def __init__(self, settle: int) -> None:
        self._settle = settle
        self._since = 0
        """Answers since the last that was new."""
        self.heard: dict[bytes, int] = {}
        self.answers = 0
        self.failed: Refusal | None = None

    @property
    def settled(self) -> bool:
        """Nothing more is to be expected."""
        return self.failed is not None or self._since >= self._settle * (1 + len(self.heard))

    def take(self, frame: Frame) -> bool:
        """Whether the frame belongs to the poll."""
        try:
            if frame.type == Type.ANSWER and frame.command == Command.ERROR:
                refusal = r200.parse_refusal(frame)
                if refusal.code != Error.NO_TAG:
                    self.failed = refusal
            else:
                self._see(r200.parse_seen(frame))
        except FrameError:
            return False
        self.answers += 1
        self._since += 1
        return True

    def _see(self, seen: r200.Seen) -> None:
        if seen.epc not in self.heard:
            self._since = -1
        self.heard[seen.epc] = max(seen.rssi, self.heard.get(seen.epc, seen.rssi))


def _is_stopped(frame: Frame) -> bool | None:
    return True if frame.type == Type.ANSWER and frame.command == Command.STOP else None


def _if_done(frame: Frame) -> bool:
    """Whether a setting was taken; raises FrameError."""
    if len(frame.data) != 1:
        raise FrameError("no acknowledgement")
    return frame.data == b"\x00"


def _trouble(refusal: Refusal) -> Trouble:
    if refusal.tag_error is not None:
        return TAG_ERRORS.get(refusal.tag_error, Trouble.OTHER)
    return {int(error): trouble for error, trouble in _TAG_TROUBLES.items()}.get(refusal.code, Trouble.OTHER)
