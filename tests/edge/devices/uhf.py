"""UHF readers to try drivers on: an emulated chip on a serial port, and a scripted one on a TCP port."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edge.devices import registry
from firmware_sim.chips.r200 import R200Module
from firmware_sim.chips.uhf18 import READER288, Uhf18Reader
from firmware_sim.faults import Faults
from firmware_sim.gen2 import Gen2Tag
from firmware_sim.wires import FrameLog, PtyWire

DEVICE = "reader-A"
SPEED = 20


@dataclass(frozen=True, slots=True)
class Emulated:
    """A connected driver, and the chip at the other end."""

    driver: Any
    chip: Any
    faults: Faults
    tags: list[Gen2Tag]
    log: FrameLog

    def asked(self) -> list[bytes]:
        """What the chip was told so far."""
        return [bytes.fromhex(frame.hex) for frame in self.log.since(limit=2000) if not frame.outward]


def _reader288(*given: Any, **more: Any) -> Uhf18Reader:
    return Uhf18Reader(*given, **{"model": READER288, **more})


CHIPS: dict[str, tuple[str, Callable[..., Any], dict[str, Any]]] = {
    "18": ("uhfreader18", Uhf18Reader, {"scan_s": 0.5, "answer_s": 0.4}),
    "288": ("uhfreader18", _reader288, {"form": "288", "scan_s": 0.5, "answer_s": 0.4}),
    "r200": ("uhf-r200", R200Module, {"answer_s": 0.4}),
}
"""What is emulated: driver, chip, options."""


@contextmanager
def emulated(
    kind: str, tags: list[Gen2Tag], *, chip: dict[str, Any] | None = None, before: bytes = b"", **options: Any
) -> Iterator[Emulated]:
    """The driver, connected to such a chip with these tags in its field; the chip was told `before` some time ago."""
    driver_name, build, usual = CHIPS[kind]
    faults, log = Faults(), FrameLog()
    made = build(lambda: tags, faults, DEVICE, speed=SPEED, **(chip or {}))
    made.feed(before, 0.0)
    with TemporaryDirectory(prefix="ml-") as folder:
        wire = PtyWire(Path(folder) / DEVICE, made, DEVICE, log, faults, speed=SPEED)
        wire.plug()
        driver = registry.build("shelf-a", {"driver": driver_name, "port": str(wire.link), **usual, **options})
        try:
            driver.connect()
            yield Emulated(driver, made, faults, tags, log)
        finally:
            driver.close()
            wire.unplug()


@contextmanager
def scripted(driver_name: str, script: Callable[[bytes], bytes], **options: Any) -> Iterator[Any]:
    """The driver, connected to a reader that answers each request with what the script says."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as line:
                while raw := line.recv(300):
                    line.sendall(script(raw))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = f"socket://127.0.0.1:{server.getsockname()[1]}"
        reader = registry.build("shelf-a", {"driver": driver_name, "port": port, "answer_s": 0.4, **options})
        try:
            reader.connect()
            yield reader
        finally:
            reader.close()
            thread.join(5)
