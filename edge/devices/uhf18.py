"""UHFReader18 or UHFReader288 on a serial port: the UHF tags on a shelf.

An inventory hears most tags, not all; so a round is inventories until some in a row bring nothing new. What the reader
keeps without power (power, region, scan time, mode) is compared with the settings at each connection and written only
where it differs, since it is kept in an EEPROM.
"""

import logging
from collections.abc import Callable
from typing import Annotated, ClassVar, Literal, Self, TypeVar

from pydantic import BaseModel, Field, model_validator

from edge.devices.dialogue import Dialogue
from edge.devices.gen2 import ALL_HEARD, TAG_ERRORS, Bank, Gen2Options, Gen2Reader, Refused, Sweep, Trouble
from edge.devices.port import Port
from edge.errors import DeviceFault
from edge.frames import uhf18
from edge.frames.uhf18 import Answer, Command, FrameError, Request, Seen, Status

log = logging.getLogger(__name__)

REGIONS = {
    "china": (0x13, 0x40),
    "us": (0x31, 0x80),
    "korea": (0x1F, 0xC0),
    "eu": (0x4E, 0x00),
}
"""Highest and lowest channel: China 920.125 to 924.875 MHz, US 902.75 to 927.25, Korea 917.1 to 923.3, EU 865.1 to
867.9 (newer models)."""
LAST_WORDS = {
    Status.CANT_ADJUST: "it can't adjust its power",
    Status.ANTENNA: "an antenna isn't connected",
    Status.LENGTH: "it says that the command had a wrong length; is `form` right?",
    Status.COMMAND: "it doesn't know the command, or it came garbled",
    Status.PARAMETER: "it says that a parameter is wrong",
}
"""Statuses that are the reader's trouble, whatever was asked about tags."""
_ENDS = {Status.OK, Status.FINISHED, Status.TIME_OVER, Status.FULL, Status.NO_TAG}
"""How an inventory may end."""
_TAG_TROUBLES = {
    Status.NO_TAG: Trouble.AWAY,
    Status.POOR: Trouble.WEAK,
    Status.PASSWORD: Trouble.PASSWORD,
    Status.ZERO_PASSWORD: Trouble.PASSWORD,
}

_T = TypeVar("_T")


class Uhf18Options(Gen2Options):
    """[device.…] with driver = "uhfreader18"."""

    baud: Annotated[int, Field(ge=9600, le=115_200)] = 57_600
    address: Annotated[int, Field(ge=0, le=255)] = uhf18.ANY_ADDRESS
    """255: whichever reader is on the line."""
    form: Literal["18", "288"] = "18"
    """How it is asked for inventories."""
    answer_s: Annotated[float, Field(gt=0, le=30)] = 0.5
    """Longest wait for an answer; to an inventory, beyond its scan time."""
    region: Literal["china", "us", "korea", "eu"] = "china"
    power_dbm: Annotated[int, Field(ge=0, le=33)] = 26
    scan_s: Annotated[float, Field(ge=0.3, le=25.5)] = 1.0
    """Longest that one inventory takes; in steps of a tenth."""
    settle: Annotated[int, Field(ge=1, le=10)] = 2
    """Inventories in a row that must bring nothing new; one that was cut short or came damaged counts half."""
    most: Annotated[int, Field(ge=2, le=100)] = 20
    """Inventories after which a round ends all the same."""
    q: Annotated[int, Field(ge=0, le=15)] = 4
    session: Annotated[int, Field(ge=0, le=3)] = 0
    antennas: Annotated[tuple[Annotated[int, Field(ge=1, le=8)], ...], Field(min_length=1)] = (1,)

    @model_validator(mode="after")
    def _fits_form(self) -> Self:
        changed = [key for key in ("q", "session", "antennas", "min_rssi") if key in self.model_fields_set]
        told = [key for key in changed if getattr(self, key) != type(self).model_fields[key].default]
        if self.form == "18" and told:
            raise ValueError(f"{told[0]} is for form 288 only")
        return self


