"""What goes wrong in a city, by name: how often, and what exactly happens.

A seed first draws which faults there are at all and how often each comes, then every occurrence, before anything runs:
so that a failing run can be told, and made smaller, as a list.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from firmware_sim.city.disk import Mood
from firmware_sim.city.machine import RECOUNT_S
from firmware_sim.city.timeline import DAY

if TYPE_CHECKING:
    from firmware_sim.city.city import City

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One fault once."""

    at: float
    """Seconds from the start."""
    fault: str
    site: int
    """Which site, where it is one's; ignored by those of the whole city."""
    dice: int
    """Decides what is left open."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault."""

    days: float
    """Between two of them on average: at each site, or in the whole city."""
    strike: Callable[["City", int, Random], None]
    citywide: bool = False


def draw(seed: int, sites: int, days: float, names: Iterable[str]) -> tuple[Occurrence, ...]:
    """Every occurrence of a run; each fault of `names` is there in two of three seeds, rarer or more often."""
    chance = Random(f"{seed}/faults")
    found = []
    for name in sorted(names):
        fault = FAULTS[name]
        present, often = chance.random() < 2 / 3, chance.choice((0.5, 1.0, 2.0, 4.0))
        for site in range(1 if fault.citywide else sites):
            at = 0.0
            while (at := at + chance.expovariate(often / (fault.days * DAY))) < days * DAY:
                occurrence = Occurrence(round(at, 3), name, site, chance.randrange(2**32))
                if present:
                    found.append(occurrence)
    return tuple(sorted(found, key=lambda o: (o.at, o.fault, o.site)))


# ------------------------------------------------------------------------------------------------- power and processes


def _power_cut(city: "City", site: int, chance: Random) -> None:
    if city.machines[site].up:
        city.machines[site].fail(chance.choice((5.0, 60.0, chance.uniform(60, 12 * HOUR))))


def _cut_in_write(city: "City", site: int, chance: Random) -> None:
    city.machines[site].disk.plan_cut(chance.randint(1, 60), after=chance.random() < 0.5)


def _kill(city: "City", site: int, chance: Random) -> None:
    if city.machines[site].up:
        city.machines[site].fail(5.0, power=False)


# --------------------------------------------------------------------------------------------------------- the SD card


def _disk_full(city: "City", site: int, chance: Random) -> None:
    _mood(city, site, Mood.FULL, chance.uniform(0.1, 2) * HOUR)


def _read_only(city: "City", site: int, chance: Random) -> None:
    _mood(city, site, Mood.READ_ONLY, chance.uniform(0.05, 1) * HOUR)


def _mood(city: "City", site: int, mood: Mood, seconds: float) -> None:
    disk = city.machines[site].disk
    disk.mood = mood

    def well() -> None:
        disk.mood = Mood.WELL

    city.timeline.after(seconds, well)


def _lying(city: "City", site: int, chance: Random) -> None:
    """The card acknowledges what it hasn't written, and then the power fails."""
    machine = city.machines[site]
    disk = machine.disk
    disk.lying = True

    def cut() -> None:
        if machine.disk is disk and machine.up and disk.lying and not city.healed:
            machine.fail(60.0)
        disk.lying = False

    city.timeline.after(chance.uniform(0.1, 3) * HOUR, cut)


def _corrupt(city: "City", site: int, chance: Random) -> None:
    machine = city.machines[site]
    if machine.up:
        machine.fail(60.0)
        machine.excuse = "a page was corrupted"
        for _ in range(chance.randint(1, 3)):
            city.timeline.after(1.0, lambda: _spoil(city, site))


def _spoil(city: "City", site: int) -> None:
    machine = city.machines[site]
    file = machine.memory.settings.data_dir / "journal.db"
    if not machine.up and file.exists():
        machine.disk.corrupt(file)


def _journal_gone(city: "City", site: int, chance: Random) -> None:
    machine = city.machines[site]
    if machine.up:
        machine.fail(60.0)
        machine.excuse = "the card was replaced"
        everything = chance.random() < 0.5
        for file in sorted(machine.memory.settings.data_dir.iterdir()):
            if file.name != "journal.lock" and (everything or file.name.startswith("journal")):
                file.unlink()


