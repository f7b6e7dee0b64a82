"""A scanner of the GM65 kind on a serial port: barcodes of items, QR codes on phones.

Settings are made on each connection and looked at now and then, since they go with the supply, and since whoever holds
the maker's setup codes before the window changes them. They are never saved: flash wears. A code's text comes with no
check of its own and is passed on as it came; what it means is told by what it is looked up in.
"""

import time
from collections import deque
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge.devices.port import Port
from edge.errors import DeviceFault
from edge.frames import gm65
from edge.frames.gm65 import Answer, Request, Text

WAIT_S = 0.1
"""The longest that a call waits for a code."""
READ_TIME = 30
"""How long one reading in command mode may take, in tenths of a second, as zones count."""
TRIES = 2
MANY = 20
"""Texts kept that nobody asked for yet."""


class Gm65Options(BaseModel):
    """[device.…] with driver = "gm65"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: Annotated[str, Field(min_length=1)]
    """Device file by its stable name (/dev/serial/by-id/…), or URL."""
    baud: Annotated[int, Field(ge=1200, le=921_600)] = 9600
    mode: Literal["continuous", "command", "motion"] = "continuous"
    """continuous: reads all the time. command: reads when told to, which is always. motion: when something moves."""
    form_zone: Annotated[int, Field(ge=0, le=0xFFFF)] = gm65.FORM
    """The zone that says what is put around a text; models differ. 0: left as it was set by hand."""
    gap_ms: Annotated[int, Field(ge=10, le=500)] = 50
    """Silence that ends a text without suffix."""
    answer_s: Annotated[float, Field(gt=0, le=5)] = 0.3
    """Longest wait for an answer."""
    check_s: Annotated[float, Field(gt=0, le=3600)] = 30
    """How often it is asked whether it is there and still set as it should be."""
    again_s: Annotated[float, Field(ge=0, le=60)] = 2
    """A code that was away for so long is a new reading."""


class Gm65Scanner:
    """A scanner of the GM65 kind."""

    Options: ClassVar[type[BaseModel]] = Gm65Options

    def __init__(self, options: Gm65Options) -> None:
        self._options = options
        self._name = f"gm65 {options.port}"
        self._port = Port(self._name, options.port, options.baud, pause_s=options.gap_ms / 1000)
        self._decoder = gm65.Decoder()
        self._texts: deque[str] = deque(maxlen=MANY)
        self._answers: list[Answer] = []
        self._seen: dict[str, float] = {}
        """Texts and when each was last read."""
        self._checked = 0.0
        self._reads_until = 0.0
        self._owed = False
        """An answer may still come to a question that was given up."""

    @property
    def dropped(self) -> int:
        """Texts thrown away: too long, broken, or of no known encoding."""
        return self._decoder.dropped

    def connect(self) -> str:
        """Opens the port and sets the scanner; raises DeviceFault when it doesn't answer."""
        self._port.open()
        self._texts.clear()
        self._reads_until = 0.0
        self._set_up()
        return f"GM65 kind of scanner, {self._options.mode} mode"

    def close(self) -> None:
        """Lets go of the port."""
        self._port.close()

    def scan(self) -> str | None:
        """The text of a code read since the last call, None when there is none."""
        end = time.monotonic() + WAIT_S
        if not self._texts and time.monotonic() - self._checked >= self._options.check_s:
            self._set_up()
        if self._options.mode == "command" and time.monotonic() >= self._reads_until:
            self._ask(gm65.write(gm65.TRIGGER, 1), 1)
            self._reads_until = time.monotonic() + READ_TIME / 10 + 0.5
        while not self._texts and time.monotonic() < end:
            self._listen()
        return self._texts.popleft() if self._texts else None

    # --- settings ---

    def _set_up(self) -> None:
        options = self._options
        self._set(gm65.MODE, 0x03, gm65.MODES[options.mode])
        if options.mode == "command":
            self._set(gm65.READ_TIME, 0xFF, READ_TIME)
        if options.form_zone:
            self._set(options.form_zone, 0x7F, 0x01)  # an end, CR, and nothing else around a text
        self._checked = time.monotonic()

    def _set(self, zone: int, mask: int, value: int) -> None:
        """Makes the bits of `mask` in a zone what they are in `value`, the others staying as they are."""
        held = self._ask(gm65.read(zone, 2), 2)[0]  # two, so that no answer to a write is taken for this one
        if held & mask != value:
            self._ask(gm65.write(zone, held & ~mask | value), 1)
            self._reads_until = 0.0

    def _ask(self, request: Request, size: int) -> bytes:
        """The `size` bytes that the scanner answers; texts that come meanwhile are kept."""
        for _ in range(TRIES):
            self._settle()
            self._port.write(bytes(request))
            end = time.monotonic() + self._options.answer_s
            while time.monotonic() < end:
                self._listen()
                for answer in self._answers:
                    if answer.type == gm65.DONE and len(answer.data) == size:
                        return answer.data
            self._owed = True
        raise DeviceFault(self._name, f"no answer in {self._options.answer_s:g} s; is it set to its serial port?")

    # --- the line ---

    def _settle(self) -> None:
        """Lets an answer come that is not to the next question: what is under way, or was given up, for its time."""
        end = time.monotonic() + self._options.answer_s
        while (self._listen() or self._owed) and time.monotonic() < end:
            pass
        self._owed = False
        self._answers.clear()

    def _listen(self) -> bool:
        """Takes what has come in; False when the line is quiet."""
        data = self._port.read()
        for each in self._decoder.feed(data) if data else self._decoder.quiet():
            if isinstance(each, Text):
                self._read(each.text, time.monotonic())
            else:
                self._answers.append(each)
        return bool(data)

    def _read(self, text: str, now: float) -> None:
        """A code was read; the same one held there is no news."""
        self._reads_until = 0.0
        self._seen = {known: at for known, at in self._seen.items() if now - at < self._options.again_s}
        if text not in self._seen:
            self._texts.append(text)
        self._seen[text] = now
