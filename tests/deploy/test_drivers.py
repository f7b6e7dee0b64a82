"""The guide for new drivers says what there is, and what the last one took."""

import re
from pathlib import Path

from edge.devices import registry

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "drivers.md").read_text(encoding="utf-8")
KINDS = (".py", ".toml", ".json", ".js", ".html", ".md", ".txt")
"""Of files that could name a driver."""
LAST = re.compile(r"m810|3m-810", re.IGNORECASE)


def rows(heading: str) -> list[list[str]]:
    part = GUIDE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in part.splitlines() if line.startswith("| `")]
    return [[row[0].strip("`"), *row[1:]] for row in cells]


def test_every_driver_is_listed_with_its_kind_and_no_other() -> None:
    told = {name: kind for name, kind, *_ in rows("The drivers there are")}
    assert told == {name: registry.kind_of(registry.load(name)) for name in registry.names()}


def test_the_files_that_the_last_one_took_are_those_that_name_it() -> None:
    folders = ("edge", "protocol", "hub", "firmware_sim", "deploy", "tests", "benchmarks")
    known = [ROOT / "pyproject.toml", *(path for folder in folders for path in (ROOT / folder).rglob("*"))]
    looked = [path for path in known if path.suffix in KINDS and path != Path(__file__)]
    named = {
        path.relative_to(ROOT).as_posix()
        for path in looked
        if LAST.search(path.name) or LAST.search(path.read_text(encoding="utf-8"))
    }
    assert {file for file, *_ in rows("What the last one took")} == named
