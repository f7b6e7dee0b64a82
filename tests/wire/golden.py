"""The manuals' own bytes: what frames.json holds, by device."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Golden:
    """One recorded frame."""

    id: str
    direction: str
    raw: bytes
    meaning: str
    crc_ok: bool
    more: dict[str, Any]

    def __str__(self) -> str:
        return self.id


def frames(device: str, direction: str | None = None) -> list[Golden]:
    """The frames of one device, in one direction or all."""
    rows = json.loads(Path(__file__).with_name("frames.json").read_text(encoding="utf-8"))
    return [
        Golden(row["id"], row["direction"], bytes.fromhex(row["hex"]), row["meaning"], row.get("crc_ok", True), row)
        for row in rows
        if row["device"] == device and direction in (None, row["direction"])
    ]


def devices() -> list[str]:
    """Every device there are frames of."""
    rows = json.loads(Path(__file__).with_name("frames.json").read_text(encoding="utf-8"))
    return sorted({row["device"] for row in rows})


def frame(name: str) -> Golden:
    """The frame with this id."""
    return next(golden for golden in frames(name.rpartition("-")[0]) if golden.id == name)
