"""Entries into a room: who may come in by a door, who is on the way in, and what is said once they are in. Pure."""

from dataclasses import dataclass
from typing import Any

from edge.access import Admitted, Refused
from edge.stations import hall, seats
from edge.stations.hall import Entrance, Entry, Plan, Room, Way
from edge.stations.inputs import Tapped
from edge.stations.visit import OpenVisit
from protocol.events import RefusalReason, VisitEnded, VisitKind, VisitOpened, VisitOutcome
from protocol.names import DeviceName

STAFF = (VisitKind.RESTOCK, VisitKind.SERVICE)
"""Cards that opening hours and seats don't concern."""


@dataclass(frozen=True, slots=True)
class At:
    """A room, looked at from one of its doors."""

    room: Room
    door: DeviceName

    @property
    def phase(self) -> Way:
        """How the door is."""
        return self.room.doorways[self.door].way

    def put(self, **changed: Any) -> "At":
        """With that changed at this door."""
        return At(self.room.put(self.door, **changed), self.door)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Who is on the way in here."""
        return self.room.entries(self.door)

    def entering(self, *entries: Entry) -> "At":
        """With these on the way in here, instead of those who were."""
        others = tuple(e for e in self.room.memory.entries if e.door != self.door)
        return At(self.room.remember(entries=(*others, *entries)), self.door)

    def shared(self) -> "At":
        """With everybody on the way in here marked: more went on than their cards can be held to."""
        marked = (e.model_copy(update={"visit": e.visit.model_copy(update={"shared": True})}) for e in self.entries)
        return self.entering(*marked)


def admitted(at: At, given: Tapped, plan: Plan) -> Admitted | Refused:
    """What `edge.access` decided, and whether it is the door's time, and there is a seat."""
    decision = given.decision
    if isinstance(decision, Refused) or decision.kind in STAFF:
        return decision
    if not hall.is_open(plan.entrance(at.door), at.room):
        return Refused(RefusalReason.CLOSED)
    return Refused(RefusalReason.FULL) if hall.is_full(at.room, plan) else decision


def made(at: At, given: Tapped, admitted: Admitted, plan: Plan, opened: bool) -> tuple[Entry, VisitOpened]:
    """A new entry, and the fact of it; `opened` where the door stands open already."""
    visit = OpenVisit(visit=given.visit, kind=VisitKind.ENTER, card=given.card)
    fact = VisitOpened(
        station=plan.station,
        visit=given.visit,
        kind=VisitKind.ENTER,
        who=given.who,
        directory_version=given.directory_version,
        directory_age_s=given.directory_age_s,
    )
    return Entry(door=at.door, visit=visit, staff=admitted.kind in STAFF, opened=opened), fact


def left(at: At) -> At:
    """The room once the door is shut behind who went out: at least one, or as many as the barrier saw."""
    gone = max(1, at.room.doorways[at.door].passed)
    return At(at.room.remember(inside=seats.leave(at.room.memory.inside, gone)), at.door)


def over(at: At, plan: Plan, unseen: VisitOutcome = VisitOutcome.NO_ENTRY) -> tuple[At, tuple[VisitEnded, ...]]:
    """The room once everybody on the way in here is in, or isn't, and the facts of it.

    `unseen` is what is said of an entry whose door nobody saw open. A barrier's count holds for one process: people who
    went in while the power was away are one for each card, like where there is no barrier.
    """
    went = [e for e in at.entries if e.opened]
    counted = _counts(at, plan.entrance(at.door)) and not any(e.recovered for e in went)
    people = _people(at.room.doorways[at.door].passed, len(went)) if counted else [None] * len(went)
    if counted and sum(n or 0 for n in people) > len(went):
        at = at.shared()
    told = dict(zip((e.visit.visit for e in went), people, strict=True))
    facts = tuple(
        e.visit.ended(
            plan.station,
            VisitOutcome.SETTLED if e.opened else unseen,
            recovered=e.recovered,
            people=told.get(e.visit.visit),
        )
        for e in at.entries
    )
    seated = sum(1 if (n := told[e.visit.visit]) is None else n for e in at.entries if e.opened and not e.staff)
    clock = at.room.clock
    now = clock.local if clock is not None and clock.trusted else None
    room = at.room.remember(inside=seats.enter(at.room.memory.inside, seated, plan.stay_s, now))
    return At(room, at.door).entering(), facts


def _counts(at: At, entrance: Entrance) -> bool:
    return entrance.barrier is not None and entrance.barrier not in at.room.out


def _people(passed: int, entries: int) -> list[int | None]:
    """How many of those who passed came with each entry: one each, and the surplus with the first."""
    if not entries:
        return []
    first = passed - min(entries, passed) + (1 if passed else 0)
    return [first, *(int(n < passed) for n in range(1, entries))]
