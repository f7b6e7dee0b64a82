"""Reservations: patrons who wait for a title at a site, until they borrow a copy of it or give it up.

That a patron was served is read from the loans each time and never written down: a loan that is heard of late serves
then, and one that is taken back makes the patron wait again.
"""

import secrets
from datetime import datetime

from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from hub.directory import feed
from hub.models import Patron, Reservation, Site, Title
from hub.restocking import kept
from hub.restocking.errors import Refused, Unknown
from hub.restocking.waiting import holds, served_at

KEEP_DAYS = 7
"""How long an item is kept for a patron, unless somebody says otherwise."""
DIGITS = 8


def reserve(session: Session, *, patron: str, title: str, site: str, now: datetime, keep_days: int = KEEP_DAYS) -> int:
    """A patron waits for a title at a site; the reservation's number. Raises Unknown; Refused: reserved-already.

    Sites are told; so by the next two.
    """
    for table, what, key in ((Patron, "patron", patron), (Title, "title", title), (Site, "site", site)):
        if session.get(table, key) is None:
            raise Unknown(what, key)
    _refuse_twice(session, patron, title)
    code = _code(session, site)
    row = Reservation(patron=patron, title_id=title, site=site, made_at=now, code=code, keep_days=keep_days)
    session.add(row)
    session.flush()
    assert row.id is not None
    _tell(session, row.id, now)
    return row.id


def end(session: Session, number: int, *, now: datetime) -> None:
    """The patron no longer waits; `resume` takes it back. Raises Unknown; Refused: reservation-over."""
    row = _held(session, number)
    if row.ended_at is not None or _served(session, number):
        raise Refused("reservation-over", "nobody waits for that reservation any more")
    row.ended_at = now
    _tell(session, number, now)


def resume(session: Session, number: int, *, now: datetime) -> None:
    """An ended reservation holds again. Raises Unknown; Refused: reserved-already, reservation-holds."""
    row = _held(session, number)
    if row.ended_at is None:
        raise Refused("reservation-holds", "that reservation was never ended")
    _refuse_twice(session, row.patron, row.title_id)
    row.ended_at = None
    if row.lapsed:
        row.lapsed, row.keep_days = False, _longer(session, row, now)
    _tell(session, number, now)


def _longer(session: Session, row: Reservation, now: datetime) -> int:
    """How long what still lies there is to be kept, from when it was put there, for the usual days from now on."""
    since = min((one.since for one in kept.kept(session, site=row.site) if one.reservation == row.id), default=now)
    return (now - since).days + max(KEEP_DAYS, 1)


def _tell(session: Session, number: int, now: datetime) -> None:
    session.flush()
    feed.update(session, feed.Stale(holds={number}), (), now)


def _code(session: Session, site: str) -> str:
    """Digits that nobody who waits at `site` has."""
    given = set(session.exec(select(Reservation.code).where(Reservation.site == site, holds())))
    while (code := f"{secrets.randbelow(10**DIGITS):0{DIGITS}}") in given:
        pass
    return code


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
        holds(),
    )
    held = session.exec(query).first()
    if held is not None:
        told = f"patron {patron} waits for that title already, at {held.site}"
        raise Refused("reserved-already", told, patron=patron, site=held.site)
