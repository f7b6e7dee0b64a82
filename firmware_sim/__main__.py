"""`microlib-sim`: the demo and its parts."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from firmware_sim import broker


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; answers the process's exit code: 0 well, 1 not, 2 wrong words."""
    parser = argparse.ArgumentParser(prog="microlib-sim", description="Simulated micro-libraries.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    sub = commands.add_parser("broker", help="run an MQTT broker for playing, on this machine only")
    sub.add_argument("--port", type=int, default=18830, help="default: %(default)s")
    sub.add_argument(
        "--broker", choices=("auto", "mosquitto", "amqtt"), default="auto", help="default: Mosquitto if installed"
    )
    sub.add_argument("--dir", type=Path, default=Path(".demo"), help="folder for its settings, default: %(default)s")
    sub.set_defaults(command=_broker)
    args = parser.parse_args(argv)
    return int(args.command(args))


def _broker(args: argparse.Namespace) -> int:
    try:
        kind = broker.choose(args.broker)
    except LookupError as wrong:
        sys.stderr.write(f"microlib-sim: {wrong}\n")
        return 1
    sys.stderr.write(f"broker: {kind} at 127.0.0.1:{args.port}\n")
    broker.serve(kind, args.port, args.dir)
    return 0


if __name__ == "__main__":
    sys.exit(main())
