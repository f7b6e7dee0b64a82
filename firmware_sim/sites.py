"""One running site of the demo: its cabinet, its cable, its agent's process, and the screen beside the door."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from firmware_sim.cable import Cable, State
from firmware_sim.children import Child, Children, Command
from firmware_sim.fittings import STATIONS
from firmware_sim.screens import Screen
from firmware_sim.town import Spot

STOP_S = 6.0
"""How long an agent may take to stop in order."""
ASK_S = 3.0
RESTING = ("idle", "receipt", "goodbye", "refused")
"""Screens while nobody is there and nothing is being explained."""


class Site:
    """A site whose agent can be killed, cut off and left without power. Every method may be called from any thread."""

    def __init__(self, spot: Spot[Any], cable: Cable, command: Command, kiosk_port: int, children: Children) -> None:
        self.spot = spot
        self.cable = cable
        self.kiosk_port = kiosk_port
        self.screens = {name: Screen(kiosk_port, name) for name in STATIONS[spot.cabinet.kind]}
        """Each station's own."""
        self.screen = next(iter(self.screens.values()))
        """That of the first: a cabinet's, a room's door, a locker wall."""
        self.powered = True
        self._command = command
        self._children = children
        self._agent: Child | None = None
        self._lock = threading.RLock()

    def start(self) -> None:
        """Starts the agent unless it runs or has no power."""
        with self._lock:
            if self.powered and (self._agent is None or not self._agent.alive()):
                self._agent = self._children.start(self._command)

    def kill(self) -> None:
        """Ends the agent in the middle of whatever it does."""
        with self._lock:
            if self._agent is not None:
                self._agent.kill()

    def stop(self) -> None:
        """Asks the agent to stop in order."""
        with self._lock:
            if self._agent is not None:
                self._agent.stop(STOP_S)

    def power(self, on: bool) -> None:
        """Cuts or restores the power of everything at the site; with it the agent dies, and starts again."""
        with self._lock:
            self.powered = on
            if not on:
                self.kill()
            self.spot.cabinet.power(on)
            if on:
                self.start()

    def mend(self) -> None:
        """Whatever is wrong here is put right: power, network, plugs and faults, and the agent runs."""
        with self._lock:
            self.spot.cabinet.faults.clear()
            self.network(True)
            if not self.powered:
                self.power(True)
            self.start()

    def network(self, on: bool) -> None:
        """Cuts or mends the cable to the hub."""
        self.cable.put(State.THROUGH if on else State.CUT)

    def status(self) -> dict[str, Any] | None:
        """What the agent says of itself (protocol.status.Status), None when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.kiosk_port}/status", timeout=ASK_S) as answer:
                said = json.load(answer)
        except (urllib.error.URLError, OSError, ValueError):
            return None
        return said if isinstance(said, dict) else None

    def healthy(self) -> bool:
        """Its agent answers, every device works, it knows cards, and its shelves have been counted."""
        said = self.status()
        return (
            said is not None
            and all(device["state"] == "ok" for device in said["devices"])
            and bool(said["directory_version"])
            and self.screen.kind == "idle"
        )

    def unrest(self) -> str | None:
        """What is still under way or out of order here, in words; None when nothing is and the hub has it all."""
        said = self.status()
        if said is None:
            return "its agent doesn't answer"
        failed = [device["device"] for device in said["devices"] if device["state"] != "ok"]
        if failed:
            return f"not working: {', '.join(failed)}"
        if not self.spot.calm:
            return "the door isn't shut and locked"
        if self.screen.kind not in RESTING:
            return f"the screen says {self.screen.kind}"
        return f"{said['queue']} events to send" if said["queue"] else None


def agent(name: str, config: Path, shims: Path, board: Path, program: Sequence[str]) -> Command:
    """The agent's command, with the shims of its chips' libraries before the real ones."""
    return Command(
        name,
        (*program, "run", "--config", str(config)),
        {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(shims), "MICROLIB_BOARD": str(board)},
    )