def _image(city: "City", site: int, chance: Random) -> None:
    """A copy of the card is made, and put back days later."""
    machine = city.machines[site]
    if not machine.up:
        return
    machine.fail(30.0)
    folder = machine.memory.settings.data_dir
    taken = {f.name: f.read_bytes() for f in sorted(folder.iterdir()) if not f.name.endswith("-shm")}
    then, memory = city.timeline.now, machine.memory

    def put_back() -> None:
        if machine.memory is not memory or not machine.up or city.healed:
            return
        machine.fail(60.0)
        machine.excuse = "an old image was put back"
        city.oracle.taint_recent(machine.site, city.timeline.now - then + HOUR)
        for file in folder.iterdir():
            file.unlink()
        for name, content in taken.items():
            (folder / name).write_bytes(content)
        machine.disk.replaced()
        if chance.random() < 0.5:  # nobody is there to tell it: the two histories grow apart
            machine.plug(False)
            city.timeline.after(chance.uniform(0.5, 2) * DAY, lambda: machine.plug(True))

    city.timeline.after(chance.uniform(0.1, 3) * DAY, put_back)


def _swap(city: "City", site: int, chance: Random) -> None:
    """Two sites' cards change places for a while: each machine takes itself for the other."""
    if len(city.machines) < 2:
        return
    other = (site + chance.randint(1, len(city.machines) - 1)) % len(city.machines)
    city.swap(site, other)
    city.timeline.after(chance.uniform(0.5, 12) * HOUR, lambda: city.swap_back(site, other))


def _journals_swapped(city: "City", site: int, chance: Random) -> None:
    """Two sites' data folders change places for a while; who each machine is stays with it."""
    if len(city.machines) < 2:
        return
    other = (site + chance.randint(1, len(city.machines) - 1)) % len(city.machines)
    city.swap_files(site, other)
    city.timeline.after(chance.uniform(0.5, 12) * HOUR, lambda: None if city.healed else city.swap_files(site, other))


# ----------------------------------------------------------------------------------------------------- clock and cable


def _clock_wrong(city: "City", site: int, chance: Random) -> None:
    sizes = (120.0, HOUR, DAY, 30 * DAY, 365 * DAY, 20 * 365 * DAY)
    city.machines[site].lose_time(chance.choice((-1, 1)) * chance.choice(sizes) * chance.uniform(0.5, 1.5))


def _offline(city: "City", site: int, chance: Random) -> None:
    machine = city.machines[site]
    machine.plug(False)
    city.timeline.after(chance.choice((60.0, HOUR, DAY, 7 * DAY)) * chance.uniform(0.2, 1), lambda: machine.plug(True))


def _line_drops(city: "City", site: int, chance: Random) -> None:
    city.broker.drop(city.machines[site].site, will_after=chance.uniform(0, 70))


def _half_open(city: "City", site: int, chance: Random) -> None:
    city.broker.half_open(city.machines[site].site, chance.uniform(45, 600))


def _stale_twin(city: "City", site: int, chance: Random) -> None:
    """Somebody else connects under the site's name, and goes."""
    name = city.machines[site].site
    twin = city.broker.connect(name, (), lambda topic, payload: None, lambda: None)
    if twin is not None:
        city.timeline.after(chance.uniform(1, 120), lambda: city.broker.leave(twin))


# ------------------------------------------------------------------------------------------------- cabinets and people


def _reader_gone(city: "City", site: int, chance: Random) -> None:
    _pull(city, site, chance.choice(("reader-a", "reader-b")), chance.uniform(0.05, 2) * HOUR)


def _plug_pulled(city: "City", site: int, chance: Random) -> None:
    _pull(city, site, chance.choice(("card", "door")), chance.uniform(0.02, 1) * HOUR)


def _pull(city: "City", site: int, device: str, seconds: float) -> None:
    case = city.cases[site]
    case.unplug(device, True)
    city.timeline.after(seconds, lambda: case.unplug(device, False))


def _deaf(city: "City", site: int, chance: Random) -> None:
    case, shelf = city.cases[site], chance.choice(("A", "B"))
    case.deafen(shelf, True)
    city.timeline.after(chance.uniform(30, 900), lambda: case.deafen(shelf, False))


def _shadow(city: "City", site: int, chance: Random) -> None:
    """A tag can't be read for a while; nobody steps up until the shelf has been counted after either change."""
    if not city.folk.free(city.place(site)):
        return
    sight = city.town.sight(city.place(site))
    tags = [thing.tag for shelf in sight.shelves.values() for thing in shelf]
    if not tags:
        return
    tag = chance.choice(tags)
    city.hide(site, tag, True)
    city.timeline.after(chance.uniform(1, 10) * (RECOUNT_S + HOUR), lambda: city.hide(site, tag, False))


