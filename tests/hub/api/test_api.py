"""What programs read of the library, page by page."""

from typing import Any

import httpx
import pytest

from tests.hub.cast import HARBOUR, STATION, hex_id
from tests.hub.library import SCHOOL, Library

API = "/api/v1"


def _all(program: httpx.Client, address: str) -> list[dict[str, Any]]:
    """Every row of a list, by following `next`."""
    rows: list[dict[str, Any]] = []
    following: str | None = address
    while following:
        page = program.get(following).json()
        rows += page["rows"]
        following = page["next"]
    return rows


def test_every_item_is_listed_once_with_where_it_is(program: httpx.Client) -> None:
    rows = _all(program, f"{API}/items?limit=17")
    where = {row["item"]: row["holding"] for row in rows}

    assert len(rows) == len(where) == 90
    assert where["M0090"]["state"] == "library"
    assert where["M0010"] == where["M0010"] | {"state": "shelf", "site": HARBOUR, "shelf": "A", "patron": None}
    assert where["M0006"]["shelf"] == "B"
    assert where["M0005"] == where["M0005"] | {"state": "loan", "site": HARBOUR, "patron": "P002"}
    assert where["M0007"]["state"] == "undecided"
    assert where["M0042"] == where["M0042"] | {"state": "missing", "site": STATION}


def test_an_item_s_place_comes_with_its_evidence_and_ledger_row(program: httpx.Client) -> None:
    held = program.get(f"{API}/items/M0005").json()["holding"]
    row = program.get(f"{API}/events/{held['ledger_id']}").json()

    assert held["evidence"] == {"seen_before": 4, "rounds_before": 4, "seen_after": 0, "rounds_after": 8}
    assert row["type"] == "borrowed"
    assert row["item"] == "M0005"
    assert row["body"]["fact"]["evidence"] == held["evidence"]


@pytest.mark.parametrize(
    ("filters", "items"),
    [
        ("patron=P001", {"M0023", "M0041"}),
        (f"state=loan&site={STATION}", {"M0004", "M0041"}),
        ("state=undecided", {"M0007"}),
        ("q=m000&state=loan", {"M0001", "M0004", "M0005"}),
        (f"site={HARBOUR}&shelf=B&title_id=t06", {"M0006", "M0026", "M0036"}),
    ],
)
def test_items_are_filtered(program: httpx.Client, filters: str, items: set[str]) -> None:
    assert {row["item"] for row in _all(program, f"{API}/items?{filters}")} == items


def test_the_history_of_an_item_is_told_in_the_order_it_happened(program: httpx.Client) -> None:
    rows = program.get(f"{API}/items/M0003/history").json()

    assert [row["type"] for row in rows] == ["found", "borrowed", "borrow_reversed"]
    assert [row["patron"] for row in rows] == [None, "P001", "P001"]
    assert rows[1]["loan"] == rows[2]["loan"] is not None
    assert [row["happened_at"] for row in rows] == sorted(row["happened_at"] for row in rows)


@pytest.mark.parametrize(
    ("which", "items"),
    [
        ("open", {"M0001", "M0004", "M0005", "M0023", "M0041", "M0061"}),
        ("overdue", {"M0001"}),
        ("flagged", {"M0004"}),
        ("returned", {"M0002"}),
        ("reversed", {"M0003"}),
        ("superseded", {"M0004"}),
    ],
)
def test_loans_are_told_by_how_they_stand(program: httpx.Client, which: str, items: set[str]) -> None:
    assert {row["item"] for row in _all(program, f"{API}/loans?state={which}")} == items


def test_a_loan_names_patron_title_and_due_day(program: httpx.Client) -> None:
    loan = program.get(f"{API}/loans?state=overdue").json()["rows"][0]

    assert loan["patron_name"] == "Ma Li"
    assert loan["title"] == "红楼梦"
    assert loan["overdue"] is True
    assert program.get(f"{API}/loans/{loan['id']}").json() == loan


def test_titles_tell_how_many_copies_stand_on_shelves(program: httpx.Client) -> None:
    title = program.get(f"{API}/titles?q=红楼").json()["rows"][0]

    assert title["items"] == 9
    assert title["on_shelf"] == 6
    assert (title["region"], title["clc"], title["dewey"], title["audience"]) == ("china", "I242", "", "adult")
    assert program.get(f"{API}/titles/t01").json() == title
    assert program.get(f"{API}/titles?language=eng&theme=classics").json()["total"] == 5


def test_items_tell_their_condition_and_where_they_stand_at_the_library(program: httpx.Client) -> None:
    item = program.get(f"{API}/items/M0001").json()

    assert (item["condition"], item["barcode"], item["shelf_mark"]) == ("good", "M0001", "I242")
    unknown = program.get(f"{API}/items?q=X77").json()["rows"]
    assert all(row["condition"] is None for row in unknown)


def test_patrons_are_told_with_cards_by_label(program: httpx.Client) -> None:
    patron = program.get(f"{API}/patrons?q=ma li").json()["rows"][0]

    assert patron["patron"] == "P002"
    assert patron["open_loans"] == 4
    assert [card["label"] for card in patron["cards"]] == ["读者证 0002"]
    assert "secret" not in str(patron)


