"""How the site is: which devices work, how much room the disk has, and what the service manager is told."""

import logging
import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from protocol.events import DeviceFailed, DeviceRecovered
from protocol.names import DeviceName
from protocol.status import DeviceState, DeviceStatus

log = logging.getLogger(__name__)


@dataclass
class _Device:
    """One device; it is out while it is down or doubted, and that is one outage however it changes."""

    driver: str
    says: str = ""
    down: str | None = "not tried yet"
    """Why it doesn't answer; None while it does."""
    doubt: str | None = None
    """Why its answers aren't believed."""
    out_since: float | None = None
    """When the outage that was reported began, monotonic seconds."""

    @property
    def why(self) -> str | None:
        """What is wrong with it; None when nothing is."""
        return self.down if self.down is not None else self.doubt


class Health:
    """The site's devices as the agent hears of them. Each outage is a fact once, and so is its end."""

    def __init__(self, drivers: Mapping[DeviceName, str]) -> None:
        """Every configured device and its driver; all count as starting until heard of."""
        self._devices = {name: _Device(driver) for name, driver in drivers.items()}
        self._starting = set(drivers)

    def up(self, device: DeviceName, says: str, now: float) -> DeviceRecovered | None:
        """It answers, and says what it is. A doubt about it stays."""
        known = self._devices[device]
        self._starting.discard(device)
        known.says, known.down = says, None
        return self._end(device, now)

    def down(self, device: DeviceName, why: str, now: float) -> DeviceFailed | None:
        """It doesn't do its work."""
        self._starting.discard(device)
        self._devices[device].down = why
        return self._begin(device, now)

    def doubt(self, device: DeviceName, why: str, now: float) -> DeviceFailed | None:
        """It answers, but what it says can't be believed."""
        self._devices[device].doubt = why
        return self._begin(device, now)

    def trust(self, device: DeviceName, now: float) -> DeviceRecovered | None:
        """What it says is believed again."""
        self._devices[device].doubt = None
        return self._end(device, now)

    @property
    def ok(self) -> bool:
        """Every device does its work."""
        return not self._starting and all(device.why is None for device in self._devices.values())

    def devices(self) -> tuple[DeviceStatus, ...]:
        """Every device, in the order of the settings."""
        return tuple(self._status(name) for name in self._devices)

    def _begin(self, name: DeviceName, now: float) -> DeviceFailed | None:
        device = self._devices[name]
        if device.out_since is not None:
            return None
        device.out_since = now
        log.warning("%s (%s) doesn't do its work: %s", name, device.driver, device.why)
        return DeviceFailed(device=name, driver=device.driver, why=device.why or "")

    def _end(self, name: DeviceName, now: float) -> DeviceRecovered | None:
        device = self._devices[name]
        if device.why is not None or device.out_since is None:
            return None
        out_s, device.out_since = max(0, round(now - device.out_since)), None
        log.info("%s (%s) works again after %d s", name, device.driver, out_s)
        return DeviceRecovered(device=name, driver=device.driver, out_s=out_s)

    def _status(self, name: DeviceName) -> DeviceStatus:
        device = self._devices[name]
        state = DeviceState.OK if device.why is None else DeviceState.FAILED
        if name in self._starting:
            state = DeviceState.STARTING
        return DeviceStatus(device=name, driver=device.driver, state=state, detail=device.why or device.says)


def free_mb(folder: Path) -> int:
    """Whole MiB an ordinary account may still write where `folder` is; 0 when the disk won't say."""
    try:
        return shutil.disk_usage(folder).free // 2**20
    except OSError:
        return 0


def sd_notify(text: str) -> None:
    """Tells systemd, if it started us: READY=1, WATCHDOG=1 or STOPPING=1 (sd_notify(3)). Silent otherwise."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as end:
            end.setblocking(False)
            end.sendto(text.encode(), address)
    except OSError as error:
        log.debug("systemd wasn't told %s: %s", text, error)
