"""RDM6300 on a serial port: patrons' old cards, EM4100, 125 kHz.

It speaks unasked and can't be asked anything. So a reader that fell silent, as these do for good when their supply
dips, looks like one that nobody comes to; only a port that is gone is noticed. Two cards at once give nothing that can
be read: that they are two is not known.
"""

import time
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge.devices.kinds import Look
from edge.devices.port import Port
from edge.devices.presence import Heard
from edge.frames import rdm
from protocol.cards import em_uid

PAUSE_S = 0.01
"""Silence after which a look ends: half a frame's time, so that a frame begun is waited for."""
LONGEST_LOOK_S = 0.1


class RdmOptions(BaseModel):
    """[device.…] with driver = "rdm6300"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: Annotated[str, Field(min_length=1)]
    """Device file by its stable name (/dev/serial/by-id/…), or URL."""
    baud: Annotated[int, Field(ge=1200, le=921_600)] = 9600
    bits: Literal[40, 32, 24] = 40
    """How much of a card's number is kept; what the weakest of the library's readers tells."""
    hold_s: Annotated[float, Field(ge=0.1, le=10)] = 0.3
    """How long a card lies there after its last frame; readers repeat it every 65 ms."""


class RdmReader:
    """A card reader that only speaks."""

    Options: ClassVar[type[BaseModel]] = RdmOptions

    def __init__(self, options: RdmOptions) -> None:
        self._options = options
        self._port = Port(f"rdm6300 {options.port}", options.port, options.baud, pause_s=PAUSE_S)
        self._decoder = rdm.Decoder()
        self._heard = Heard(options.hold_s)

    def connect(self) -> str:
        """Opens the port. Whether a reader hangs on it shows when a card comes."""
        self._port.open()
        self._decoder.clear()
        self._heard = Heard(self._options.hold_s)
        return f"{self._options.bits} bits of a 125 kHz card; the reader can't be asked whether it is there"

    def close(self) -> None:
        """Lets go of the port."""
        self._port.close()

    def look(self) -> Look:
        """What the reader has said since the last look, or just before it."""
        end = time.monotonic() + LONGEST_LOOK_S
        while (data := self._port.read()) and time.monotonic() < end:
            self._hear(data)
        self._hear(data)
        return self._heard.look(time.monotonic())

    def _hear(self, data: bytes) -> None:
        for reading in self._decoder.feed(data):
            uid = em_uid(int.from_bytes(reading.number, "big"), self._options.bits)
            self._heard.hear(uid, time.monotonic())
