"""`microlib-sim city`: one seed or many, on as many processes as asked for, and what they showed."""

import gc
import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from queue import SimpleQueue
from types import FrameType
from typing import Any

from firmware_sim.city.city import Plan, Report, plan, run
from firmware_sim.city.shrink import shrink, story

RARE = ("excused", "epoch", "restores", "cross-epoch duplicates", "destroyed", "unknowable", "lost and counted")


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run."""

    seeds: tuple[int, ...]
    sites: int = 3
    days: float = 7.0
    faults: tuple[str, ...] = ()
    jobs: int = 1
    smaller: bool = True
    """A failing seed is made smaller."""


def main(order: Order) -> int:
    """Runs and tells; 0 when every promise held, 1 when one didn't, 130 when interrupted."""
    began, counts, bad, days = time.monotonic(), Counter[str](), [], 0.0
    try:
        for number, report in enumerate(reports(order), 1):
            counts.update(report.counts)
            days += report.site_days
            if report.violations:
                bad.append(report)
            _tell(report, number, len(order.seeds))
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
    _sum_up(order, counts, days, time.monotonic() - began, bad)
    if bad and order.smaller:
        _tell_smallest(bad[0])
    return 1 if bad else 0


def reports(order: Order) -> Iterator[Report]:
    """Every seed's report, as they come; KeyboardInterrupt at Ctrl-C or SIGTERM."""
    plans = [plan(seed, order.sites, order.days, order.faults) for seed in order.seeds]
    if order.jobs == 1:
        with _signals(signal.default_int_handler):
            for each in plans:
                yield run(each, _progress(each) if len(plans) == 1 else lambda day: None)
        return
    # Nothing may be raised amid the pool's locks: one left held would keep its processes from ever ending.
    arrived: SimpleQueue[Future[Report] | None] = SimpleQueue()
    with _signals(lambda number, frame: arrived.put(None)):
        pool = ProcessPoolExecutor(order.jobs, mp_context=get_context("spawn"), initializer=give_way)
        try:
            for each in plans:
                pool.submit(run, each).add_done_callback(arrived.put)
            for _ in plans:
                future = arrived.get()
                if future is None:
                    raise KeyboardInterrupt
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)  # runs under way end and tidy up, the others never begin


@contextmanager
def _signals(handler: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    """What Ctrl-C and SIGTERM do meanwhile."""
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, was in before.items():
            signal.signal(number, was)


def give_way() -> None:
    """For a process of many: what real time passes in goes first, and Ctrl-C is the parent's to hear."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # meant for a whole group of processes, it is the parent's too
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    os.nice(10)
    gc.set_threshold(100_000, 50, 100)  # so many rows live so shortly that looking for cycles costs a fifth of all
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _leave_with(parent: int) -> None:
    """A parent that was killed can't tell; nobody wants the results then."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _progress(each: Plan) -> Callable[[float], None]:
    def tell(day: float) -> None:
        sys.stderr.write(f"\rday {day:g} of {each.days:g}" + ("\n" if day >= each.days else ""))
        sys.stderr.flush()

    return tell


def _tell(report: Report, number: int, of: int) -> None:
    speed = report.site_days / report.seconds
    verdict = f"BROKEN: {report.violations[0]}" if report.violations else "every promise held"
    sys.stdout.write(f"seed {report.plan.seed} ({number} of {of}): {verdict}; {speed:.1f} site-days/s\n")
    for violation in report.violations[1:]:
        sys.stdout.write(f"    {violation}\n")
    sys.stdout.flush()


def _sum_up(order: Order, counts: Counter[str], days: float, seconds: float, bad: list[Report]) -> None:
    say = sys.stdout.write
    say(f"{len(order.seeds)} seeds, {days:,.0f} site-days in {seconds:,.0f} s ({days / seconds:.1f} a second): ")
    say(f"{counts['events']:,} events, {counts['people came']:,} people, {counts['doors opened']:,} doors opened, ")
    say(f"{counts['broker sent']:,} messages, {counts['hub commits']:,} commits\n")
    struck = {k.removeprefix("fault "): v for k, v in sorted(counts.items()) if k.startswith("fault ")}
    say(f"faults: {json.dumps(struck)}\n")
    say(f"reached: {json.dumps({k: v for k, v in sorted(counts.items()) if k.startswith(RARE)})}\n")
    say("every promise held\n" if not bad else f"{len(bad)} seeds broke a promise: ")
    if bad:
        say(", ".join(str(report.plan.seed) for report in bad) + "\n")


def _tell_smallest(report: Report) -> None:
    sys.stdout.write(f"making seed {report.plan.seed} smaller …\n")
    sys.stdout.flush()
    small = shrink(report, run)
    sys.stdout.write("\n".join([*small.lines[-60:], "", story(small), ""]))


def jobs() -> int:
    """Processes worth having here."""
    return max(1, os.cpu_count() or 1)
