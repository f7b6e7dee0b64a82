"""The settings files of the demo's programs, with keys and salts made for this run, and timings to watch by.

Everything listens on this machine only. The programs themselves check the files; this only writes them.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_sim.catalogue import OWNER, Partner
from firmware_sim.fittings import Fitted
from protocol.cards import site_key

ZONE = "Asia/Shanghai"
RECOUNT_S = 8.0
"""Between counts while nobody is there: a shelf is looked at again soon after whatever was wrong with it is over."""
TIMING: Mapping[str, Any] = {
    "unlock_s": 5,
    "held_warn_s": 3,
    "held_alarm_s": 6,
    "quiet_s": 0.4,
    "settle_s": 3,
    "session_s": 12,
    "lately_s": 4,
    "refusal_s": 2,
    "recount_s": RECOUNT_S,
    "second_look_s": 4,
    "retry_device_s": 0.3,
    "retry_device_max_s": 1,
}
"""A visit in the demo takes some ten seconds; at a real site patrons get more time."""
COUNTING: Mapping[str, Any] = {"rounds": 3, "absent_rounds": 6, "max_rounds": 12, "max_failures": 3}
DELIVERY: Mapping[str, Any] = {
    "retry_s": 1,
    "retry_max_s": 4,
    "hello_s": 20,
    "heartbeat_s": 2,
    "hub_hello_spread_s": 1,
    "directory_s": 3,
}


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a library keeps to itself."""

    fleet_salt: str
    master_key: str

    @classmethod
    def new(cls) -> "Secrets":
        """Made afresh."""
        return cls(secrets.token_hex(16), secrets.token_hex(32))


def keep(folder: Path) -> Secrets:
    """The secrets kept in the folder; made and written there, for nobody else to read, when there are none."""
    salt, master = folder / "fleet.salt", folder / "master.key"
    if not (salt.exists() and master.exists()):
        made = Secrets.new()
        _private(salt, made.fleet_salt)
        _private(master, made.master_key)
    return Secrets(salt.read_text().strip(), master.read_text().strip())


def write_hub(folder: Path, kept: Secrets, port: int, broker_port: int) -> Path:
    """hub.toml; its data goes into `folder`/hub."""
    (folder / "hub").mkdir(parents=True, exist_ok=True)
    return _write(
        folder / "hub.toml",
        {
            "data_dir": str(folder / "hub"),
            "fleet_salt": kept.fleet_salt,
            "master_key_file": str(folder / "master.key"),
            "owners": [OWNER],
            "phone_codes": True,
            "timezone": ZONE,
        },
        {
            "broker": {"host": "127.0.0.1", "port": broker_port, "tls": False, "keepalive_s": 15},
            "listen": {"host": "127.0.0.1", "port": port},
            "ingest": {"hello_spread_s": 1},
        },
    )


def write_site(
    folder: Path,
    kept: Secrets,
    partner: Partner,
    broker_port: int,
    kiosk_port: int,
    fitted: Fitted,
    receipt_s: float = 2.0,
) -> Path:
    """site.toml in `folder`, which takes the site's journal too. A receipt stays on the screen for `receipt_s`."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    key = site_key(bytes.fromhex(kept.master_key), partner.site)
    _private(folder / "site.key", key.hex())
    return _write(
        folder / "site.toml",
        {
            "site": partner.site,
            "name": {"zh-CN": partner.name_zh, "en": partner.name_en},
            "data_dir": str(folder / "data"),
            "timezone": ZONE,
            "fleet_salt": kept.fleet_salt,
            "site_key_file": str(folder / "site.key"),
        },
        {
            "broker": {"host": "127.0.0.1", "port": broker_port, "tls": False, "keepalive_s": 10},
            "delivery": DELIVERY,
            "storage": {"free_floor_mb": 50},
            "timing": {**TIMING, "receipt_s": receipt_s},
            "counting": COUNTING,
            "kiosk": {"port": kiosk_port},
            "clock": {"source": "host"},
            **{f"device.{name}": section for name, section in fitted.devices.items()},
        },
        fitted.stations,
    )


def _private(path: Path, content: str) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(content + "\n")


def _write(
    path: Path,
    top: Mapping[str, Any],
    sections: Mapping[str, Mapping[str, Any]],
    stations: Sequence[Mapping[str, Any]] = (),
) -> Path:
    lines = _keys(top)
    for name, section in sections.items():
        lines += ["", f"[{name}]", *_keys(section)]
    for station in stations:
        lines += ["", "[[station]]", *_keys(station)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _keys(section: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in section.items()]


def _value(value: Any) -> str:
    """A value in TOML; strings are JSON's, which TOML's basic strings contain."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else str(value)