class Uhf18Reader(Gen2Reader):
    """A reader of the UHFReader18 family."""

    Options: ClassVar[type[BaseModel]] = Uhf18Options
    TELLS_TIDS = True

    def __init__(self, options: Uhf18Options) -> None:
        super().__init__(options)
        self._options = options
        self._name = f"uhfreader18 {options.port}"
        self._scan_time = round(options.scan_s / uhf18.SCAN_UNIT_S)
        self._line = Dialogue(
            Port(self._name, options.port, options.baud),
            uhf18.Decoder(),
            bytes(self._addressed(uhf18.reader_info())),
            lambda answer: answer.command == Command.READER_INFO and self._is_ours(answer),
            options.answer_s,
        )
        self._pushed = False
        """It spoke unasked while it was being asked."""

    def connect(self) -> str:
        """Opens the port, asks what the reader is, and sets it; raises DeviceFault when it reads no Gen2 tags."""
        self._line.open()
        info = self._ask(uhf18.reader_info(), uhf18.parse_info)
        if not info.reads_gen2:
            raise DeviceFault(self._name, f"{info} doesn't read EPC Gen2 tags")
        if self._options.form == "18":
            self._stop_scanning()
        region = REGIONS[self._options.region]
        if info.region != region:
            self._set(uhf18.set_region(*region))
        if info.power != self._options.power_dbm:
            self._set(uhf18.set_power(self._options.power_dbm))
        if info.scan_time != self._scan_time:
            self._set(uhf18.set_scan_time(self._scan_time))
        return str(info)

    def close(self) -> None:
        """Lets go of the port."""
        self._line.close()

    def _stop_scanning(self) -> None:
        answer = self._ask(uhf18.work_mode(), lambda answer: answer)
        if answer.status != Status.OK:
            return  # a model without modes
        mode = uhf18.parse_work_mode(answer)
        if not mode.waits:
            log.warning("%s: it was in scan mode, and is told to wait for commands", self._name)
            self._set(uhf18.set_work_mode(mode.waiting()))

    def _set(self, request: Request) -> None:
        status = self._ask(request, lambda answer: answer).status
        if status not in (Status.OK, Status.NOT_SAVED):
            raise DeviceFault(self._name, f"it refuses setting {request.command:02X}: status {status:02X}")

    # --- inventory ---

    def _sweep(self, tids: bool = False) -> Sweep:
        heard: dict[bytes, int] = {}
        quiet = 0.0
        said: set[int] = set()
        for turn in range(self._options.most):
            known, rubbish = len(heard), self._line.rubbish
            ends = {self._hear(self._inventory_of(turn, antenna, tids), heard) for antenna in self._options.antennas}
            said |= ends
            if len(heard) > known:
                quiet = 0
            else:
                whole = self._line.rubbish == rubbish and Status.TIME_OVER not in ends
                quiet += 1 if whole else 0.5
            if quiet >= self._options.settle * self._sides:
                return Sweep(heard, complete=Status.FULL not in said)
        return Sweep(heard, complete=False)

    def _hear(self, request: Request, heard: dict[bytes, int]) -> int:
        """Adds what one inventory hears; the status that it ended with."""
        wait_s = self._options.answer_s + self._options.scan_s
        parts = self._ask_each(request, lambda: _Parts(self._options.form == "288").take, wait_s)
        if parts.status not in _ENDS:
            raise DeviceFault(self._name, f"an inventory failed: status {parts.status:02X}")
        for seen in parts.seen:
            rssi = ALL_HEARD if seen.rssi is None else seen.rssi
            heard[seen.identity] = max(rssi, heard.get(seen.identity, ALL_HEARD))
        return parts.status

    @property
    def _sides(self) -> int:
        """In sessions 1 to 3 tags that were counted keep quiet for a while, so both sides are asked by turns."""
        return 2 if self._options.session else 1

    def _inventory_of(self, turn: int, antenna: int, tids: bool) -> Request:
        words = self._options.tid_words if tids else 0
        if self._options.form == "18":
            return uhf18.inventory(words)
        target = turn % self._sides
        return uhf18.inventory_288(self._options.q, self._options.session, target, antenna, self._scan_time, words)

    # --- a tag's memory ---

    def _fetch(self, epc: bytes, bank: Bank, first: int, count: int) -> bytes:
        count = min(count, uhf18.MAX_WORDS)
        request = self._to_tag(lambda: uhf18.read(epc, bank, first, count, self._password))
        answer = self._ask(request, lambda answer: _if_words(answer, count))
        self._refuse_tag(answer)
        return answer.data

    def _store(self, epc: bytes, bank: Bank, first: int, words: bytes) -> None:
        request = self._to_tag(lambda: uhf18.write(epc, bank, first, words, self._password))
        self._refuse_tag(self._ask(request, lambda answer: answer))

    @staticmethod
    def _to_tag(build: Callable[[], Request]) -> Request:
        try:
            return build()
        except FrameError:  # an EPC by which these readers can't mean a tag
            raise Refused(Trouble.OTHER) from None

    @staticmethod
    def _refuse_tag(answer: Answer) -> None:
        if answer.status == Status.OK:
            return
        if answer.status == Status.TAG_ERROR and answer.data:
            raise Refused(TAG_ERRORS.get(answer.data[0], Trouble.OTHER))
        troubles = {int(status): trouble for status, trouble in _TAG_TROUBLES.items()}
        raise Refused(troubles.get(answer.status, Trouble.OTHER))

    # --- questions and answers ---

    def _ask(self, request: Request, parse: Callable[[Answer], _T]) -> _T:
        """The parsed answer; raises DeviceFault when none comes in all tries."""
        return self._ask_each(request, lambda: lambda answer: parse(answer), self._options.answer_s)

    def _ask_each(self, request: Request, taking: Callable[[], Callable[[Answer], _T | None]], wait_s: float) -> _T:
        """The same of an answer in parts; `taking` gives what takes them, afresh for each try."""
        sent = self._addressed(request)
        for _ in range(1 + self._options.retries):
            self._pushed = False
            take = taking()
            reply = self._line.ask(bytes(sent), lambda answer: self._fitting(sent, answer, take), wait_s)  # noqa: B023
            if reply is not None:
                return reply
        if self._pushed:
            raise DeviceFault(self._name, "it is in scan mode and takes no commands")
        raise DeviceFault(self._name, f"no answer to command {request.command:02X} in {wait_s:g} s")

    def _fitting(self, sent: Request, answer: Answer, take: Callable[[Answer], _T | None]) -> _T | None:
        """What was taken; None when the answer is to something else."""
        if not self._is_ours(answer):
            return None
        self._pushed = self._pushed or answer.command == Command.SCAN
        if answer.command not in (sent.command, Command.NONE):
            return None
        for trouble, words in LAST_WORDS.items():
            if answer.status == trouble and sent.command != Command.WORK_MODE:
                raise DeviceFault(self._name, words)
        try:
            return take(answer)
        except FrameError as wrong:
            log.debug("%s: %s: %s", self._name, bytes(answer).hex(" "), wrong)
        return None

    def _is_ours(self, answer: Answer) -> bool:
        return self._options.address in (uhf18.ANY_ADDRESS, answer.address)

    def _addressed(self, request: Request) -> Request:
        return Request(request.command, request.data, self._options.address)


class _Parts:
    """The answers to one inventory put together."""

    def __init__(self, tells_rssi: bool) -> None:
        self._parse = uhf18.parse_inventory_288 if tells_rssi else uhf18.parse_inventory
        self.status = 0
        self.seen: list[Seen] = []

    def take(self, answer: Answer) -> "_Parts | None":
        """Itself, once the last part is there."""
        if answer.status == Status.STATISTICS:
            return None
        self.seen += self._parse(answer)
        self.status = answer.status
        return None if answer.status == Status.MORE else self


def _if_words(answer: Answer, count: int) -> Answer:
    if answer.status == Status.OK:
        uhf18.parse_words(answer, count)
    return answer
