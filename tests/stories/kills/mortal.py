"""Processes that are killed and started again, as a service manager would, and may be doomed to die at a point."""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from firmware_sim.children import Child, Children, Command
from tests.stories.kills.crash import POINT, RECORD

LOOK_S = 0.05
CRASH = "tests.stories.kills.crash"


class Mortals(Children):
    """Children that live on: what is guarded starts again whenever it died, until `rest`."""

    def __init__(self, logs: Path, words: Mapping[str, Sequence[str]]) -> None:
        """`words` are added to the command of that name."""
        super().__init__(logs)
        self._words = words
        self._record = logs / "crashes"
        self._dooms: dict[str, deque[str]] = {}
        self._lives: dict[str, Child] = {}
        self._starts: dict[str, Callable[[], object]] = {}
        self._resting = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="mortals", daemon=True)

    def guard(self, name: str, start: Callable[[], object] | None = None) -> None:
        """From now on `name`, which runs, is started again when it died; by `start`, or by its own command."""
        command = self._lives[name].command
        self._starts[name] = start or (lambda: self.start(command))
        if not self._keeper.is_alive():
            self._keeper.start()

    def doom(self, name: str, *points: str) -> None:
        """Each of the next lives of `name` ends at one of the points ("journal-before@3")."""
        self._dooms.setdefault(name, deque()).extend(points)

    def doomed(self) -> list[str]:
        """Points that no life was started for yet."""
        return [point for points in self._dooms.values() for point in points]

    def crashes(self) -> list[str]:
        """Points at which somebody died."""
        return self._record.read_text().split() if self._record.exists() else []

    def names(self) -> list[str]:
        """Who is guarded."""
        return sorted(self._starts)

    def strike(self, name: str) -> None:
        """Kills the present life of `name`, if there is one."""
        self._lives[name].kill()

    def start(self, command: Command, says: str = "") -> Child:
        argv = [*command.argv, *self._words.get(command.name, ())]
        environment = dict(command.environment)
        if points := self._dooms.get(command.name):
            environment |= {POINT: points.popleft(), RECORD: str(self._record)}
            argv.insert(argv.index("-m") + 1, CRASH)
        child = super().start(replace(command, argv=argv, environment=environment), says)
        child.command = command  # for its next life
        self._lives[command.name] = child
        return child

    def check(self) -> None:
        """Raises ChildDied for what is not guarded."""
        with self._lock:
            children = list(self._children)
        for child in children:
            if child.command.name not in self._starts and child.died():
                super().check()

    def rest(self) -> None:
        """Nothing is started again any more."""
        self._resting.set()
        if self._keeper.is_alive():
            self._keeper.join()

    def close(self) -> None:
        self.rest()
        super().close()

    def _keep(self) -> None:
        while not self._resting.wait(LOOK_S):
            for name, start in self._starts.items():
                if not self._lives[name].alive():
                    start()
