"""The modules that decide import nothing that touches wires, disks, clocks or chance, directly or through others."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PURE_FILES = (
    "protocol/*.py",
    "edge/__init__.py",
    "edge/errors.py",
    "edge/access.py",
    "edge/shelf.py",
    "edge/tally.py",
    "edge/circulation.py",
    "edge/lent.py",
    "edge/pad.py",
    "edge/passage.py",
    "edge/screen.py",
    "edge/hours.py",
    "edge/furniture.py",
    "edge/phrases/*.py",
    "edge/stations/*.py",
    "edge/tagging/__init__.py",
    "edge/tagging/batch.py",
    "edge/frames/*.py",
    "edge/devices/__init__.py",
    "edge/devices/kinds.py",
    "hub/__init__.py",
    "hub/directory/__init__.py",
    "hub/directory/encodings.py",
    "hub/directory/isbn.py",
    "hub/directory/marks.py",
    "hub/projections/*.py",
    "hub/restock/arrivals.py",
    "hub/restock/calendar.py",
    "hub/restock/faults.py",
    "hub/restock/forecast/*.py",
    "hub/restock/ical.py",
    "hub/restock/outcomes.py",
    "hub/restock/picklist.py",
    "hub/restock/planner/*.py",
    "hub/restock/precedence.py",
    "hub/restock/__init__.py",
    "hub/restock/query.py",
    "hub/restock/routing.py",
    "hub/restock/shelves.py",
    "hub/restock/stays.py",
    "hub/search/__init__.py",
    "hub/search/scripts.py",
    "hub/search/sounds.py",
    "hub/search/tokens.py",
    "hub/search/wanted.py",
    "firmware_sim/__init__.py",
    "firmware_sim/people.py",
)
"""What DESIGN calls pure, and the few modules of ours that pure ones may import."""

LIBRARIES = frozenset(
    {
        "__future__",
        "abc",
        "array",
        "base64",
        "binascii",
        "bisect",
        "collections",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "hmac",
        "itertools",
        "json",
        "math",
        "operator",
        "re",
        "statistics",
        "string",
        "struct",
        "textwrap",
        "types",
        "typing",
        "unicodedata",
        "pydantic",
        "pydantic_core",
        "argon2.low_level",
        "numpy",
        "ortools.graph",
        "ortools.math_opt",
        "ortools.pdlp",
        "dateutil.rrule",
        "icalendar",
        "pypinyin",
        "pyvrp",
        "scipy.sparse",
    }
)
"""All that they may import of others: nothing here opens, waits, asks the time or throws dice."""

CLOCKS = frozenset({"now", "utcnow", "today"})
DOORS = frozenset({"open", "input", "print", "exec", "eval", "__import__", "breakpoint"})
OURS = frozenset({"protocol", "edge", "hub", "firmware_sim", "tests", "benchmarks"})


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def pure_modules() -> dict[str, Path]:
    return {name_of(path): path for pattern in PURE_FILES for path in sorted(ROOT.glob(pattern))}


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def imported(node: ast.AST, package: str) -> list[str]:
    """Full names of the modules that an import statement loads; none for any other node."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    base = ".".join([*above, *([node.module] if node.module else [])])
    if base.split(".")[0] not in OURS:
        return [base]
    inner = [f"{base}.{alias.name}" for alias in node.names]
    return sorted({name if is_module(name) else base for name in inner})


def impurities(source: str, module: str, pure: frozenset[str], *, package: str | None = None) -> list[str]:
    """What `source`, living at `module`, does that a pure module must not; with line numbers."""
    package = package if package is not None else module.rpartition(".")[0]
    found = []
    for node in ast.walk(ast.parse(source)):
        for name in imported(node, package):
            allowed = name in pure if name.split(".")[0] in OURS else allowed_library(name)
            if not allowed:
                found.append(f"line {node.lineno}: imports {name}")  # type: ignore[attr-defined]
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Attribute) and called.attr in CLOCKS:
                found.append(f"line {node.lineno}: asks a clock by .{called.attr}()")
            if isinstance(called, ast.Name) and called.id in DOORS:
                found.append(f"line {node.lineno}: calls {called.id}()")
    return found


def allowed_library(name: str) -> bool:
    parts = name.split(".")
    return any(".".join(parts[:depth]) in LIBRARIES for depth in range(1, len(parts) + 1))


PURE = pure_modules()
NAMES = frozenset(PURE)


@pytest.mark.parametrize("module", sorted(PURE))
def test_a_module_that_decides_touches_nothing(module: str) -> None:
    path = PURE[module]
    package = module if path.name == "__init__.py" else None
    assert impurities(path.read_text(encoding="utf-8"), module, NAMES, package=package) == []


@pytest.mark.parametrize(
    ("planted", "blamed"),
    [
        ("import time", "time"),
        ("from os import path", "os"),
        ("import os.path as p", "os.path"),
        ("def later():\n    from random import choice", "random"),
        ("from concurrent.futures import Future", "concurrent.futures"),
        ("import argon2", "argon2"),
        ("from edge import shelf, settings", "edge.settings"),
        ("from ..devices import kinds, registry", "edge.devices.registry"),
        ("from edge.settings import load", "edge.settings"),
        ("from hub import projections, nowhere", "hub"),
        ("from datetime import datetime\nx = datetime.now()", ".now()"),
        ("from datetime import date\nx = date.today()", ".today()"),
        ("x = open('f').read()", "open()"),
        ("print('x')", "print()"),
        ("__import__('time').sleep(1)", "__import__()"),
    ],
)
def test_a_planted_impurity_is_found(planted: str, blamed: str) -> None:
    pure = NAMES - {"edge.devices", "hub"}
    found = impurities(planted, "edge.stations.cabinet", pure)
    assert len(found) >= 1
    assert any(line.endswith(blamed) for line in found)


def test_what_pure_modules_are_made_of_is_not_blamed() -> None:
    source = "import hashlib\nfrom datetime import datetime\nfrom edge import shelf\nfrom edge.shelf import Shelf\n"
    assert impurities(source, "edge.circulation", NAMES) == []


def test_every_pattern_still_names_a_file() -> None:
    assert [pattern for pattern in PURE_FILES if not list(ROOT.glob(pattern))] == []
