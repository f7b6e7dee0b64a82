"""Large plans in a process of their own: the hub goes on meanwhile, and one that nobody wants any more ends at once."""

import os
import signal
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection

from hub.restock import planner
from hub.restock.planner import Cancelled, Infeasible, Plan, Stage, World

LARGE = 20_000
"""Pairs of title and site from which on a plan is made apart: smaller ones take less time than a process to begin."""
NAME = "planner"
LOOKS_S = 0.5
"""How often it is asked whether the plan is still wanted."""


class Lost(Exception):
    """The process ended before it had a plan: killed, or out of memory."""


def plan(world: World, after: Plan | None, progress: Callable[[Stage], None], cancelled: Callable[[], bool]) -> Plan:
    """As `hub.restock.planner.plan`, wherever it is best made. Raises Infeasible, Cancelled, Lost."""
    if len(world.candidates) < LARGE:
        return planner.plan(world, after=after, progress=progress, cancelled=cancelled)
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    maker = context.Process(target=_make, args=(theirs, world, after), name=NAME, daemon=True)
    maker.start()
    theirs.close()
    try:
        while not isinstance(heard := _heard(ours, cancelled), Plan):
            if isinstance(heard, Infeasible):
                raise heard
            progress(heard)
        return heard
    except EOFError:
        maker.join()
        raise Lost(f"the planner's process ended with {maker.exitcode}") from None
    finally:
        maker.kill()
        maker.join()
        ours.close()


def _heard(maker: Connection, cancelled: Callable[[], bool]) -> Stage | Plan | Infeasible:
    while not maker.poll(LOOKS_S):
        if cancelled():
            raise Cancelled
    heard: Stage | Plan | Infeasible = maker.recv()
    return heard


def _make(asker: Connection, world: World, after: Plan | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the hub's to hear; it ends this process
    os.nice(5)  # whoever stands before a door goes first
    try:
        made: Plan | Infeasible = planner.plan(world, after=after, progress=asker.send)
    except Infeasible as wrong:
        made = wrong
    try:
        asker.send(made)
    except BrokenPipeError:
        pass  # nobody is there any more