def _upside_down(city: "City", site: int, chance: Random) -> None:
    """Whoever next looks at an item there and puts it back does it so that its tag can't be read, for a while."""
    place = city.place(site)
    lie_s = chance.uniform(0.2, 4.0) * HOUR
    city.folk.careless[place] = lambda tag: city.turned(site, tag, lie_s)


def _forced(city: "City", site: int, chance: Random) -> None:
    """Not in a site's first hour: what is taken before it knows whose items it holds was never there for anybody.

    While a site has no power nothing tells an intruder from whom the power cut interrupted.
    """
    if city.timeline.now > HOUR:
        loot = city.folk.intrude(city.place(site), chance)
        if not city.machines[site].up:
            city.oracle.stolen_unseen(city.town.copies[tag].item for tag in loot)


# --------------------------------------------------------------------------------------------------- broker and the hub


def _broker_restart(city: "City", site: int, chance: Random) -> None:
    city.broker.crash(chance.choice((1.0, 30.0, HOUR)))


def _replay(city: "City", site: int, chance: Random) -> None:
    city.broker.replay()


def _page_lost(city: "City", site: int, chance: Random) -> None:
    city.broker.lose("/directory", chance.randint(1, 5))


def _hub_killed(city: "City", site: int, chance: Random) -> None:
    if city.centre.up:
        city.centre.fail(power=False)


def _hub_cut(city: "City", site: int, chance: Random) -> None:
    city.centre.disk.plan_cut(chance.randint(1, 200), after=chance.random() < 0.5)


def _hub_between(city: "City", site: int, chance: Random) -> None:
    city.centre.kill_after_commit = True


def _hub_restored(city: "City", site: int, chance: Random) -> None:
    if city.centre.restore():
        city.oracle.counts["restores"] += 1


def _two_workers(city: "City", site: int, chance: Random) -> None:
    city.centre.workers(2)
    city.timeline.after(chance.uniform(1, 24) * HOUR, lambda: city.centre.workers(1))


FAULTS: dict[str, Fault] = {
    "power-cut": Fault(8, _power_cut),
    "cut-in-write": Fault(3, _cut_in_write),
    "process-killed": Fault(6, _kill),
    "disk-full": Fault(30, _disk_full),
    "disk-read-only": Fault(40, _read_only),
    "card-lies": Fault(60, _lying),
    "page-corrupted": Fault(60, _corrupt),
    "journal-gone": Fault(90, _journal_gone),
    "image-put-back": Fault(60, _image),
    "cards-swapped": Fault(60, _swap),
    "journals-swapped": Fault(60, _journals_swapped),
    "clock-wrong": Fault(6, _clock_wrong),
    "offline": Fault(10, _offline),
    "line-drops": Fault(2, _line_drops),
    "half-open": Fault(8, _half_open),
    "stale-session": Fault(10, _stale_twin),
    "reader-gone": Fault(8, _reader_gone),
    "plug-pulled": Fault(15, _plug_pulled),
    "antenna-deaf": Fault(15, _deaf),
    "tag-shadowed": Fault(8, _shadow),
    "upside-down": Fault(6, _upside_down),
    "door-forced": Fault(15, _forced),
    "broker-restarts": Fault(4, _broker_restart, citywide=True),
    "messages-replayed": Fault(5, _replay, citywide=True),
    "directory-page-lost": Fault(3, _page_lost, citywide=True),
    "hub-killed": Fault(3, _hub_killed, citywide=True),
    "hub-loses-power": Fault(3, _hub_cut, citywide=True),
    "hub-dies-before-receipt": Fault(3, _hub_between, citywide=True),
    "hub-restored": Fault(5, _hub_restored, citywide=True),
    "two-workers": Fault(10, _two_workers, citywide=True),
}
"""Every fault by name. Doors bounce, two patrons meet and foreign items come in every run: people bring these."""


def named(names: Sequence[str]) -> tuple[str, ...]:
    """The faults that `all`, `none` or names stand for; raises ValueError naming what is none."""
    if list(names) == ["all"]:
        return tuple(FAULTS)
    if list(names) == ["none"]:
        return ()
    for name in names:
        if name not in FAULTS:
            raise ValueError(f"{name!r} is no fault; those are {', '.join(FAULTS)}, all and none")
    return tuple(names)
