"""Build hook: brings htmx in from django-htmx at build time, so it is neither committed nor fetched from a CDN."""

from importlib.metadata import files
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WANTED = {"htmx-2.min.js": "htmx.min.js", "hx-sse-2.min.js": "htmx-sse.min.js"}
"""django-htmx's name -> ours."""


class HtmxHook(BuildHookInterface[Any]):
    """Copies htmx 2 and its server-sent-events extension beside the hub's other static files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Runs before every wheel and editable build; fails the build when a file is not there."""
        shipped = {f.name: f for f in files("django-htmx") or []}
        target = Path(self.root) / "hub" / "web" / "static"
        target.mkdir(parents=True, exist_ok=True)
        for theirs, ours in WANTED.items():
            if theirs not in shipped:
                raise RuntimeError(f"django-htmx does not carry {theirs} any more; see deploy/build_hook.py")
            (target / ours).write_bytes(Path(str(shipped[theirs].locate())).read_bytes())
