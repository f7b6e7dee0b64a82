"""`microlib-sim demo`: starts three micro-libraries, lets people come and go, and ends with the truth check."""

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from random import Random

import httpx

from firmware_sim.callers import Callers
from firmware_sim.children import ChildDied
from firmware_sim.crowd import Comings, Crowd
from firmware_sim.fittings import DESK
from firmware_sim.guests import Guests
from firmware_sim.launch import STAFF, Launch, NotOurs, Options
from firmware_sim.librarian import Figures, Librarian
from firmware_sim.lockerwall import LockerWall
from firmware_sim.mishaps import Mishaps
from firmware_sim.people import Pace
from firmware_sim.ports import HOST, PortTaken, claim
from firmware_sim.readingroom import ReadingRoom
from firmware_sim.restock import prepare
from firmware_sim.sites import Site
from firmware_sim.summary import Summary
from firmware_sim.verdict import come_to_rest, judge
from firmware_sim.visitors import Doorstep

BETWEEN_S = 2.0
"""From one visitor to the next at a site, at speed 1."""
MISHAP_S = 4.0
"""Between two mishaps anywhere, at speed 1."""
LIVE_S, PLAIN_S = 1.0, 15.0
"""Between two summaries, on a terminal and in a log."""
LEAVE_S = 45.0
"""How long the last visitors may take to leave."""


