"""What a person reads at a kiosk: its screen, followed over its event stream for as long as the demo runs."""

import http.client
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from typing import Any

QUIET_S = 25.0
"""Silence after which the stream counts as broken: a kiosk says something every ten seconds."""
PRESS_S = 3.0
"""The longest a kiosk may take to hear of a pressed button."""
AGAIN_S = 0.3
"""Between attempts to reach a kiosk."""


class Screen:
    """Follows one kiosk at 127.0.0.1."""

    def __init__(self, port: int, station: str = "") -> None:
        """Without a station it is the site's first one's."""
        self.port = port
        self._station = station
        self._shown: dict[str, Any] = {}
        self.kind: str | None = None
        """The screen shown now (edge.screen's kinds); None while nobody answers."""
        self.since = 0.0
        """When it began to be shown, monotonic seconds."""
        self._stop = threading.Event()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._follow, name=f"screen-{port}", daemon=True)

    def lines(self) -> list[tuple[str, str]]:
        """What it lists: titles, and what became of each (edge.screen's changes)."""
        return [(str(line["title"]), str(line["change"])) for line in self._shown.get("items") or ()]

    def press(self, what: str) -> None:
        """A finger on one of its buttons, or digits typed there."""
        body = json.dumps({"station": self._station, "what": what}).encode()
        kiosk = f"http://127.0.0.1:{self.port}/press"
        asked = urllib.request.Request(kiosk, body, {"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(asked, timeout=PRESS_S).close()
        except (urllib.error.URLError, OSError):
            return  # the agent isn't there just now; its visit ends by itself

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def stop(self) -> None:
        """Looks away."""
        self._stop.set()
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the kiosk was quicker
        self._thread.join(5)

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                self._read()
            except (OSError, http.client.HTTPException):
                pass  # the agent isn't there just now: that is what None says
            self._shown = {}
            self._show(None)
            self._stop.wait(AGAIN_S)

    def _read(self) -> None:
        """Screens are the stream's nameless events; named ones, such as pings, show nothing new."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=QUIET_S)
        try:
            connection.connect()
            self._socket = connection.sock
            connection.request("GET", f"/events?station={self._station}", headers={"Accept": "text/event-stream"})
            stream = connection.getresponse()
            named = False
            while not self._stop.is_set() and (line := stream.readline()):
                if line.startswith(b"data:") and not named:
                    self._shown = _screen(line[5:])
                    kind = self._shown.get("kind")
                    self._show(None if kind is None else str(kind))
                named = line.startswith(b"event:") or (named and line.strip() != b"")
        finally:
            connection.close()

    def _show(self, kind: str | None) -> None:
        if kind != self.kind:
            self.kind, self.since = kind, time.monotonic()


def _screen(data: bytes) -> dict[str, Any]:
    try:
        screen = json.loads(data)
    except ValueError:
        return {}
    return screen if isinstance(screen, dict) else {}
