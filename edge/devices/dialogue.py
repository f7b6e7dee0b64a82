"""Questions and answers on one serial line, one at a time.

An answer may come so late that the next question is already out, and both may look alike. So after a question that
stayed unanswered, the device is asked for its sign of life, and nothing else is believed until that answer is there:
devices answer in order.
"""

import time
from collections.abc import Callable, Iterator
from typing import Generic, SupportsBytes, TypeVar

from edge.devices.port import Port
from edge.frames.stream import Stream

PAUSE_S = 0.005
"""Between an answer and the next question (FEIG H20800, timing; others ask for no more)."""

_F = TypeVar("_F", bound=SupportsBytes)
_T = TypeVar("_T")


class Dialogue(Generic[_F]):
    """One device's line. `take` in the methods is given each frame, and answers None to what isn't meant."""

    def __init__(
        self,
        port: Port,
        stream: Stream[_F],
        sign: bytes,
        is_sign: Callable[[_F], bool],
        answer_s: float,
        pause_s: float = PAUSE_S,
        echoes: int | None = None,
    ) -> None:
        """`sign` asks for the sign of life, `is_sign` knows it; `answer_s` is the longest wait for it.

        `pause_s` is the silence between an answer and the next question. `echoes` says how many frames that are the
        question's very bytes come back from the line itself, where an answer may look like it; None: all of them.
        """
        self._port, self._stream = port, stream
        self._sign, self._is_sign, self._answer_s = sign, is_sign, answer_s
        self._pause_s, self._echoes = pause_s, echoes
        self._heard = 0.0
        self._owed = False
        """An answer may still come to a question that was given up."""

    @property
    def rubbish(self) -> int:
        """Bytes thrown away so far."""
        return self._stream.rubbish

    def open(self) -> None:
        """Opens the line; raises DeviceGone."""
        self._port.open()
        self._owed = False

    def close(self) -> None:
        """Lets go of the line."""
        self._port.close()

    def ask(self, question: bytes, take: Callable[[_F], _T], wait_s: float) -> _T | None:
        """What `take` makes of the answer; None when none comes in time."""
        if self._owed and not self._once(self._sign, lambda frame: self._is_sign(frame) or None, self._answer_s):
            return None
        self._owed = False
        reply = self._once(question, take, wait_s)
        self._owed = reply is None
        return reply

    def tell(self, data: bytes) -> None:
        """Sends, and forgets what came before."""
        time.sleep(max(0.0, self._heard + self._pause_s - time.monotonic()))
        self._stream.clear()
        self._port.drain()
        self._port.write(data)

    def hear(self) -> Iterator[_F | None]:
        """What comes in, without end: each frame, and None whenever the line falls quiet."""
        while True:
            data = self._port.read()
            yield from self._stream.feed(data) if data else self._stream.quiet()
            if not data:
                yield None

    def _once(self, question: bytes, take: Callable[[_F], _T], wait_s: float) -> _T | None:
        self.tell(question)
        deadline = time.monotonic() + wait_s
        echoed = 0
        for frame in self.hear():
            echo = frame is not None and bytes(frame) == question and (self._echoes is None or echoed < self._echoes)
            if echo:  # two-wire lines echo
                echoed += 1
            elif frame is not None:
                reply = take(frame)
                if reply is not None:
                    self._heard = time.monotonic()
                    return reply
            if time.monotonic() >= deadline:
                return None
        raise AssertionError("a line is heard without end")
