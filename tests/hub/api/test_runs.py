"""Programs pick runs, follow them, look after tasks and keep tours."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.hub.cast import HARBOUR, STATION
from tests.hub.library import Library

API = "/api/v1"
HOME = ("M0086", "M0087", "M0088")
"""Items at the library; M0001 is out on loan, M0010 stands at the harbour."""


@pytest.fixture
def program(own: Library) -> httpx.Client:
    return own.program()


def make(own: Library, program: httpx.Client, **more: Any) -> int:
    wanted = {
        "day": own.hub.now.date().isoformat(),
        "name": "Tuesday",
        "stops": [{"site": HARBOUR, "minutes": 12}, {"site": STATION}],
        "transfers": [
            *({"item": item, "title_id": f"t{int(item[1:]) % 10:02}", "target": HARBOUR} for item in HOME),
            {"item": "M0010", "title_id": "t10", "origin": HARBOUR},
        ],
    } | more
    answer = program.post(f"{API}/runs", json=wanted)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def stand(program: httpx.Client, run: int, state: str, **more: Any) -> httpx.Response:
    return program.put(f"{API}/runs/{run}/state", json={"state": state, **more})


def test_a_run_is_picked_leaves_and_is_closed_with_tasks(own: Library, program: httpx.Client) -> None:
    run = make(own, program)
    picked = program.post(f"{API}/runs/{run}/scans", json={"code": "m0086"}).json()
    assert (picked["happened"], picked["place"], picked["run"]["picked"], picked["run"]["to_pick"]) == (
        "taken", HARBOUR, 1, 3,
    )  # fmt: skip
    taken = {row["item"]: row for row in program.get(f"{API}/runs/{run}/transfers").json()}
    assert (taken["M0086"]["scan"], taken["M0086"]["state"], taken["M0086"]["tote"]) == (
        picked["scan"],
        "transit",
        "1/1",
    )
    assert program.delete(f"{API}/runs/{run}/scans/{picked['scan']}").json()["picked"] == 0
    program.post(f"{API}/runs/{run}/scans", json={"code": "M0086"})
    assert program.post(f"{API}/runs/{run}/scans", json={"code": "M0001"}).json()["happened"] == "not-wanted"

    lost = taken["M0087"]["id"]
    answer = program.put(f"{API}/runs/{run}/transfers/{lost}", json={"why": "not-found"})
    assert answer.json()["dropped"] == "not-found"
    (task,) = program.get(f"{API}/tasks?done=false&run={run}").json()["rows"]
    assert (task["kind"], task["item"], task["now"]["holding"]["state"]) == ("not-found", "M0087", "library")

    assert stand(program, run, "closed").status_code == 409
    assert stand(program, run, "underway").json()["left_at"] is not None
    skipped = program.put(f"{API}/runs/{run}/stops/{STATION}", json={"why": "no lift"}).json()
    assert [(stop["site"], stop["skipped"], stop["load"], stop["unload"]) for stop in skipped] == [
        (HARBOUR, None, 1, 1), (STATION, "no lift", 0, 0),
    ]  # fmt: skip
    closed = stand(program, run, "closed").json()
    assert (closed["state"], closed["tasks"]) == ("closed", 2)
    assert {row["kind"] for row in program.get(f"{API}/tasks?done=false").json()["rows"]} == {"not-found", "not-back"}

    came = program.post(f"{API}/scans", json={"code": "M0086"}).json()
    assert (came["run"], came["item"]["holding"]["state"], came["twice"]) == (run, "library", False)
    (done,) = program.get(f"{API}/tasks?done=true").json()["rows"]
    assert (done["kind"], done["done_by"]) == ("not-back", "")
    assert program.delete(f"{API}/scans/{came['scan']}").json()["holding"]["state"] == "transit"
    assert [row["undone"] for row in program.get(f"{API}/scans?out=false").json()["rows"]] == [True]
    assert stand(program, run, "underway").json()["ended_at"] is None


def test_a_scan_at_the_library_ends_a_loan(program: httpx.Client) -> None:
    came = program.post(f"{API}/scans", json={"code": "M0001"}).json()
    loan = program.get(f"{API}/loans/{came['loan']}").json()
    assert (loan["state"], loan["closed_site"]) == ("returned", "")
    *_, last = program.get(f"{API}/items/M0001/history").json()
    assert (last["type"], last["id"], last["loan"]) == ("scanned_in", 0, came["loan"])


def test_tasks_are_done_and_done_no_more(own: Library, program: httpx.Client) -> None:
    run = make(own, program)
    lost = program.get(f"{API}/runs/{run}/transfers").json()[0]["id"]
    program.put(f"{API}/runs/{run}/transfers/{lost}", json={"why": "not-found"})
    (task,) = program.get(f"{API}/tasks").json()["rows"]
    address = f"{API}/tasks/{task['id']}"
    assert program.put(address, json={"done": True}).json()["done_by"] == "lin"
    assert program.put(address, json={"done": True}).json()["error"]["code"] == "task-done"
    assert program.put(address, json={"done": False}).json()["done_at"] is None
    assert program.get(address).json()["run_name"] == "Tuesday"


def test_tours_and_closures_are_kept(own: Library, program: httpx.Client) -> None:
    today = own.hub.now.date()
    tour = {"name": "Daily", "rule": "FREQ=DAILY", "begins": today.isoformat(), "sites": [HARBOUR, STATION]}
    made = program.post(f"{API}/tours", json=tour)
    assert made.status_code == 201
    number = made.json()["id"]
    assert program.post(f"{API}/tours", json=tour).json()["error"]["code"] == "tour-name"
    wrong = program.post(f"{API}/tours", json=tour | {"name": "B", "rule": "often"}).json()["error"]
    assert (wrong["code"], wrong["fields"][0]["name"]) == ("rhythm", "body.rule")
    tomorrow = (today + timedelta(days=1)).isoformat()
    closed = program.post(f"{API}/closures", json={"site": STATION, "first": tomorrow, "last": tomorrow, "why": "x"})
    shown = program.get(f"{API}/tours/{number}").json()
    assert shown["coming"][1] == {"day": tomorrow, "sites": [HARBOUR], "closed": {STATION: "x"}}
    assert len(program.get(f"{API}/closures?since={tomorrow}").json()) == 1
    assert program.delete(f"{API}/closures/{closed.json()['id']}").status_code == 204
    assert program.delete(f"{API}/closures/{closed.json()['id']}").status_code == 404
    changed = program.put(f"{API}/tours/{number}", json=tour | {"capacity": 50}).json()
    assert changed["capacity"] == 50
    assert program.put(f"{API}/tours/{number}/retired", json={"retired": True}).json()["coming"] == []
    assert program.get(f"{API}/tours").json() == []
    assert len(program.get(f"{API}/tours?retired=true").json()) == 1


WRONG: list[tuple[str, str, Any, int, str]] = [
    ("GET", "runs/99", None, 404, "not-found"),
    ("GET", "runs/99/stops", None, 404, "not-found"),
    ("GET", "runs/99/transfers", None, 404, "not-found"),
    ("PUT", "runs/99/state", {"state": "closed"}, 404, "not-found"),
    ("PUT", "runs/1/state", {"state": "lost"}, 400, "bad-request"),
    ("PUT", "runs/1/state", {"state": "picking"}, 409, "run-state"),
    ("POST", "runs/1/scans", {"code": ""}, 400, "bad-request"),
    ("DELETE", "runs/1/scans/77", None, 404, "not-found"),
    ("PUT", "runs/1/transfers/77", {"why": None}, 404, "not-found"),
    ("PUT", "runs/1/stops/moon", {"why": "far"}, 404, "not-found"),
    ("POST", "runs", {"day": "2026-11-24", "name": "x", "stops": [{"site": "moon"}]}, 404, "not-found"),
    ("POST", "runs", {"day": "soon", "name": "x", "stops": []}, 400, "bad-request"),
    ("POST", "scans", {"code": "nothing"}, 404, "not-found"),
    ("DELETE", "scans/77", None, 404, "not-found"),
    ("PUT", "tasks/77", {"done": True}, 404, "not-found"),
    ("GET", "tours/77", None, 404, "not-found"),
    ("POST", "closures", {"first": "2026-12-02", "last": "2026-12-01"}, 409, "closure-days"),
]


def test_what_can_t_be_is_said_in_the_one_shape(own: Library, program: httpx.Client) -> None:
    assert make(own, program) == 1
    for method, address, body, status, code in WRONG:
        answer = program.request(method, f"{API}/{address}", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), address


def test_a_form_can_t_scan(own: Library, program: httpx.Client) -> None:
    run = make(own, program)
    answer = program.post(f"{API}/runs/{run}/scans", data={"code": "M0086"})
    assert answer.status_code == 415