class Patience:
    """What Ctrl-C and SIGTERM say: once, end in order; twice, end now."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._again = False

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """From here on signals are heard; the ones before come back afterwards."""
        before = {number: signal.signal(number, self._hear) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def wait(self, seconds: float) -> bool:
        """Waits so long, or until somebody asks for the end; whether they did."""
        return self._asked.wait(seconds)

    def lost(self) -> bool:
        """They asked twice."""
        return self._again

    def _hear(self, *_: object) -> None:
        self._again = self._asked.is_set()
        self._asked.set()
        if self._again:
            raise KeyboardInterrupt


def run(options: Options) -> int:
    """The whole demo; answers 0 when truth and hub agree, 1 when they don't or something failed, 130 when cut short."""
    summary = Summary(sys.stdout)
    patience = Patience()
    try:
        claim(options.ports)
        with contextlib.ExitStack() as stack:
            stack.enter_context(patience.listening())
            return _run(Launch(options, stack, summary.say), summary, patience)
    except (ChildDied, TimeoutError, PortTaken, NotOurs, LookupError, httpx.HTTPError) as wrong:
        summary.finish()
        sys.stderr.write(f"microlib-sim: {wrong}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def _run(launch: Launch, summary: Summary, patience: Patience) -> int:
    options, began = launch.options, time.monotonic()
    launch.start_broker()
    librarian = launch.start_hub()
    sites = launch.start_sites()
    launch.start_bench(sites, librarian)
    shelved = [site.spot.partner.site for site in sites if not isinstance(site.spot.cabinet, LockerWall)]
    plan = None if options.keep else prepare(librarian, shelved, launch.today)
    _welcome(launch, sites, summary, time.monotonic() - began, plan)
    screens = {site.spot.partner.site: site.screen for site in sites}
    crowd = Crowd(launch.town, screens, options.visits)
    comings = _comings(crowd, sites, librarian, launch, summary)
    if not options.keep:
        summary.say("Couriers put the reading room's books on record, and load the locker wall …")
        _furnish(comings, launch)
    chance = Random(f"{launch.seed}/mishaps")
    mishaps = Mishaps(launch.town, sites, chance, MISHAP_S / options.speed, summary.tell)
    for coming in comings if options.people else ():
        coming.start()
    if options.faults:
        mishaps.start()
    try:
        _watch(launch, crowd, sites, librarian, mishaps, summary, patience)
    finally:
        for coming in comings:
            coming.stop()
    summary.finish()
    summary.say("The last visitors leave, and everything comes to rest …")
    _leave(comings)
    mishaps.clear()
    launch.town.tidy()
    for site in sites:
        site.mend()
    unrest = come_to_rest(sites, launch.children, patience.lost)
    verdict = judge(launch.town, librarian, unrest)
    launch.save()
    for line in verdict.told(every_item=options.verbose or not options.exit):
        summary.say(line)
    took = time.monotonic() - began
    summary.say(f"{_people_line(crowd)}; {sum(mishaps.count.values())} mishaps; {took:.0f} s; seed {launch.seed}")
    return 0 if verdict.agrees else 1


def _comings(crowd: Crowd, sites: list[Site], librarian: Librarian, launch: Launch, summary: Summary) -> list[Comings]:
    speed = launch.options.speed
    pace = Pace(hand_s=0.3 / speed, dawdle_s=7.0 / speed)
    made: list[Comings] = []
    for site in sites:
        name = site.spot.partner.site
        chance = Random(f"{launch.seed}/people/{name}")
        common = (crowd, name, chance, pace, BETWEEN_S / speed, summary.tell)
        match site.spot.cabinet:
            case ReadingRoom():
                made.append(Guests(*common, desk=site.screens[DESK]))
            case LockerWall():
                made.append(Callers(*common, site=site, librarian=librarian))
            case _:
                made.append(Doorstep(*common))
    return made


def _furnish(comings: list[Comings], launch: Launch) -> None:
    """Everywhere at once; raises ChildDied, TimeoutError."""

    def fill(coming: Comings, done: Future[None]) -> None:
        try:
            done.set_result(coming.furnish())
        except Exception as wrong:  # noqa: BLE001 (whoever waits hears of it)
            done.set_exception(wrong)

    waited: list[Future[None]] = []
    for coming in comings:
        waited.append(Future())
        threading.Thread(target=fill, args=(coming, waited[-1]), daemon=True).start()
    while not all(done.done() for done in waited):
        launch.children.check()
        time.sleep(0.1)
    for done in waited:
        done.result()


def _leave(comings: list[Comings]) -> None:
    deadline = time.monotonic() + LEAVE_S
    for coming in comings:
        coming.join(max(0.0, deadline - time.monotonic()))


def _watch(
    launch: Launch,
    crowd: Crowd,
    sites: list[Site],
    librarian: Librarian,
    mishaps: Mishaps,
    summary: Summary,
    patience: Patience,
) -> None:
    """Shows how it goes until somebody asks for the end, or the visits are over and the demo is to end with them."""
    every_s = LIVE_S if sys.stdout.isatty() else PLAIN_S
    shown = 0.0
    while not patience.wait(0.5):
        launch.children.check()
        if launch.options.exit and crowd.over and crowd.idle():
            return
        if time.monotonic() - shown >= every_s:
            shown = time.monotonic()
            summary.draw(_block(launch, crowd, sites, librarian, mishaps))


def _welcome(launch: Launch, sites: list[Site], summary: Summary, took_s: float, plan: int | None) -> None:
    ports = launch.options.ports
    summary.say(f"Everything is up after {took_s:.0f} s.")
    summary.say(f"  Hub      http://{HOST}:{ports.hub}/   login: {STAFF}   password: {launch.password}")
    for site in sites:
        name = f"{site.spot.partner.name_en} {site.spot.partner.name_zh}"
        summary.say(f"  Kiosk    http://{HOST}:{site.kiosk_port}/   {name}")
    summary.say(f"  Bench    http://{HOST}:{ports.bench}/   tap, open, take and put by hand")
    if plan is not None:
        summary.say(
            f"  Restock  http://{HOST}:{ports.hub}/restock/plans/{plan}   a campaign runs, a plan awaits approval"
        )
    summary.say(f"  Logs     {launch.options.folder / 'logs'}")
    if not (launch.options.exit and launch.options.visits):
        summary.say("Ctrl-C ends it with the truth check.")


def _block(launch: Launch, crowd: Crowd, sites: list[Site], librarian: Librarian, mishaps: Mishaps) -> list[str]:
    try:
        figures: Figures | None = librarian.figures()
    except httpx.HTTPError:
        figures = None
    lines = [f"People: {_people_line(crowd)}" + (f"; {sum(mishaps.count.values())} mishaps" if mishaps.count else "")]
    if figures is None:
        lines.append("Hub:    no answer just now")
    else:
        lines.append(
            f"Hub:    {figures.on_loan} on loan, {figures.brought_back} brought back, "
            f"{figures.undecided} undecided, {figures.missing} missing"
        )
    for site in sites:
        where = site.spot.partner.site
        door = "open" if site.spot.cabinet.door_is_open else "shut"
        power = "" if site.powered else ", no power"
        known = figures is not None and figures.online.get(where)
        queue = figures.queues.get(where) if figures else None
        lines.append(
            f"  {where:14} door {door}, screen {site.screen.kind or 'dark':12} "
            f"{'online' if known else 'offline'}, {queue if queue is not None else '?'} to send{power}"
        )
    return lines


def _people_line(crowd: Crowd) -> str:
    tally = crowd.tally
    return (
        f"{tally.visits} visits, {tally.entered} entered, {tally.turned_away} turned away, "
        f"{tally.taken} items taken, {tally.put} put"
    )
