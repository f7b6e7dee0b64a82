"""Reservations: patrons who wait for a title at a site, until they borrow a copy of it or give it up.

That a patron was served is read from the loans each time and never written down: a loan that is heard of late serves
then, and one that is taken back makes the patron wait again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, func
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from hub.models import Item, Loan, Patron, Reservation, Site, Title
from hub.projections.states import LoanState
from hub.restocking.errors import Refused, Unknown


def served_at() -> ScalarSelect[Any]:
    """When the patron of a Reservation first borrowed a copy of its title since, at any site; null: not yet."""
    return (
        columns(func.min(col(Loan.borrowed_at)))
        .join(Item, col(Item.item) == col(Loan.item))
        .where(
            col(Loan.patron) == col(Reservation.patron),
            col(Item.title_id) == col(Reservation.title_id),
            col(Loan.borrowed_at) >= col(Reservation.made_at),
            col(Loan.state) != LoanState.REVERSED,
        )
        .correlate(Reservation)
        .scalar_subquery()
    )


def waiting(session: Session) -> Sequence[Reservation]:
    """Those that patrons still wait for, the longest first."""
    query = select(Reservation).where(col(Reservation.ended_at).is_(None), served_at().is_(None))
    return session.exec(query.order_by(col(Reservation.made_at), col(Reservation.id))).all()


def reserve(session: Session, *, patron: str, title: str, site: str, now: datetime) -> int:
    """A patron waits for a title at a site; the reservation's number. Raises Unknown; Refused: reserved-already."""
    for table, what, key in ((Patron, "patron", patron), (Title, "title", title), (Site, "site", site)):
        if session.get(table, key) is None:
            raise Unknown(what, key)
    _refuse_twice(session, patron, title)
    row = Reservation(patron=patron, title_id=title, site=site, made_at=now)
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


def end(session: Session, number: int, *, now: datetime) -> None:
    """The patron no longer waits; `resume` takes it back. Raises Unknown; Refused: reservation-over."""
    row = _held(session, number)
    if row.ended_at is not None or _served(session, number):
        raise Refused("reservation-over", "nobody waits for that reservation any more")
    row.ended_at = now


def resume(session: Session, number: int) -> None:
    """An ended reservation holds again. Raises Unknown; Refused: reserved-already, reservation-holds."""
    row = _held(session, number)
    if row.ended_at is None:
        raise Refused("reservation-holds", "that reservation was never ended")
    _refuse_twice(session, row.patron, row.title_id)
    row.ended_at = None


def _held(session: Session, number: int) -> Reservation:
    """Held until the session's end."""
    row = session.get(Reservation, number, with_for_update=True)
    if row is None:
        raise Unknown("reservation", number)
    return row


def _served(session: Session, number: int) -> bool:
    query = columns(served_at()).select_from(Reservation).where(col(Reservation.id) == number)
    return session.scalar(query) is not None


def _refuse_twice(session: Session, patron: str, title: str) -> None:
    """A copy at one site serves; waiting at two would have two brought."""
    session.get(Patron, patron, with_for_update=True)  # two requests at once come here one after the other
    query = select(Reservation).where(
        Reservation.patron == patron,
        Reservation.title_id == title,
        col(Reservation.ended_at).is_(None),
        served_at().is_(None),
    )
    held = session.exec(query).first()
    if held is not None:
        told = f"patron {patron} waits for that title already, at {held.site}"
        raise Refused("reserved-already", told, patron=patron, site=held.site)
