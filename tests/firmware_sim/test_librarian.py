"""The questions put to the hub, and how its pages are read."""

from typing import Any

import httpx
import pytest

from firmware_sim.librarian import Librarian
from firmware_sim.truth import Answer
from protocol.names import ItemId

HELD = {"state": "shelf", "site": "harbour-bank", "shelf": "A", "patron": None}
LENT = {"state": "loan", "site": "harbour-bank", "shelf": None, "patron": "R1"}


def librarian(answer: Any) -> Librarian:
    return Librarian(httpx.Client(base_url="http://hub", transport=httpx.MockTransport(answer)))


def test_every_page_is_read() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "offset" in request.url.params:
            return httpx.Response(200, json={"total": 2, "next": None, "rows": [{"item": "2", "holding": LENT}]})
        assert request.url.path == "/api/v1/items"
        following = "/api/v1/items?limit=500&offset=1"
        return httpx.Response(200, json={"total": 2, "next": following, "rows": [{"item": "1", "holding": HELD}]})

    assert librarian(answer).answers() == (
        Answer(ItemId("1"), "shelf", "harbour-bank", "A"),
        Answer(ItemId("2"), "loan", "harbour-bank", None, "R1"),
    )


def test_the_figures_come_from_totals_and_sites() -> None:
    totals = {("loans", "open"): 3, ("loans", "returned"): 5, ("items", "undecided"): 1, ("items", "missing"): 2}

    def answer(request: httpx.Request) -> httpx.Response:
        what = request.url.path.removeprefix("/api/v1/")
        if what == "sites":
            rows = [
                {"site": "harbour-bank", "online": True, "queue": 4},
                {"site": "new", "online": None, "queue": None},
            ]
            return httpx.Response(200, json={"total": 2, "next": None, "rows": rows})
        return httpx.Response(200, json={"total": totals[what, request.url.params["state"]], "next": None, "rows": []})

    figures = librarian(answer).figures()
    assert (figures.on_loan, figures.brought_back, figures.undecided, figures.missing) == (3, 5, 1, 2)
    assert figures.online == {"harbour-bank": True, "new": False}
    assert figures.queues == {"harbour-bank": 4, "new": None}


def test_a_wrong_password_is_an_error_not_an_empty_answer() -> None:
    with pytest.raises(httpx.HTTPStatusError):
        librarian(lambda request: httpx.Response(401)).answers()


def test_a_hub_that_is_away_is_not_healthy() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there")

    assert not librarian(answer).healthy()
    assert librarian(lambda request: httpx.Response(200)).healthy()
