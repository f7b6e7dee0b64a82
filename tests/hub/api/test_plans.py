"""Programs ask for plans, change them and read why."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.hub.cast import HARBOUR, STATION
from tests.hub.library import SCHOOL, Library

API = "/api/v1"


def ask(own: Library, client: httpx.Client, **more: Any) -> dict[str, Any]:
    day = (own.hub.now + timedelta(days=1)).date().isoformat()
    wanted = {"day": day, "cycle": 14, "sites": [HARBOUR, STATION, SCHOOL]} | more
    answer = client.post(f"{API}/plans", json=wanted)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def make(own: Library, plan: int) -> None:
    own.app.state.parts.desk.work_out(plan)


def test_a_plan_is_made_in_the_background_and_says_why(own: Library) -> None:
    program = own.program()
    asked = ask(own, program)
    assert (asked["state"], asked["made_by"]) == ("making", "lin")
    make(own, asked["id"])
    made = program.get(f"{API}/plans/{asked['id']}").json()
    assert made["state"] == "ready"
    assert made["low"] <= made["expected"] <= made["high"]
    assert {place["site"] for place in made["places"]} == {HARBOUR, STATION, SCHOOL}
    moves = program.get(f"{API}/plans/{asked['id']}/lines?stays=false").json()
    assert moves["total"] == len(moves["rows"]) > 0
    assert all(row["whys"] and row["origin"] != row["target"] for row in moves["rows"])
    assert sum(row["count"] for row in moves["rows"]) == made["moves"]
    assert [row["id"] for row in program.get(f"{API}/plans?state=ready").json()["rows"]] == [asked["id"]]


def test_a_change_is_kept_and_can_be_taken_back(own: Library) -> None:
    program = own.program()
    plan = ask(own, program)["id"]
    make(own, plan)
    change = {"title_id": "t01", "origin": HARBOUR, "target": SCHOOL, "count": 1}
    assert program.post(f"{API}/plans/{plan}/changes", json=change).json()["state"] == "making"
    make(own, plan)
    (edit,) = program.get(f"{API}/plans/{plan}/changes").json()
    assert (edit["title"], edit["target"], edit["undone"]) == ("红楼梦", SCHOOL, False)
    pinned = [row for row in program.get(f"{API}/plans/{plan}/lines").json()["rows"] if row["pinned"]]
    assert [(row["title_id"], row["target"]) for row in pinned] == [("t01", SCHOOL)]
    assert program.delete(f"{API}/plans/{plan}/changes/{edit['id']}").status_code == 202
    assert program.delete(f"{API}/plans/{plan + 1}/changes/{edit['id']}").status_code == 404
    make(own, plan)
    assert not any(row["pinned"] for row in program.get(f"{API}/plans/{plan}/lines").json()["rows"])


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"cycle": 0}, 400, "cycle"),
        ({"sites": []}, 409, "site"),
        ({"sites": ["nowhere"]}, 404, "no site nowhere"),
        ({"tour": 99}, 404, "no tour 99"),
        ({"day": "soon"}, 400, "day"),
        ({"colour": "blue"}, 400, "colour"),
    ],
)
def test_what_can_not_be_planned_is_said(own: Library, body: dict[str, Any], status: int, said: str) -> None:
    program = own.program()
    answer = program.post(f"{API}/plans", json={"day": "2026-04-02", "cycle": 7, "sites": [HARBOUR]} | body)
    assert (answer.status_code, said in answer.json()["error"]["message"]) == (status, True)
    assert program.get(f"{API}/plans").json()["total"] == 0


def test_a_plan_that_is_let_go_is_not_made_and_comes_back(own: Library) -> None:
    program = own.program()
    plan = ask(own, program)["id"]
    discarded = program.post(f"{API}/plans/{plan}/discard", headers={"content-type": "application/json"})
    assert discarded.json()["state"] == "discarded"
    make(own, plan)
    assert program.get(f"{API}/plans/{plan}").json()["moves"] == 0
    again = program.post(f"{API}/plans/{plan}/again", headers={"content-type": "application/json"})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "plan-state")
    restored = program.post(f"{API}/plans/{plan}/restore", headers={"content-type": "application/json"})
    assert restored.json()["state"] == "making"
    make(own, plan)
    assert program.get(f"{API}/plans/{plan}").json()["state"] == "ready"
