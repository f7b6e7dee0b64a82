"""Each outage is told once, and its end; the service manager hears that the agent lives."""

import socket
from pathlib import Path

import pytest

from edge.health import Health, free_mb, sd_notify
from protocol.events import DeviceFailed, DeviceRecovered
from protocol.names import DeviceName
from protocol.status import DeviceState

READER, DOOR = DeviceName("reader-a"), DeviceName("door")


@pytest.fixture
def health() -> Health:
    return Health({READER: "feig-obid", DOOR: "gpio-door"})


def states(health: Health) -> dict[str, tuple[DeviceState, str]]:
    return {status.device: (status.state, status.detail) for status in health.devices()}


def test_devices_are_starting_until_they_are_heard_of(health: Health) -> None:
    assert states(health)[READER][0] is DeviceState.STARTING
    assert not health.ok
    assert health.up(READER, "ID ISC.MR101", 1) is None
    assert health.up(DOOR, "GPIO 17 and 27", 1) is None
    assert states(health) == {READER: (DeviceState.OK, "ID ISC.MR101"), DOOR: (DeviceState.OK, "GPIO 17 and 27")}
    assert health.ok


def test_an_outage_is_said_once_and_so_is_its_end(health: Health) -> None:
    health.up(READER, "there", 0)
    assert health.down(READER, "unplugged", 10) == DeviceFailed(device=READER, driver="feig-obid", why="unplugged")
    assert health.down(READER, "still unplugged", 20) is None
    assert states(health)[READER] == (DeviceState.FAILED, "still unplugged")
    assert health.up(READER, "there", 70) == DeviceRecovered(device=READER, driver="feig-obid", out_s=60)
    assert health.up(READER, "there", 80) is None


def test_a_device_that_never_answered_has_failed(health: Health) -> None:
    assert health.down(DOOR, "no such chip", 1) is not None
    assert states(health)[DOOR] == (DeviceState.FAILED, "no such chip")


def test_a_doubted_device_is_out_until_it_is_trusted_again(health: Health) -> None:
    health.up(READER, "there", 0)
    assert health.doubt(READER, "the reference tag isn't seen", 5) is not None
    assert health.doubt(READER, "the reference tag isn't seen", 6) is None
    assert health.up(READER, "there", 7) is None
    assert states(health)[READER] == (DeviceState.FAILED, "the reference tag isn't seen")
    assert health.trust(READER, 25) == DeviceRecovered(device=READER, driver="feig-obid", out_s=20)
    assert health.trust(READER, 26) is None


def test_doubt_and_failure_together_are_one_outage(health: Health) -> None:
    health.up(READER, "there", 0)
    assert health.doubt(READER, "odd", 1) is not None
    assert health.down(READER, "gone", 2) is None
    assert health.trust(READER, 3) is None
    assert health.up(READER, "there", 4) == DeviceRecovered(device=READER, driver="feig-obid", out_s=3)


def test_free_room_is_told_in_whole_mebibytes_and_none_where_it_cannot_be_told(tmp_path: Path) -> None:
    assert free_mb(tmp_path) > 0
    assert free_mb(tmp_path / "nowhere") == 0


@pytest.mark.parametrize("abstract", [False, True])
def test_the_service_manager_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool) -> None:
    address = f"@microlib-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address.replace("@", "\0", 1) if abstract else address)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        sd_notify("WATCHDOG=1")
        manager.settimeout(5)
        assert manager.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize("address", [None, "", "vsock:2:1234", "/nowhere/notify"])
def test_without_a_service_manager_nothing_happens(monkeypatch: pytest.MonkeyPatch, address: str | None) -> None:
    if address is None:
        monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    else:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    sd_notify("READY=1")
