"""`microlib-sim`: the demo and its parts."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from firmware_sim import broker, demo, ports, tty
from firmware_sim.launch import Options
from protocol import __version__

LEAST_PASSWORD = 10
"""The hub takes none that is shorter."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; answers the process's exit code: 0 well, 1 not, 2 wrong words, 130 interrupted."""
    args = _parser().parse_args(argv)
    return int(args.command(args))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="microlib-sim", description="Simulated micro-libraries.")
    parser.add_argument("--version", action="version", version=f"microlib-sim {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_demo(commands.add_parser("demo", help="three simulated micro-libraries on this machine"))
    _add_city(commands.add_parser("city", help="a whole city with every fault, in virtual time"))
    text = "what can be emulated"
    sub = commands.add_parser("devices", help=text, description=f"Lists {text}.")
    sub.set_defaults(command=lambda args: tty.devices(sys.stdout))
    _add_tty(commands.add_parser("tty", help="one emulated device behind a pseudo-terminal, for any program"))
    _add_broker(commands.add_parser("broker", help="an MQTT broker for playing, on this machine only"))
    return parser


def _add_demo(sub: argparse.ArgumentParser) -> None:
    default = Options()
    sub.description = (
        "Starts a broker, the hub and three site agents against simulated cabinets, and lets simulated patrons come "
        "and go. Ctrl-C stops everything and compares where every item is with where the hub says it is."
    )
    sub.add_argument("--visits", type=_count, metavar="N", help="visits there shall be; without it, no end")
    sub.add_argument("--exit", action="store_true", help="end by itself after the visits, 1 if truth and hub differ")
    sub.add_argument("--faults", choices=("on", "off"), help="make trouble too (default: on with --exit, else off)")
    sub.add_argument("--no-people", action="store_true", help="nobody comes: everything is done by hand")
    sub.add_argument("--seed", type=int, default=default.seed, help="another seed, another library (default: 1)")
    sub.add_argument(
        "--speed", type=_speed, default=default.speed, metavar="X", help="people and chips X times as fast"
    )
    sub.add_argument(
        "--ports",
        type=_ports,
        default=default.ports,
        metavar="…",
        help="hub=8000,bench=8100,kiosk=8101,broker=18830 (the default; each may be left out), or free",
    )
    sub.add_argument("--broker", choices=("auto", "mosquitto", "amqtt"), default=default.broker)
    sub.add_argument("--dir", type=Path, default=default.folder, help="folder for data and logs (default: .demo)")
    sub.add_argument("--keep", action="store_true", help="go on where the last run in that folder ended")
    sub.add_argument("--password", type=_password, help="of the login; without it one is made up and shown")
    sub.add_argument("--verbose", action="store_true", help="list every item at the end")
    sub.set_defaults(command=_demo)


def _add_city(sub: argparse.ArgumentParser) -> None:
    sub.description = (
        "Lets many real agents and the real hub live for some days of virtual time while everything goes wrong, and "
        "compares what the hub says with where every item is. The same seed gives the same run. A seed that breaks a "
        "promise is made smaller and told as a test."
    )
    sub.add_argument("--sites", type=_count, default=3, metavar="N", help="default: %(default)s")
    sub.add_argument("--days", type=_days, default=7.0, metavar="N", help="default: %(default)g")
    sub.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    sub.add_argument("--seeds", type=_count, metavar="N", help="so many seeds, from --seed on")
    sub.add_argument("--faults", default="all", metavar="…", help="all (default), none, or names with commas")
    sub.add_argument("--jobs", type=_count, metavar="N", help="processes (default: one per core)")
    sub.add_argument("--as-it-is", action="store_true", help="don't make a failing seed smaller")
    sub.set_defaults(command=_city)


def _add_tty(sub: argparse.ArgumentParser) -> None:
    sub.description = (
        "Puts one emulated device behind a pseudo-terminal, says where it is, and shows every frame. Words on its "
        "standard input change what lies before it; help lists them. Ctrl-C ends it."
    )
    sub.add_argument("--device", required=True, metavar="NAME", help="one of those `microlib-sim devices` lists")
    sub.add_argument("--link", type=Path, default=Path("microlib-tty"), help="name of the port (default: %(default)s)")
    sub.add_argument("--items", type=int, default=3, metavar="N", help="items in the field (default: %(default)s)")
    sub.add_argument("--card", action="append", default=[], metavar="UID", help="a card held to it; may be repeated")
    sub.add_argument("--speed", type=_speed, default=1.0, metavar="X", help="X times as fast as a real one")
    sub.set_defaults(command=_tty)


def _add_broker(sub: argparse.ArgumentParser) -> None:
    sub.description = "Runs Mosquitto if it is installed, else amqtt, for nobody but this machine."
    sub.add_argument("--port", type=int, default=Options().ports.broker, help="default: %(default)s")
    sub.add_argument("--broker", choices=("auto", "mosquitto", "amqtt"), default="auto")
    sub.add_argument("--dir", type=Path, default=Path(".demo"), help="folder for its settings (default: .demo)")
    sub.set_defaults(command=_broker)


def _demo(args: argparse.Namespace) -> int:
    return demo.run(
        Options(
            folder=args.dir.resolve(),
            keep=args.keep,
            visits=args.visits,
            exit=args.exit,
            faults=args.faults == "on" or (args.faults is None and args.exit),
            people=not args.no_people,
            seed=args.seed,
            speed=args.speed,
            ports=args.ports,
            broker=args.broker,
            password=args.password,
            verbose=args.verbose,
        )
    )


def _city(args: argparse.Namespace) -> int:
    from firmware_sim.city import faults, soak  # the whole hub: only who asks for it waits for its imports

    try:
        names = faults.named(args.faults.split(","))
    except ValueError as wrong:
        sys.stderr.write(f"microlib-sim: {wrong}\n")
        return 2
    seeds = tuple(range(args.seed, args.seed + (args.seeds or 1)))
    jobs = args.jobs or min(len(seeds), soak.jobs())
    return soak.main(soak.Order(seeds, args.sites, args.days, names, jobs, not args.as_it_is))


def _tty(args: argparse.Namespace) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        return tty.run(
            args.device, args.link.absolute(), args.items, args.card, args.speed, sys.stdin, sys.stdout, stop
        )
    except (ValueError, OSError) as wrong:
        sys.stderr.write(f"microlib-sim: {wrong}\n")
        return 1


def _broker(args: argparse.Namespace) -> int:
    try:
        kind = broker.choose(args.broker)
    except LookupError as wrong:
        sys.stderr.write(f"microlib-sim: {wrong}\n")
        return 1
    sys.stderr.write(f"broker: {kind} at 127.0.0.1:{args.port}\n")
    broker.serve(kind, args.port, args.dir)
    return 0


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 up")
    return int(text)


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0.1 <= days <= 3660:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 0.1 to 3660")
    return days


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.1 <= speed <= 20:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed from 0.1 to 20")
    return speed


def _ports(text: str) -> ports.Ports:
    try:
        return ports.read(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from None


def _password(text: str) -> str:
    if len(text) < LEAST_PASSWORD:
        raise argparse.ArgumentTypeError(f"a password has {LEAST_PASSWORD} characters or more")
    return text


if __name__ == "__main__":
    sys.exit(main())
