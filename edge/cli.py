"""`microlib-edge`: run the site's agent, check its devices, ask how it is, shut its locks; write tags at a desk."""

import argparse
import json
import logging
import secrets
import signal
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edge import checkup, screen
from edge.assembly import assemble, open_kiosk
from edge.devices import registry
from edge.errors import DeviceError, EdgeError, StorageFailed
from edge.health import sd_notify
from edge.settings import Settings, load
from edge.tagging import command as tagging
from protocol import __version__

log = logging.getLogger("edge")

AGAIN_S = 10.0
"""Between attempts to start while the journal can't be opened."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; answers the process's exit code: 0 well, 1 not, 2 wrong words."""
    args = _parser().parse_args(argv)
    logging.basicConfig(
        level=logging.DEBUG if args.verbose else logging.INFO,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    try:
        return int(args.command(args))
    except EdgeError as wrong:
        sys.stderr.write(f"microlib-edge: {wrong}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="microlib-edge", description="The agent of one micro-library site.")
    parser.add_argument("--version", action="version", version=f"microlib-edge {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command, text in (
        ("run", _run, "serve patrons until stopped (Ctrl-C, SIGTERM)"),
        ("check", _check, "open every configured device, count the shelves, and say what answers"),
        ("status", _status, "ask the running agent how it is"),
        ("relock", _relock, "put every lock into its safe state and let go"),
    ):
        sub = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        sub.add_argument("--config", type=Path, default=Path("/etc/microlib/site.toml"), help="default: %(default)s")
        sub.add_argument("-v", "--verbose", action="store_true", help="say more in the log")
        sub.set_defaults(command=_with_settings(command))
    text = "write the tags of a list of items, one by one, at a desk reader"
    sub = commands.add_parser("tags", help=text, description=text.capitalize() + ".")
    tagging.describe(sub)
    sub.add_argument("-v", "--verbose", action="store_true", help="say more in the log")
    sub.set_defaults(command=tagging.run)
    return parser


def _with_settings(
    command: Callable[[Settings, argparse.Namespace], int],
) -> Callable[[argparse.Namespace], int]:
    return lambda args: command(load(args.config), args)


def _run(settings: Settings, args: argparse.Namespace) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        try:
            with assemble(settings, random=secrets.token_bytes) as agent:
                log.info("site %s: agent %s is up", settings.site, __version__)
                agent.run(stop)
        except StorageFailed as failed:
            log.error("%s; trying again in %.0f s", failed, AGAIN_S)
            _say_out_of_order(settings, stop)
    log.info("site %s: stopped in order", settings.site)
    return 0


def _say_out_of_order(settings: Settings, stop: threading.Event) -> None:
    """Until the next attempt the page says that the site is out of order: a disk may fail before anything works."""
    view = screen.View(screen.ViewKind.OUT_OF_ORDER)
    kiosk = open_kiosk(settings)
    try:
        for station in settings.station:
            drawn = screen.render(view, lambda item: None, settings.languages, station.kind)
            kiosk.show(station.name, drawn.model_dump_json())
        sd_notify("READY=1")
        stop.wait(AGAIN_S)
    finally:
        kiosk.stop()


def _check(settings: Settings, args: argparse.Namespace) -> int:
    return 1 if checkup.check(settings, sys.stdout) else 0


def _status(settings: Settings, args: argparse.Namespace) -> int:
    url = f"http://{settings.kiosk.host}:{settings.kiosk.port}/status"
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:
            status = json.load(answer)
    except urllib.error.HTTPError as error:
        why = "is starting" if error.code == 503 else f"answers {error}"
        sys.stderr.write(f"microlib-edge: the agent at {url} {why}\n")
        return 1
    except (urllib.error.URLError, OSError, ValueError) as error:
        sys.stderr.write(f"microlib-edge: no agent answers at {url}: {error}\n")
        return 1
    sys.stdout.write(json.dumps(status, indent=2, ensure_ascii=False) + "\n")
    failed = [d["device"] for d in status["devices"] if d["state"] != "ok"]
    return 1 if failed or status.get("alarms") else 0


def _relock(settings: Settings, args: argparse.Namespace) -> int:
    bad = 0
    for name in [name for name, kind in settings.devices().items() if kind == "door"]:
        door: Any = registry.build(name, settings.device[name])
        try:
            door.connect()
            door.relock()
        except DeviceError as error:
            bad += 1
            sys.stderr.write(f"microlib-edge: {name}: {error.why}\n")
        finally:
            door.close()
    return 1 if bad else 0
