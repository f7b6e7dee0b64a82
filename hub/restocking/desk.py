"""Makes plans in the background, one after the other: tells how far it is, and stops when nobody wants the plan."""

import logging
import threading
from collections import OrderedDict
from queue import SimpleQueue

from sqlmodel import select

from hub.database import Database
from hub.models import Plan
from hub.notices import Notice, Notices
from hub.restock import planner
from hub.restock.planner import Cancelled, Infeasible, Stage
from hub.restocking import plans, world
from hub.restocking.plans import State

REMEMBERED = 8
"""Plans kept as they were made, to begin from when they are made again."""
log = logging.getLogger(__name__)


class Desk:
    """One thread that plans. `start` takes up what a stop left unmade."""

    def __init__(self, database: Database, notices: Notices) -> None:
        self._database = database
        self._notices = notices
        self._wanted: SimpleQueue[int | None] = SimpleQueue()
        self._made: OrderedDict[int, planner.Plan] = OrderedDict()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins, with the plans that were asked for and never made."""
        with self._database.read() as session:
            unmade = [row.id for row in session.exec(select(Plan).where(Plan.state == State.MAKING))]
        for plan in unmade:
            self._wanted.put(plan)
        self._thread = threading.Thread(target=self._work, name="desk", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Lets go of the plan it is at; that one is made after the next start."""
        self._stopping.set()
        self._wanted.put(None)
        if self._thread is not None:
            self._thread.join()

    def make(self, plan: int) -> None:
        """A plan in state `making` is to be made, once its row is committed."""
        self._wanted.put(plan)

    def _work(self) -> None:
        while not self._stopping.is_set():
            plan = self._wanted.get()
            if plan is None:
                return
            try:
                self.work_out(plan)
            except Cancelled:
                log.info("plan %d: no longer wanted", plan)
            except Exception:  # whatever it was, other plans are still to be made
                log.exception("plan %d", plan)
                self._fail(plan, "unexpected")

    def work_out(self, plan: int) -> None:
        """Makes one plan here and now. Raises Cancelled."""
        with self._database.read() as session:
            row = session.get(Plan, plan)
            if row is None or row.state != State.MAKING:
                return
            try:
                ground = world.ground(session, row)
            except world.Impossible as wrong:
                self._fail(plan, str(wrong))
                return
        try:
            made = plans.compute(
                ground, self._made.get(plan), lambda stage: self._tell(plan, stage), lambda: self._given_up(plan)
            )
        except Infeasible as wrong:
            self._fail(plan, "\n".join(str(refusal) for refusal in wrong.refusals))
            return
        with self._database.write() as session:
            plans.keep(session, plan, ground, made)
        self._made[plan] = made
        while len(self._made) > REMEMBERED:
            self._made.popitem(last=False)
        self._notices.publish(notice(plan))

    def _tell(self, plan: int, stage: Stage) -> None:
        with self._database.write() as session:
            row = session.get(Plan, plan)
            if row is not None and row.state == State.MAKING:
                row.stage = stage
        self._notices.publish(notice(plan))

    def _given_up(self, plan: int) -> bool:
        if self._stopping.is_set():
            return True
        with self._database.read() as session:
            row = session.get(Plan, plan)
            return row is None or row.state != State.MAKING

    def _fail(self, plan: int, why: str) -> None:
        with self._database.write() as session:
            plans.fail(session, plan, why)
        self._notices.publish(notice(plan))


def notice(plan: int) -> Notice:
    """What open pages are told when a plan changed."""
    return Notice(f"plan-{plan}")
