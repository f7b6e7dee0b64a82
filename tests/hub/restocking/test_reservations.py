"""Patrons wait for a title until they borrow it, or nobody wants it any more."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from hub.models import Loan
from hub.projections.states import LoanState
from hub.restocking import reservations
from hub.restocking.errors import Refused, Unknown
from hub.restocking.waiting import waiting
from hub.views import reservations as views
from hub.views.reservations import Standing
from hub.views.view import Cut
from tests.hub.cast import HARBOUR, NOON, STATION

NOW = NOON + timedelta(days=30)


def reserve(session: Session, title: str = "t05", days_ago: int = 0, patron: str = "P002", site: str = HARBOUR) -> int:
    return reservations.reserve(session, patron=patron, title=title, site=site, now=NOW - timedelta(days=days_ago))


def state(session: Session, number: int) -> Standing:
    return views.reservation(session, number).state


def test_a_patron_waits_at_a_site_and_is_told_of_by_name(session: Session) -> None:
    number = reserve(session)
    (row,) = views.reservations(session, Cut(), title_id="t05").rows
    assert (row.id, row.patron_name, row.title, row.site, row.state) == (
        number, "Ma Li", "呐喊", HARBOUR, Standing.WAITING,
    )  # fmt: skip
    assert [one.id for one in waiting(session)] == [number]


def test_who_borrows_a_copy_afterwards_is_served_wherever_it_was(session: Session) -> None:
    before, after = reserve(session), reserve(session, "t04", days_ago=2)
    assert (state(session, before), state(session, after)) == (Standing.WAITING, Standing.SERVED)
    assert [one.id for one in waiting(session)] == [before]
    assert [row.id for row in views.reservations(session, Cut(), waiting=False).rows] == [after]


def test_a_loan_that_is_taken_back_serves_nobody(session: Session) -> None:
    number = reserve(session, "t04", days_ago=2)
    for loan in session.exec(select(Loan).where(Loan.patron == "P002")):
        loan.state = LoanState.REVERSED
    session.flush()
    assert state(session, number) == Standing.WAITING


def test_nobody_waits_twice_for_the_same_title(session: Session) -> None:
    number = reserve(session)
    with pytest.raises(Refused, match="waits for that title already"):
        reserve(session, site=STATION)
    reserve(session, patron="P001")
    reservations.end(session, number, now=NOW)
    assert reserve(session, site=STATION) != number
    with pytest.raises(Refused, match="already"):
        reservations.resume(session, number, now=NOW)


def test_what_was_ended_can_be_taken_back_once(session: Session) -> None:
    number = reserve(session)
    with pytest.raises(Refused):
        reservations.resume(session, number, now=NOW)
    reservations.end(session, number, now=NOW)
    assert (state(session, number), waiting(session)) == (Standing.ENDED, [])
    with pytest.raises(Refused):
        reservations.end(session, number, now=NOW)
    reservations.resume(session, number, now=NOW)
    assert state(session, number) == Standing.WAITING


def test_who_was_served_can_not_give_it_up(session: Session) -> None:
    number = reserve(session, "t04", days_ago=2)
    with pytest.raises(Refused, match="any more"):
        reservations.end(session, number, now=NOW)


@pytest.mark.parametrize("wrong", [{"patron": "nobody"}, {"title": "none"}, {"site": "nowhere"}])
def test_only_what_there_is_can_be_reserved(session: Session, wrong: dict[str, str]) -> None:
    with pytest.raises(Unknown):
        reserve(session, **wrong)  # type: ignore[arg-type]


def test_a_reservation_that_never_was_is_unknown(session: Session) -> None:
    for ask in (lambda: reservations.end(session, 99, now=NOW), lambda: reservations.resume(session, 99, now=NOW)):
        with pytest.raises(Unknown):
            ask()
    with pytest.raises(Unknown):
        views.reservation(session, 99)
