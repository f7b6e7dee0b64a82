"""Writes docs/asyncapi.json: `python -m tests.wire.asyncapi`, which is `make docs`."""

import ast
import json
from pathlib import Path
from typing import Any

from protocol.asyncapi import MESSAGES, document

ROOT = Path(__file__).parents[2]
WRITTEN = ROOT / "docs" / "asyncapi.json"
RECORDED = Path(__file__).parent / "messages"


def recorded() -> dict[str, list[Any]]:
    """The recorded messages by name; a batch as the list of its lines, of commands one for each order."""
    return {message.name: [example(path) for path in files(message.name)] for message in MESSAGES}


def files(name: str) -> list[Path]:
    """Where the messages of this name are recorded."""
    return sorted([*RECORDED.glob(f"{name}.*json"), *RECORDED.glob(f"{name}-*.json")])


def example(path: Path) -> Any:
    """One recorded message, as values."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return lines if path.suffix == ".ndjson" else lines[0]


def words() -> dict[str, dict[str, str]]:
    """What stands below each field of a class and each value of an enumeration in protocol/, bases' fields too."""
    told: dict[str, dict[str, str]] = {}
    for path in sorted((ROOT / "protocol").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                inherited = [told.get(base.id, {}) for base in node.bases if isinstance(base, ast.Name)]
                told[node.name] = {key: text for base in inherited for key, text in base.items()} | own_words(node)
    return told


def own_words(node: ast.ClassDef) -> dict[str, str]:
    """What stands below the fields and values of this class itself."""
    told = {}
    for line, below in zip(node.body, node.body[1:], strict=False):
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
            text = " ".join(below.value.value.split())
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                told[line.target.id] = text
            elif isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant):
                told[str(line.value.value)] = text
    return told


def text() -> str:
    """The document as it is to be written."""
    return json.dumps(document(recorded(), words()), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    WRITTEN.write_text(text(), encoding="utf-8")
