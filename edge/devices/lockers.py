"""Locker boards on a serial line, by KERONG, WKLY and the makers of the 8A kind: locks, each with its door's contact.

Several boards may hang on one line; their locks are counted through, in the order of their addresses in the settings.
A lock is released by one order, never by a second: whether nobody answered, or a board that never answers kept its door
shut, is for those to decide who can look at the door.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge.devices.dialogue import Dialogue
from edge.devices.port import Port
from edge.errors import DeviceFault, UnlockUnsure
from edge.frames.kerong import Cu12, Cu16, Cu48
from edge.frames.lockboard import Lockboard
from edge.frames.lockers import Answer, Tongue
from edge.frames.wkly import Wkly

TRIES = 3
"""Questions about doors before a board has failed. Orders to release are never repeated."""
LOOK_S = 0.1
"""Between looks whether a door opened that no board tells of."""

Address = Annotated[int, Field(ge=0, le=63)]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    port: str
    """Device file by its stable name, or a URL that pyserial knows."""
    baud: Annotated[int, Field(ge=1200, le=921_600)] = 9600
    boards: Annotated[tuple[Address, ...], Field(min_length=1)] = (0,)
    """Addresses, as their switches say; locks are counted through in this order."""
    locks: Annotated[int, Field(ge=1, le=64)] = 16
    """Of each board."""
    answer_s: Annotated[float, Field(gt=0, le=5)] = 0.3
    """Longest wait for an answer about doors."""
    unlock_s: Annotated[float, Field(gt=0, le=10)] = 0.5
    """Longest wait for what came of releasing a lock."""
    pause_s: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Of silence between an answer and the next question: several boards on one line need it."""
    echo: bool = False
    """The adapter hears what it sends itself."""


class _Board(ABC):
    """One line of boards."""

    Options: ClassVar[type[_Options]]

    def __init__(self, options: _Options) -> None:
        self._options = options
        self._name = f"locks {options.port}"
        self._tongue: Tongue = self._speaks(options)
        port = Port(self._name, options.port, options.baud, pause_s=0.02)
        self._dialogue = Dialogue(
            port,
            self._tongue.stream(),
            self._tongue.ask(options.boards[0]),
            lambda answer: answer.open is not None,
            options.answer_s,
            pause_s=options.pause_s,
            echoes=1 if options.echo else 0,
        )

    @staticmethod
    @abstractmethod
    def _speaks(options: _Options) -> Tongue:
        """What its boards understand."""

    @property
    def rubbish(self) -> int:
        """Bytes thrown away so far."""
        return self._dialogue.rubbish

    def connect(self) -> str:
        """Opens the line and asks every board; raises DeviceGone, or DeviceFault when one doesn't answer."""
        self._dialogue.open()
        return f"{len(self.doors())} locks on {len(self._options.boards)} boards"

    def close(self) -> None:
        """Lets go of the line."""
        self._dialogue.close()

    def doors(self) -> Mapping[int, bool]:
        """Whether each door is open, by its lock's number."""
        found: dict[int, bool] = {}
        for board in self._options.boards:
            states = self._states(board)
            found |= {len(found) + n: is_open for n, is_open in enumerate(states, 1)}
        return found

    def unlock(self, lock: int) -> None:
        """Releases one lock once; raises UnlockUnsure, or DeviceFault when it surely wasn't."""
        options = self._options
        at, channel = divmod(lock - 1, options.locks)
        if lock < 1 or at >= len(options.boards):
            raise DeviceFault(self._name, f"there is no lock {lock}")
        board = options.boards[at]
        self._states(board)  # it answers, so that silence afterwards means something
        order = self._tongue.unlock(board, channel + 1)
        if not self._tongue.answers:
            self._dialogue.tell(order)
            self._look(board, channel, lock)
            return
        done = self._dialogue.ask(order, lambda answer: _done(answer, board, channel + 1), options.unlock_s)
        if done is None:
            raise UnlockUnsure(self._name, f"board {board} said nothing to releasing lock {channel + 1}")
        if not done:
            raise DeviceFault(self._name, f"board {board} couldn't release lock {channel + 1}")

    def _look(self, board: int, channel: int, lock: int) -> None:
        """Waits for the door to open: a contact may say so for the length of the pulse though it doesn't."""
        end = time.monotonic() + self._options.unlock_s
        opened = False
        while not (opened and time.monotonic() >= end):
            time.sleep(LOOK_S)
            try:
                opened = self._states(board)[channel]
            except DeviceFault as fault:
                raise UnlockUnsure(self._name, f"after releasing lock {lock}: {fault.why}") from fault
            if not opened and time.monotonic() >= end:
                raise UnlockUnsure(self._name, f"board {board} was told to release lock {channel + 1}; it stays shut")

    def _states(self, board: int) -> tuple[bool, ...]:
        """Each door of a board; where no checksum covers them, as two answers in a row have them."""
        before: tuple[bool, ...] | None = None
        for _ in range(TRIES + (not self._tongue.covered)):
            said = self._dialogue.ask(self._tongue.ask(board), lambda a: _doors(a, board), self._options.answer_s)
            if said is not None and (self._tongue.covered or said == before):
                break
            before = said
        else:
            raise DeviceFault(self._name, f"board {board} doesn't answer")
        if len(said) < self._options.locks:
            raise DeviceFault(self._name, f"board {board} has {len(said)} locks, not {self._options.locks}")
        return said[: self._options.locks]


