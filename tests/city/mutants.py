"""Builds that are broken on purpose, one rule each: what the city must find, or it proves nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from edge import generation, journal, outbox, salvage
from edge.stations import count
from firmware_sim.city.city import plan, run
from hub import histories, ingest, ledger
from hub.models import AsideRow
from protocol.events import EpochReason, VisitKind

Patch = Callable[[pytest.MonkeyPatch], None]


def receipt_before_commit(patch: pytest.MonkeyPatch) -> None:
    """The hub answers as soon as it has read a batch."""
    answer = ingest.Ingest._answer

    def at_once(self: Any, gathered: Any, site: Any, told: Any) -> None:
        answer(self, gathered, site, told)
        said = gathered.answers.pop()
        self._publish(ingest.down(site, said.what), said.payload)

    patch.setattr(ingest.Ingest, "_answer", at_once)


def journal_synchronous_normal(patch: pytest.MonkeyPatch) -> None:
    """The site's journal doesn't wait for the card."""

    def careless(path: Any) -> Any:
        db = generation.connect(path)
        db.execute("PRAGMA synchronous = NORMAL")
        return db

    patch.setattr(journal, "connect", careless)
    patch.setattr(salvage, "connect", careless)


def fold_in_order_of_arrival(patch: pytest.MonkeyPatch) -> None:
    """The hub takes what it hears first for what happened first."""
    in_order = histories.in_order

    def by_arrival(events: Any, *rest: Any) -> Any:
        placed = in_order(list(events), *rest)
        return sorted(placed, key=lambda p: (p.event.received_at, p.event.site, p.event.ord, p.event.seq))

    patch.setattr(histories, "in_order", by_arrival)


def attribution_without_evidence(patch: pytest.MonkeyPatch) -> None:
    """Whatever is gone was taken by the last patron who was there."""
    cause = count._cause

    def guess(state: Any, given: Any) -> Any:
        known = cause(state, given)
        last = state.memory.last
        if known.visit is not None or last is None or last.kind is not VisitKind.BORROW:
            return known
        return count.Cause(kind=last.kind, visit=last.visit, late=True, loan_days=last.loan_days, today=given.today)

    patch.setattr(count, "_cause", guess)


def delete_on_stored(patch: pytest.MonkeyPatch) -> None:
    """The site forgets what the hub has, not what a checked backup has."""
    forget = journal.Journal.forget

    def early(self: Any, stamp: Any, age: Any) -> int:
        settled, self._settled = self._settled, (self._settled[0], self._settled[0])
        try:
            return int(forget(self, stamp, age))
        finally:
            self._settled = settled

    patch.setattr(journal.Journal, "forget", early)


class _Anything(bytes):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = bytes.__hash__


def dedupe_by_position_only(patch: pytest.MonkeyPatch) -> None:
    """Nobody compares digests: what stands at a place is taken for what stood there."""
    patch.setattr(ingest, "chain_all", lambda digest, bodies: _Anything())

    def only_the_number(self: Any, receipt: Any) -> EpochReason | None:
        return EpochReason.REWOUND if receipt.stored > self._journal.last else None

    patch.setattr(outbox.Outbox, "_contradiction", only_the_number)


def no_event_id(patch: pytest.MonkeyPatch) -> None:
    """An event is another one in every epoch."""
    keep = ledger._keep_aside

    def once(session: Any, site: str, event: Any, *rest: Any) -> None:
        if session.get(AsideRow, (site, event.id)) is None:  # else the table itself would refuse the second one
            keep(session, site, event, *rest)

    patch.setattr(ledger, "_known", lambda session, site, ids: {})
    patch.setattr(ledger, "_keep_aside", once)


def cursor_never_moves_back(patch: pytest.MonkeyPatch) -> None:
    """A site believes the highest `stored` it was ever told."""
    settle = journal.Journal.settle

    def upwards(self: Any, stored: int, archived: int) -> None:
        settle(self, max(stored, self.stored), archived)

    patch.setattr(journal.Journal, "settle", upwards)


MUTANTS: tuple[Patch, ...] = (
    receipt_before_commit,
    journal_synchronous_normal,
    fold_in_order_of_arrival,
    attribution_without_evidence,
    delete_on_stored,
    dedupe_by_position_only,
    no_event_id,
    cursor_never_moves_back,
)


@contextmanager
def broken(mutant: Patch) -> Iterator[None]:
    """The build is broken within the block."""
    with pytest.MonkeyPatch.context() as patch:
        mutant(patch)
        yield


SEEDS = range(1, 41)


def first_caught(number: int) -> tuple[int, str] | None:
    """The first of SEEDS in which the city catches mutant `number`, and what it says."""
    for seed in SEEDS:
        with broken(MUTANTS[number]):
            report = run(plan(seed, 3, 5.0))
        if report.violations:
            return seed, report.violations[0]
    return None
