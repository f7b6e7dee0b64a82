"""Whatever dies, and whenever: nothing is lost, nothing counts twice, and the hub knows where everything is."""

import threading
from random import Random

from tests.stories.kills.whole import Whole
from tests.stories.stage import until


class Reaper:
    """Kills one process after the other, and breaks cables, while people come and go."""

    def __init__(self, world: Whole, chance: Random) -> None:
        self._world = world
        self._chance = chance
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reaper", daemon=True)
        self.struck: list[str] = []

    def __enter__(self) -> "Reaper":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        world = self._world
        names = [*world.mortals.names(), *(f"cable of {name}" for name in world.sites)]
        while not self._stop.wait(self._chance.uniform(0.3, 1.5)):
            name = self._chance.choice(names)
            self.struck.append(name)
            if name.startswith("cable of "):
                cable = world.sites[name.removeprefix("cable of ")].cable
                cable.break_after(self._chance.randrange(1, 2000), seen=b"/up/events")
            else:
                world.mortals.strike(name)


def test_whoever_is_killed_at_any_moment(world: Whole) -> None:
    with Reaper(world, Random(11)) as reaper, world.people(visits=10, seed=1) as crowd:
        until("everybody came", lambda: crowd.over and crowd.idle(), 90)
    assert len(reaper.struck) >= 8
    assert crowd.tally.entered >= 3
    world.agrees()
    assert world.witness.seen["receipts"] > 10
    assert world.witness.seen["strikes"] > 3