def test_sites_tell_presence_counts_and_problems(program: httpx.Client) -> None:
    sites = {row["site"]: row for row in program.get(f"{API}/sites").json()["rows"]}

    assert {key: site["online"] for key, site in sites.items()} == {
        HARBOUR: True,
        STATION: True,
        SCHOOL: False,
        "west-park": None,
    }
    assert sites[HARBOUR]["present"] == 35
    assert [problem["kind"] for problem in sites[STATION]["problems"]] == [
        "out-of-order",
        "device-failed",
        "queue",
        "clock",
        "missing",
    ]
    assert program.get(f"{API}/sites/{SCHOOL}").json() == sites[SCHOOL]


def test_events_are_filtered_by_site_item_visit_type_and_moment(program: httpx.Client, served: Library) -> None:
    def total(filters: str) -> int:
        return int(program.get(f"{API}/events?{filters}").json()["total"])

    assert total(f"site={STATION}") == 29
    assert total("item=M0004") == 3
    assert total(f"visit={hex_id('h3')}") == 4
    assert total("type=borrowed") == 9
    assert total("since=2100-01-01T00:00:00Z") == 0
    assert total("understood=false") == 1


def test_pages_of_events_do_not_shift_while_events_arrive(program: httpx.Client, served: Library) -> None:
    first = program.get(f"{API}/events?limit=10").json()
    with served.hub.database.write() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO ledger (site, epoch, seq, event_id, body, digest, received_at, understood)"
            " SELECT site, epoch, seq + 9000, event_id, body, digest, received_at, understood FROM ledger WHERE id = 1"
        )
    second = program.get(first["next"]).json()
    with served.hub.database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM ledger WHERE seq > 9000")

    assert [row["id"] for row in second["rows"]] == [row["id"] - 10 for row in first["rows"]]


def test_an_event_nobody_understands_is_shown_as_it_came(program: httpx.Client) -> None:
    row = program.get(f"{API}/events?understood=false").json()["rows"][0]

    assert row["type"] is None
    assert row["body"]["fact"] == {"type": "levitated", "height": 3}
    assert "levitated" in row["why_not"]


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/items/none", 404, "not-found"),
        ("/items/none/history", 404, "not-found"),
        ("/titles/none", 404, "not-found"),
        ("/loans/none", 404, "not-found"),
        ("/patrons/none", 404, "not-found"),
        ("/sites/none", 404, "not-found"),
        ("/events/999999", 404, "not-found"),
        ("/nowhere", 404, "not-found"),
        ("/items?limit=1001", 400, "bad-request"),
        ("/items?limit=0", 400, "bad-request"),
        ("/items?offset=-1", 400, "bad-request"),
        ("/items?state=eaten", 400, "bad-request"),
        ("/events?since=2026-01-01T00:00:00", 400, "bad-request"),
        ("/events/one", 400, "bad-request"),
    ],
)
def test_what_goes_wrong_is_said_in_one_shape(program: httpx.Client, address: str, status: int, code: str) -> None:
    answer = program.get(API + address)

    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert set(answer.json()["error"]) == {"code", "message", "fields"}
    assert answer.json()["error"]["code"] == code
    assert len(answer.json()["error"]["message"]) > 10


def test_a_wrong_method_and_a_missing_login_are_said_in_the_same_shape(program: httpx.Client, served: Library) -> None:
    assert program.post(f"{API}/items").json()["error"]["code"] == "method-not-allowed"
    assert served.visitor().get(f"{API}/items").json()["error"]["code"] == "login-needed"


def test_the_login_cookie_opens_the_api_too(served: Library) -> None:
    assert served.librarian().get(f"{API}/items").status_code == 200


def test_the_api_describes_itself_with_examples(program: httpx.Client) -> None:
    described = program.get(f"{API}/openapi.json").json()
    rows = ("TitleView", "ItemView", "LoanView", "PatronView", "SiteView", "EventView", "Failure")
    rows += ("ThemeView", "CampaignView", "ThemeDraft", "CampaignDraft")

    assert all(described["components"]["schemas"][name]["examples"] for name in rows)
    assert all(told.get("description") for ways in described["paths"].values() for told in ways.values())
    item = described["components"]["schemas"]["HoldingView"]["properties"]
    assert "rounds" in item["evidence"]["description"]


def test_exceptions_come_in_pages_and_by_kind(served: Library) -> None:
    program = served.program()
    every = program.get("/api/v1/exceptions?limit=1").json()
    assert (every["total"] >= 2, len(every["rows"])) == (True, 1)
    assert program.get(every["next"]).json()["rows"] != every["rows"]
    twice = program.get("/api/v1/exceptions?kind=borrowed-twice").json()["rows"]
    assert [row["kind"] for row in twice] == ["borrowed-twice"]
    assert program.get(f"/api/v1/items/{twice[0]['item']}").status_code == 200
