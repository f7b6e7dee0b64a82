"""Programs read what plans came to, and reserve titles for patrons."""

from collections.abc import Iterator

import pytest

from tests.hub.cast import HARBOUR, STATION
from tests.hub.library import Library
from tests.hub.restocking.planned import add_plan

API = "/api/v1"


@pytest.fixture
def planned(served: Library) -> Iterator[int]:
    """The number of a plan whose time is over; nothing of it is left afterwards."""
    with served.hub.database.write() as session:
        plan = add_plan(session)
    yield plan
    with served.hub.database.write() as session:
        for table in ("transfer", "run", "plan_line", "plan"):
            session.connection().exec_driver_sql(f"DELETE FROM {table}")


def test_outcomes_are_listed_by_plan_and_told_one_by_one(served: Library, planned: int) -> None:
    program = served.program()
    listed = program.get(f"{API}/outcomes").json()
    assert listed["total"] == 1
    (row,) = listed["rows"]
    assert (row["plan"], row["whole"]["happened"], row["whole"]["within"]) == (planned, 6, False)
    assert {site["key"]: site["within"] for site in row["sites"]} == {HARBOUR: True, STATION: False}
    one = program.get(f"{API}/outcomes/{planned}").json()
    assert one | row == one
    assert [title["title"] for title in one["best"]] == ["三国演义"]
    assert sum(copy["taken"] for copy in one["brought"]) == 2
    sums = program.get(f"{API}/outcomes/sums").json()
    assert [(one["key"], one["within"], one["judged"]) for one in sums["sites"]] == [(STATION, 0, 1), (HARBOUR, 1, 1)]
    assert program.get(f"{API}/outcomes/{planned + 1}").json()["error"]["code"] == "not-found"


def test_a_reservation_is_made_refused_twice_ended_and_taken_up_again(served: Library) -> None:
    program = served.program()
    wish = {"patron": "P002", "title_id": "t09", "site": STATION}
    made = program.post(f"{API}/reservations", json=wish)
    assert made.status_code == 201
    one = made.json()
    assert (one["state"], one["patron_name"], one["title"]) == ("waiting", "Ma Li", "Great Expectations")
    twice = program.post(f"{API}/reservations", json=wish | {"site": HARBOUR})
    assert (twice.status_code, twice.json()["error"]["code"]) == (409, "reserved-already")
    assert program.post(f"{API}/reservations", json=wish | {"patron": "P999"}).status_code == 404
    assert program.post(f"{API}/reservations", json=wish | {"colour": "red"}).status_code == 400
    address = f"{API}/reservations/{one['id']}"
    assert program.delete(address).json()["state"] == "ended"
    assert program.delete(address).json()["error"]["code"] == "reservation-over"
    assert program.get(f"{API}/reservations?waiting=true").json()["total"] == 0
    assert program.post(f"{address}/resume", json={}).json() == one
    assert [row["id"] for row in program.get(f"{API}/reservations?title_id=t09").json()["rows"]] == [one["id"]]
    assert program.delete(f"{API}/reservations/9999").status_code == 404
    assert program.delete(address).json()["over_at"] is not None