def _doors(answer: Answer, board: int) -> tuple[bool, ...] | None:
    return answer.open if answer.board == board else None


def _done(answer: Answer, board: int, lock: int) -> bool | None:
    about = answer.open is None and (answer.board, answer.lock) == (board, lock)
    return answer.released if about else None


class Cu16Options(_Options):
    """What site.toml may say of KERONG CU16 boards."""

    baud: Annotated[int, Field(ge=1200, le=921_600)] = 19_200
    boards: Annotated[tuple[Annotated[int, Field(ge=0, le=14)], ...], Field(min_length=1)] = (0,)
    locks: Annotated[int, Field(ge=1, le=16)] = 16
    unlock_s: Annotated[float, Field(gt=0, le=10)] = 0.8
    """A door that isn't open after so long stays shut; longer than the board's pulse."""


class Cu48Options(_Options):
    """What site.toml may say of KERONG CU48 boards."""

    baud: Annotated[int, Field(ge=1200, le=921_600)] = 19_200
    locks: Annotated[int, Field(ge=1, le=48)] = 48


class Cu12Options(_Options):
    """What site.toml may say of the newer KERONG CU12 boards."""

    baud: Annotated[int, Field(ge=1200, le=921_600)] = 19_200
    locks: Annotated[int, Field(ge=1, le=12)] = 12


class WklyOptions(_Options):
    """What site.toml may say of WKLY boards."""

    boards: Annotated[tuple[Annotated[int, Field(ge=0, le=31)], ...], Field(min_length=1)] = (0,)


class LockboardOptions(_Options):
    """What site.toml may say of boards of the 8A kind."""

    boards: Annotated[tuple[Annotated[int, Field(ge=1, le=63)], ...], Field(min_length=1)] = (1,)
    locks: Annotated[int, Field(ge=1, le=50)] = 24
    answer_s: Annotated[float, Field(gt=0, le=5)] = 0.5
    unlock_s: Annotated[float, Field(gt=0, le=10)] = 1.6
    """One variant answers to releasing a lock only after about a second."""
    state_order: Literal["last-first", "first-first"] = "last-first"
    """Whether the last byte of the states is locks 1 to 8, or the first."""
    closed_value: Literal[0, 1] = 1
    """What the bit of a shut door says: 1 with closing contacts, 0 with opening ones."""


class Cu16Board(_Board):
    """KERONG CU16 and CU12 of the old kind."""

    Options = Cu16Options

    @staticmethod
    def _speaks(options: _Options) -> Tongue:
        return Cu16()


class Cu48Board(_Board):
    """KERONG CU48 and BU."""

    Options = Cu48Options

    @staticmethod
    def _speaks(options: _Options) -> Tongue:
        return Cu48()


class Cu12Board(_Board):
    """KERONG CU12 of the newer kind."""

    Options = Cu12Options

    @staticmethod
    def _speaks(options: _Options) -> Tongue:
        return Cu12()


class WklyBoard(_Board):
    """WKLY."""

    Options = WklyOptions

    @staticmethod
    def _speaks(options: _Options) -> Tongue:
        return Wkly()


class Lockboard8A(_Board):
    """The 8A kind."""

    Options = LockboardOptions

    @staticmethod
    def _speaks(options: _Options) -> Tongue:
        assert isinstance(options, LockboardOptions)
        return Lockboard(options.locks, options.state_order, options.closed_value)
