"""What programs do with themes and campaigns; and that nobody else's page can."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest

from tests.hub.cast import HARBOUR
from tests.hub.library import SCHOOL, Library

API = "/api/v1"
DAYS = {"begins": "2026-05-01", "ends": "2026-05-31"}
_names = count(1)


@pytest.fixture
def theme(program: httpx.Client) -> dict[str, Any]:
    """A theme of five titles, made by a program."""
    sent = {"name": f"theme {next(_names)}", "query": "language:chi"}
    answer = program.post(f"{API}/themes", json=sent)
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()
    return made


@pytest.fixture
def campaign(program: httpx.Client, theme: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A draft of it at two sites; in nobody's way after the test."""
    sent = {"name": "spring", "theme": theme["id"], "sites": [HARBOUR, SCHOOL], "share": 0.5, **DAYS}
    answer = program.post(f"{API}/campaigns", json=sent)
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()
    yield made
    program.put(f"{API}/campaigns/{made['id']}/state", json={"state": "cancelled"})


def test_a_theme_is_made_changed_and_retired(program: httpx.Client, theme: dict[str, Any]) -> None:
    here = f"{API}/themes/{theme['id']}"
    assert (theme["query"], theme["retired"], theme["changed_by"]) == ("language:chi", False, "lin")
    changed = program.put(here, json={"name": theme["name"], "query": "language:eng", "note": "n"}).json()
    assert (changed["query"], changed["note"]) == ("language:eng", "n")
    assert program.put(f"{here}/retired", json={"retired": True}).json()["retired"] is True
    rows = program.get(f"{API}/themes?retired=true&limit=1000").json()["rows"]
    assert theme["id"] in {row["id"] for row in rows}
    assert program.get(here).json() in rows


def test_titles_are_picked_left_out_and_left_to_the_query_again(program: httpx.Client, theme: dict[str, Any]) -> None:
    here = f"{API}/themes/{theme['id']}/titles"
    program.put(f"{here}/t06", json={"picked": True})
    told = program.put(f"{here}/t01", json={"picked": False}).json()
    assert (told["picked"], told["left_out"]) == (["t06"], ["t01"])
    page = program.get(f"{here}?limit=4").json()
    assert page["total"] == 5
    assert "t01" not in str(page["rows"] + program.get(page["next"]).json()["rows"])
    told = program.delete(f"{here}/t01").json()
    assert (told["picked"], told["left_out"]) == (["t06"], [])
    assert program.put(f"{here}/none", json={"picked": True}).status_code == 404


def test_a_query_is_tried_before_it_is_saved(program: httpx.Client, theme: dict[str, Any]) -> None:
    told = program.get(f"{API}/themes/preview", params={"query": "author:austen", "limit": 3}).json()
    assert [title["title_id"] for title in told["titles"]] == ["t06"]
    assert (told["stock"]["titles"], told["stock"]["copies"]) == (1, 9)
    stock = program.get(f"{API}/themes/{theme['id']}/stock").json()
    assert (stock["titles"], stock["copies"]) == (5, 45)
    assert {place["site"] for place in stock["places"]} >= {None, HARBOUR, SCHOOL}


@pytest.mark.parametrize(
    ("method", "address", "body", "fields", "why"),
    [
        ("GET", "/themes/preview?query=a%20(b", None, {"query.query"}, "character 3: this bracket is never closed"),
        ("POST", "/themes", {"name": "", "query": ")"}, {"body.name", "body.query"}, "1 at least"),
        ("POST", "/themes", {"nam": "x"}, {"body.name", "body.nam"}, "is missing"),
        ("POST", "/themes", None, {"body"}, "is missing"),
        (
            "POST",
            "/campaigns",
            {"name": "x", "theme": 1, "sites": [], "begins": "2026-05-02", "ends": "2026-05-01", "items": 0},
            {"body.sites", "body.ends", "body.items"},
            "the last day is before the first",
        ),
        ("POST", "/campaigns", {"name": "x", "theme": 1, "sites": ["a"], **DAYS}, {"body.items"}, "not both"),
        ("PUT", "/campaigns/1/state", {"state": "over"}, {"body.state"}, "must be one of"),
        ("GET", "/campaigns?phase=never", None, {"query.phase"}, "must be one of"),
    ],
)
def test_bad_input_is_told_by_field(
    program: httpx.Client, method: str, address: str, body: dict[str, Any] | None, fields: set[str], why: str
) -> None:
    said = {"content-type": "application/json"}
    answer = program.request(method, API + address, **({"headers": said} if body is None else {"json": body}))
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "bad-request"
    assert {field["name"] for field in error["fields"]} == fields
    assert why in error["message"]


