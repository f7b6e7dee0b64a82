"""The pictures of the stations' tables in the documentation are made from the tables."""

import sys
from pathlib import Path
from typing import Any

import pytest

from edge.stations import cabinet, desk, drop, entrance, gate, hall, locker, lockers, room, tabletop
from edge.stations.diagram import mermaid
from edge.stations.state import Phase
from edge.stations.table import Table

DOCS = Path(__file__).parents[3] / "docs"
PICTURES: dict[str, tuple[str, Table, Any]] = {
    "cabinet": ("visit.md", cabinet.TABLE, Phase.STARTING),
    "room": ("stations.md", room.TABLE, hall.Phase.STARTING),
    "desk": ("stations.md", desk.TABLE, tabletop.Phase.STARTING),
    "gate": ("stations.md", gate.TABLE, gate.Phase.STARTING),
    "locker": ("stations.md", locker.TABLE, lockers.Phase.STARTING),
    "drop": ("stations.md", drop.TABLE, drop.Phase.STARTING),
    "room's door": ("stations.md", entrance.TABLE, hall.Way.SHUT),
}
"""Station -> the page that shows its table, the table, the phase it begins in."""
END = "<!-- /states -->"


def start(station: str) -> str:
    return f"<!-- states of the {station}: generated from its table; tests/edge/stations holds the two together -->"


def drawn(station: str) -> str:
    _, table, begins = PICTURES[station]
    return f"{start(station)}\n\n```mermaid\n{mermaid(table, begins)}\n```\n\n{END}"


@pytest.mark.parametrize("station", PICTURES)
def test_the_page_shows_the_table_as_it_is(station: str) -> None:
    page = DOCS / PICTURES[station][0]
    assert drawn(station) in page.read_text(encoding="utf-8"), "run: python -m tests.edge.stations.test_diagram"


if __name__ == "__main__":
    for name, (file, *_) in PICTURES.items():
        text = (DOCS / file).read_text(encoding="utf-8")
        if start(name) not in text:
            sys.exit(f"{file} has no place for the {name}'s table: {start(name)} … {END}")
        at = text.index(start(name))
        to = text.index(END, at) + len(END)
        (DOCS / file).write_text(text[:at] + drawn(name) + text[to:], encoding="utf-8")
