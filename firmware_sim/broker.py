"""The demo's MQTT broker, on this machine only: Mosquitto where it is installed, else amqtt inside Python.

amqtt is for playing only: it forgets unanswered messages, and anybody may read anything. It is never used in a library.
"""

import asyncio
import logging
import os
import shutil
import sys
from pathlib import Path
from typing import Literal, NoReturn

from amqtt.broker import Broker

Kind = Literal["mosquitto", "amqtt"]
ADMIN_PATHS = ("/usr/sbin", "/usr/local/sbin")
"""Where packages put Mosquitto, and where an ordinary user's PATH doesn't look."""


def mosquitto() -> str | None:
    """Mosquitto's program, or None where it isn't installed."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *ADMIN_PATHS))
    return shutil.which("mosquitto", path=path)


def choose(wish: str) -> Kind:
    """Which broker "auto", "mosquitto" or "amqtt" comes to here; raises LookupError when it isn't installed."""
    installed = mosquitto() is not None
    if wish == "mosquitto" and not installed:
        raise LookupError("Mosquitto isn't installed here; leave --broker out, or: sudo apt install mosquitto")
    return "amqtt" if wish == "amqtt" or not installed else "mosquitto"


def serve(kind: Kind, port: int, folder: Path) -> None:
    """Runs the broker at 127.0.0.1:`port` until stopped by SIGTERM or SIGINT; `folder` takes its settings file."""
    if kind == "mosquitto":
        _become_mosquitto(port, folder)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    try:
        asyncio.run(_amqtt(port))
    except KeyboardInterrupt:
        return


def _become_mosquitto(port: int, folder: Path) -> NoReturn:
    """This process goes on as Mosquitto, so that stopping it stops the broker."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "mosquitto.conf"
    lines = [f"listener {port} 127.0.0.1", "allow_anonymous true", "persistence false", "set_tcp_nodelay true"]
    lines.append("log_dest stderr")
    if os.geteuid() == 0:
        # Mosquitto would become another user, and the kernel then forgets that it is to die with the demo (prctl(2)).
        lines.append("user root")
    settings.write_text("\n".join(lines) + "\n")
    program = mosquitto()
    if program is None:
        raise LookupError("Mosquitto isn't installed here")
    os.execv(program, [program, "-c", str(settings)])


async def _amqtt(port: int) -> None:
    plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    listeners = {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}}
    broker = Broker({"listeners": listeners, "plugins": plugins})
    await broker.start()
    try:
        await asyncio.Event().wait()
    finally:
        await broker.shutdown()
