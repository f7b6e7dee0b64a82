"""The list of items that are to get a tag: CSV as the hub exports its items, or with a column `item` at least."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from edge.errors import ListWrong
from edge.tagging.batch import Form, Wanted, fits
from protocol.formulas import unguard
from protocol.names import Isil, ItemId, TagUid
from protocol.wording import sentence

_ITEM: TypeAdapter[ItemId] = TypeAdapter(ItemId)
_ISIL: TypeAdapter[Isil] = TypeAdapter(Isil)
_TAG: TypeAdapter[TagUid] = TypeAdapter(TagUid)
_T = TypeVar("_T")


@dataclass(slots=True)
class List:
    """What a list says."""

    wanted: list[Wanted] = field(default_factory=list)
    """In the file's order."""
    tagged: dict[TagUid, ItemId] = field(default_factory=dict)
    """Tags that the list names."""
    withdrawn: int = 0
    """Items out of stock, which are left out."""


def read(path: Path, owner: Isil | None, form: Form) -> List:
    """The whole list; raises ListWrong with every bad row, or when the file can't be read.

    `owner` is whose the items are whose row names none.
    """
    found, bad = List(), list[str]()
    lines: dict[str, int] = {}
    for line, cells in rows(path, ("item",), bad):
        try:
            wanted, tag = _row(cells, owner)
            fits(wanted.content, form)
            for what in (f"item {wanted.item}", f"tag {tag}") if tag else (f"item {wanted.item}",):
                if lines.setdefault(what, line) != line:
                    raise ValueError(f"{what} is in line {lines[what]} already")
        except ValueError as wrong:
            bad.append(f"line {line}: {wrong}")
            continue
        if tag:
            found.tagged[tag] = wanted.item
        if cells.get("lending") == "withdrawn":
            found.withdrawn += 1
        else:
            found.wanted.append(wanted)
    if bad:
        raise ListWrong(path, bad)
    return found


def rows(path: Path, needed: tuple[str, ...], bad: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells of each row that isn't empty, by the heading's names; adds what is wrong with others to `bad`.

    Raises ListWrong when it is no such file.
    """
    try:
        text = _text(path.read_bytes())
    except (OSError, UnicodeError) as wrong:
        raise ListWrong(path, [f"can't be read: {wrong}"]) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    names: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            begins, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if names is None:
                names = [cell.strip() for cell in cells]
                if missing := [name for name in needed if names.count(name) != 1]:
                    raise ListWrong(path, [f"line {begins}: there must be one column {name}" for name in missing])
                continue
            if len(cells) != len(names):
                bad.append(f"line {begins}: has {len(cells)} cells, the heading has {len(names)}")
                continue
            yield begins, {name: unguard(cell.strip()) for name, cell in zip(names, cells, strict=True)}
    except csv.Error as wrong:
        raise ListWrong(path, [f"line {line}: is no line of a CSV file: {wrong}"]) from None
    if names is None:
        raise ListWrong(path, ["is empty; the first line names the columns"])


def item_id(text: str) -> ItemId:
    """An item's number from a cell; raises ValueError."""
    return _checked(_ITEM, "item", text)


def tag_uid(text: str) -> TagUid:
    """A tag's UID from a cell; raises ValueError."""
    return _checked(_TAG, "tag", text.upper())


def isil(text: str) -> Isil:
    """An owner's ISIL; raises ValueError."""
    return _checked(_ISIL, "owner", text)


def _row(cells: Mapping[str, str], owner: Isil | None) -> tuple[Wanted, TagUid | None]:
    item = item_id("".join(cells["item"].split()))
    whose = isil(cells["owner"]) if cells.get("owner") else owner
    if whose is None:
        raise ValueError(f"item {item} has no owner; a column owner or --owner says whose it is")
    return Wanted(item, whose, cells.get("barcode", "")), tag_uid(cells["tag"]) if cells.get("tag") else None


def _checked(kind: "TypeAdapter[_T]", what: str, text: str) -> _T:
    try:
        return kind.validate_python(text)
    except ValidationError as wrong:
        error: Any = wrong.errors(include_url=False)[0]
        raise ValueError(f"{what} {text!r} {sentence(error)}" if text else f"{what} is empty") from None


def _text(content: bytes) -> str:
    """UTF-8 or UTF-16 by its mark, else UTF-8, else as Chinese spreadsheets save; what counts here is ASCII in all."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")