def test_what_is_not_there_and_what_can_t_be_done_are_told_apart(
    program: httpx.Client, theme: dict[str, Any], campaign: dict[str, Any]
) -> None:
    gone = program.get(f"{API}/campaigns/99999")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "not-found")
    refused = program.post(f"{API}/themes", json={"name": theme["name"]})
    assert refused.status_code == 409
    error = refused.json()["error"]
    assert error["code"] == "theme-name"
    assert [field["name"] for field in error["fields"]] == ["body.name"]
    program.put(f"{API}/campaigns/{campaign['id']}/state", json={"state": "cancelled"})
    sent = {key: campaign[key] for key in ("name", "theme", "sites", "begins", "ends", "share")}
    ended = program.put(f"{API}/campaigns/{campaign['id']}", json=sent)
    assert (ended.status_code, ended.json()["error"]["code"]) == (409, "campaign-ended")


def test_a_campaign_is_approved_cancelled_restored_and_copied(program: httpx.Client, campaign: dict[str, Any]) -> None:
    here = f"{API}/campaigns/{campaign['id']}"
    assert (campaign["state"], campaign["phase"], campaign["sites"]) == ("draft", "draft", [SCHOOL, HARBOUR])
    for state in ("approved", "cancelled", "approved"):
        assert program.put(f"{here}/state", json={"state": state}).json()["phase"] == state
    copied = program.post(f"{here}/copy", json={}).json()
    assert (copied["state"], copied["begins"], copied["ends"]) == ("draft", "2026-06-01", "2026-07-01")
    listed = program.get(f"{API}/campaigns?phase=draft&site={HARBOUR}&theme={campaign['theme']}").json()
    assert listed["rows"] == [copied]


def test_overlaps_and_shortages_are_told_for_drafts_too(program: httpx.Client, campaign: dict[str, Any]) -> None:
    program.put(f"{API}/campaigns/{campaign['id']}/state", json={"state": "approved"})
    sent = {"name": "more", "theme": campaign["theme"], "sites": [HARBOUR], "items": 70, **DAYS}
    told = program.post(f"{API}/campaigns/check", json=sent).json()
    kinds = {one["kind"]: one for one in told["overlaps"]}
    assert {other["id"] for other in kinds["twice"]["others"]} == {campaign["id"]}
    assert (kinds["crowded"]["wanted"], kinds["crowded"]["capacity"]) == (70, 60)
    assert told["supply"]["needs"][0]["wanted"] == 60
    assert told["supply"]["short"] == 60 - 16 - (22 - 20)
    saved = program.get(f"{API}/campaigns/{campaign['id']}/check").json()
    assert [need["site"] for need in saved["supply"]["needs"]] == [SCHOOL, HARBOUR]
    assert saved["supply"]["wanted"] == 20 + 30


# ------------------------------------------------------------------------------------------------- other sites' pages


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
def test_a_form_on_another_site_changes_nothing(served: Library, campaign: dict[str, Any], kind: str) -> None:
    """Its browser might send the cookie or the password along, but no form can call what it sends JSON."""
    number = campaign["id"]
    changing = [
        ("POST", "/themes", '{"name": "planted"}'),
        ("POST", f"/campaigns/{number}/copy", ""),
        ("PUT", f"/campaigns/{number}/state", '{"state": "cancelled"}'),
    ]
    for client in (served.librarian(), served.program()):
        for method, address, body in changing:
            answer = client.request(method, API + address, content=body, headers={"content-type": kind})
            assert answer.status_code == 415
            assert answer.json()["error"]["code"] == "unsupported-media-type"
            assert "application/json" in answer.json()["error"]["message"]
    assert served.program().get(f"{API}/campaigns/{number}").json() == campaign
    assert "planted" not in served.program().get(f"{API}/themes?limit=1000").text


def test_every_changing_route_wants_json(served: Library) -> None:
    described = served.program().get(f"{API}/openapi.json").json()["paths"]
    routes = [
        (method, path) for path, ways in described.items() for method in ways if method in ("post", "put", "patch")
    ]
    assert len(routes) >= 9
    lin = served.librarian()
    for method, path in routes:
        address = path.replace("{title_id}", "t01")
        for name in ("theme", "campaign"):
            address = address.replace(f"{{{name}}}", "1")
        answer = lin.request(method, API + address, content="x", headers={"content-type": "text/plain"})
        assert answer.status_code == 415, path


def test_the_login_cookie_is_not_sent_with_another_site_s_form(served: Library) -> None:
    visitor = served.visitor()
    page = visitor.get("/login").text
    token = page.split('name="token" value="')[1].split('"')[0]
    came_in = visitor.post("/login", data={"name": "lin", "password": "a shelf is the truth", "token": token})
    assert "samesite=lax" in came_in.headers["set-cookie"].lower()
