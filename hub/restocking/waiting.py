"""Who waits: reservations that hold, as far as loans say."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from hub.models import Item, Loan, Reservation
from hub.projections.states import LoanState


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


def holds() -> ColumnElement[bool]:
    """A condition for `where(...)`: the patron of the Reservation still waits."""
    return col(Reservation.ended_at).is_(None) & served_at().is_(None)


def waiting(session: Session) -> Sequence[Reservation]:
    """Those that patrons still wait for, the longest first."""
    query = select(Reservation).where(holds())
    return session.exec(query.order_by(col(Reservation.made_at), col(Reservation.id))).all()
