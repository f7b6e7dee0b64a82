"""The command `tags`: its words, and what it does from the list to the last tag."""

import argparse
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from edge.devices import registry
from edge.errors import EdgeError, SettingsWrong
from edge.tagging import lists, report
from edge.tagging.batch import Batch, Form, Order, Wanted
from edge.tagging.pad import Pad

_T = TypeVar("_T")


def describe(parser: argparse.ArgumentParser) -> None:
    """The words of `tags`."""
    add = parser.add_argument
    add("--list", type=Path, required=True, metavar="CSV", help="items as the hub exports them, or a column item")
    add("--port", required=True, metavar="URL", help="the reader: /dev/serial/by-id/…, socket://host:port")
    add("--driver", type=_argument(_writer), default="feig-obid", metavar="NAME", help="default: %(default)s")
    add(
        "--option",
        type=_argument(_option),
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="of the driver, as in site.toml (baud=9600); may be given several times",
    )
    add("--owner", type=_argument(lists.isil), metavar="ISIL", help="whose the items are whose row names no owner")
    add("--form", type=Form, choices=list(Form), default=Form.BLOCK, metavar="FORM", help=", ".join(Form))
    add("--afi", type=_argument(_afi), default="07", metavar="HEX", help="07 in stock (default), or none: leave it")
    add("--report", type=Path, metavar="CSV", help="what was written, for the hub; default: beside the list, -written")
    add("--overwrite", action="store_true", help="also tags that aren't blank, and items that have a tag already")


def run(args: argparse.Namespace) -> int:
    """Writes the batch; answers 0 when nothing is left to be written, else 1."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        return _run(args, stop)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(args: argparse.Namespace, stop: threading.Event) -> int:
    found = lists.read(args.list, args.owner, args.form)
    order = Order(args.form, args.afi, args.overwrite)
    path = args.report or args.list.with_name(f"{args.list.stem}-written.csv")
    with report.opened(path) as kept:
        wanted = _left(found, kept, args.overwrite)
        batch = Batch({**found.tagged, **{tag: item for item, tag in kept.written.items()}})
        reader = registry.build("desk", {"driver": args.driver, "port": args.port, **dict(args.option)})
        written = 0
        try:
            if wanted and not stop.is_set():
                _say(f"{reader.connect()} at {args.port}")
                before = len(kept.written)
                try:
                    Pad(reader, order, batch, kept, _say, lambda: datetime.now(UTC), stop).write(wanted)
                finally:
                    written = len(kept.written) - before
        finally:
            reader.close()
            left = len(wanted) - written
            _say(f"{'Stopped: ' if stop.is_set() else ''}{written} written, {left} left; report: {path}")
    return 1 if left else 0


def _left(found: lists.List, kept: report.Report, overwrite: bool) -> list[Wanted]:
    """Who is to be asked for; what is passed over is said."""
    tagged = set() if overwrite else set(found.tagged.values())
    wanted = [one for one in found.wanted if one.item not in kept.written and one.item not in tagged]
    reported = sum(one.item in kept.written for one in found.wanted)
    having = len(found.wanted) - len(wanted) - reported
    for count, why in (
        (reported, "are in the report already"),
        (having, "have a tag by the list (--overwrite asks for them too)"),
        (found.withdrawn, "are withdrawn"),
    ):
        if count:
            _say(f"passed over: {count} items that {why}")
    return wanted


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


# --- words ---


def _argument(read: Callable[[str], _T]) -> Callable[[str], _T]:
    """So that argparse says what is wrong with an argument."""

    def checked(text: str) -> _T:
        try:
            return read(text)
        except (ValueError, EdgeError) as wrong:
            raise argparse.ArgumentTypeError(str(wrong)) from None

    return checked


def _afi(text: str) -> int | None:
    if text == "none":
        return None
    if len(text) != 2:
        raise ValueError(f"{text!r} is not two hexadecimal digits")
    return bytes.fromhex(text)[0]


def _writer(name: str) -> str:
    if not hasattr(registry.load(name), "write"):
        raise SettingsWrong(f"driver {name} doesn't write tags; {', '.join(registry.writers())} do")
    return name


def _option(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key or key in ("driver", "port"):
        raise ValueError(f"{text!r} is not KEY=VALUE of an option")
    return key, value
