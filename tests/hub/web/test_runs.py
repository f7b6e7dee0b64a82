"""Librarians and couriers follow a run on its pages: picked by scanner, carried out, looked after, taken back."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from protocol.events import Loaded, VisitEnded
from tests.hub.cast import HARBOUR, STATION, Journal, hex_id, of, opened
from tests.hub.library import Library, token_in
from tests.hub.restocking.planned import add_run

PAGE = "/restock/runs"


def make(own: Library) -> str:
    """The page of a run of today."""
    with own.hub.database.write() as session:
        return f"{PAGE}/{add_run(session, own.hub.now.date())}"


def send(client: httpx.Client, path: str, **form: object) -> httpx.Response:
    return client.post(path, data={"token": token_in(client, "/restock/return"), **form})


def follow(client: httpx.Client, path: str, **form: object) -> str:
    """What the page shows after a form was sent."""
    answer = send(client, path, **form)
    assert answer.status_code == 303, answer.text
    return client.get(answer.headers["location"]).text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", {"": ("0 of 3 picked", "Leave without 3 items", "taken 3 times in 60 days here", "12 minutes after"),
                "/pick": ("Scan a barcode", "I561", "tote 1/1"),
                "/courier": ("Next stop", "Load 3", "Take out one", "shelf A", "told of no visit")}),
        ("zh-CN", {"": ("已取 0／3 册", "3 册未取的不送了", "60 天内在此借出 3 次"),
                   "/pick": ("扫描条码", "第 1/1 箱"), "/courier": ("下一站", "上架 3 册", "A 层")}),
    ],
)  # fmt: skip
def test_a_run_is_read_in_both_languages(own: Library, language: str, words: dict[str, tuple[str, ...]]) -> None:
    client, run = own.librarian(language), make(own)
    for page, wanted in words.items():
        shown = client.get(run + page).text
        assert [word for word in wanted if word not in shown] == [], page
    assert "Tuesday" in client.get(PAGE).text


def test_a_run_is_picked_by_scanning(own: Library) -> None:
    client, run = own.librarian(), make(own)
    shown = follow(client, f"{run}/pick", code=" m0087 ")
    assert "Take it: Harbour Bank, tote 1/1" in shown
    assert "One of 3 picked" in shown
    assert "autofocus" in shown
    assert "Already picked" in follow(client, f"{run}/pick", code="M0087")
    assert "Not wanted" in follow(client, f"{run}/pick", code="M0001")
    assert "the courier takes it from Harbour Bank" in follow(client, f"{run}/pick", code="M0010")
    assert "No item has the barcode &lt;b&gt;" in follow(client, f"{run}/pick", code="<b>")
    scan = client.get(f"{run}/pick").text.split('name="scan" value="')[1].split('"')[0]
    assert "is back at the library" in follow(client, f"{run}/unpick", scan=scan)
    moved = client.get(f"{run}/pick").text.split('name="transfer" value="')[1].split('"')[0]
    shown = follow(client, f"{run}/drop", transfer=moved, why="not-found", back="pick")
    assert "was reported as not found" in shown
    assert "not found at the library" in follow(client, f"{run}/pick", code="M0001")
    assert "0 of 3 picked" in follow(client, f"{run}/restore", of=moved, back="pick")


def test_a_run_goes_its_way_and_back(own: Library) -> None:
    client, run = own.librarian(), make(own)
    for code in ("M0086", "M0087"):
        send(client, f"{run}/pick", code=code)
    shown = follow(client, f"{run}/leave")
    assert "The run has left" in shown
    assert "left behind" in shown
    assert "no longer being picked" in client.get(f"{run}/pick").text
    assert "doesn&#39;t allow" in send(client, f"{run}/pick", code="M0088").text
    assert send(client, f"{run}/leave").status_code == 409
    assert "is being picked again" in follow(client, f"{run}/unleave")
    follow(client, f"{run}/leave")

    assert "Say why" in send(client, f"{run}/skip", site=STATION, why=" ", back="courier").text
    shown = follow(client, f"{run}/skip", site=STATION, why="no lift", back="courier")
    assert "Skipped: no lift" in shown
    assert "Skipped" not in follow(client, f"{run}/unskip", of=STATION, back="courier")
    assert "Driver Chen" in follow(client, f"{run}/courier", courier="Driver Chen")

    book = Journal(HARBOUR, "later", "b9", own.hub.now)
    book.write(opened())
    book.open_visit("c1", kind="restock")
    book.write(of(Loaded, "M0086", "c1"), of(Loaded, "M0090", "c1"),
               VisitEnded(station="cabinet-1", visit=hex_id("c1"), outcome="settled"))  # fmt: skip
    own.hub.deliver(book)
    part = client.get(f"{run}/courier", headers={"hx-request": "true"}).text
    assert "<html" not in part
    assert "confirmed one of 3" in part
    assert "not part of this run" in part

    shown = follow(client, f"{run}/close")
    assert "The run is closed" in shown
    assert "the courier was there, and it isn&#39;t seen there" in shown
    tasks = client.get("/restock/tasks").text
    assert "Look in the totes and the van" in tasks
    shown = follow(client, "/restock/return", code="M0087")
    assert "is at the library" in shown
    assert "It came home with “Tuesday”" in shown
    assert "resolved by itself" in client.get("/restock/tasks").text
    scan = shown.split('name="scan" value="')[1].split('"')[0]
    assert "was taken back" in follow(client, "/restock/return/undo", scan=scan)
    assert "open again" in follow(client, f"{run}/reopen")
    assert "snow" in follow(client, f"{run}/abandon", why="snow")


def test_an_item_s_page_tells_of_scans(own: Library) -> None:
    client = own.librarian()
    shown = follow(client, "/restock/return", code="M0001")
    assert "The loan of Ma Li has ended" in shown
    page = client.get("/items/M0001").text
    assert "Scanned in at the central library" in page
    assert "At the central library" in client.get("/loans?state=returned").text
    assert "No item has the barcode" in follow(client, "/restock/return", code="M9999")
    assert send(client, "/restock/return", code=" ").status_code == 303


def test_a_task_is_done_and_opened_again(own: Library) -> None:
    client, run = own.librarian(), make(own)
    moved = client.get(f"{run}/pick").text.split('name="transfer" value="')[1].split('"')[0]
    send(client, f"{run}/drop", transfer=moved, why="not-found")
    number = client.get("/restock/tasks").text.split('action="/restock/tasks/')[1].split("/")[0]
    assert "Done: " in follow(client, f"/restock/tasks/{number}/done")
    assert "Nothing to look after" in follow(client, f"/restock/tasks/{number}/done")
    assert "Look for it around its place" in follow(client, f"/restock/tasks/{number}/reopen")


def tour(own: Library, **more: Any) -> dict[str, Any]:
    usual = {"name": "Round", "kind": "weekly", "every": "1", "weekdays": ["1", "4"], "tote": "30", "departs": "08:30"}
    return {**usual, "begins": own.hub.now.date().isoformat(), "site": [HARBOUR, STATION], **more}


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "every week: Tu, Fr"),
        ({"kind": "daily", "every": "3"}, "every 3 days"),
        ({"kind": "monthly", "nth": "-1", "weekday": "2"}, "every month: last We"),
        ({"kind": "rule", "rule": "FREQ=MONTHLY;BYMONTHDAY=1,15"}, "FREQ=MONTHLY;BYMONTHDAY=1,15"),
    ],
)
def test_a_tour_is_made_of_plain_choices(own: Library, form: dict[str, Any], words: str) -> None:
    client = own.librarian()
    shown = follow(client, "/restock/tours/new", **tour(own, **form))
    assert words in shown
    number = shown.split('href="/restock/tours/')[2].split('"')[0]
    form_page = client.get(f"/restock/tours/{number}").text
    assert 'value="08:30"' in form_page
    assert words in follow(client, f"/restock/tours/{number}", **tour(own, **form, capacity="40"))
    assert "has ended" in follow(client, f"/restock/tours/{number}/retire")
    assert words in follow(client, f"/restock/tours/{number}/resume")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"name": ""}, "This is needed"),
        ({"site": []}, "Choose at least one site"),
        ({"weekdays": []}, "No day ever comes"),
        ({"kind": "daily", "every": "0"}, "No day ever comes"),
        ({"kind": "rule", "rule": "often"}, "No day ever comes"),
        ({"departs": "soon"}, "This is no number"),
        ({"begins": "soon"}, "This is no date"),
    ],
)
def test_a_tour_that_can_t_be_says_where_it_is_wrong(own: Library, form: dict[str, Any], words: str) -> None:
    answer = send(own.librarian(), "/restock/tours/new", **tour(own, **form))
    assert answer.status_code == 409
    assert words.lower() in answer.text.lower()


def test_a_closure_comes_and_goes_and_a_coming_day_is_planned(own: Library) -> None:
    client = own.librarian()
    follow(client, "/restock/tours/new", **tour(own, kind="daily"))
    tomorrow = (own.hub.now + timedelta(days=1)).date().isoformat()
    shown = follow(client, "/restock/closures", site=STATION, first=tomorrow, last=tomorrow, why="no lift")
    assert "no lift" in shown
    coming = client.get(PAGE).text
    assert "closed" in coming
    assert f'name="day" value="{tomorrow}"' in coming
    assert send(client, "/restock/plans", day=tomorrow, cycle="1", tour="1", site=HARBOUR).status_code == 303
    assert "Its plan" in client.get(PAGE).text
    number = shown.split('action="/restock/closures/')[1].split("/")[0]
    assert "is open again" in send(client, f"/restock/closures/{number}/remove").text
    assert send(client, "/restock/closures", first="soon").status_code == 409
    assert send(client, "/restock/closures", first=tomorrow, last="2020-01-01").status_code == 409


def test_papers_are_printed(own: Library) -> None:
    client, run = own.librarian(), make(own)
    for page in ("papers.pdf", "labels.pdf", "labels.pdf?form=eight"):
        answer = client.get(f"{run}/{page}")
        if answer.status_code == 409:
            pytest.skip("no font with Chinese is installed")
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF")


CHANGES = (
    *("leave", "unleave", "close", "abandon", "reopen", "courier", "skip", "unskip", "pick"),
    *("drop", "restore", "unpick"),
)


def test_nothing_is_changed_without_the_form_s_token(own: Library) -> None:
    client, run = own.librarian(), make(own)
    forms = [f"{run}/{name}" for name in CHANGES]
    forms += ["/restock/return", "/restock/return/undo", "/restock/tasks/1/done", "/restock/tasks/1/reopen"]
    forms += ["/restock/tours/new", "/restock/tours/1", "/restock/tours/1/retire", "/restock/closures"]
    for path in forms:
        sent = {"code": "M0086", "transfer": "1", "of": "1", "scan": "1"}
        assert client.post(path, data=sent).status_code == 403, path
    assert "0 of 3 picked" in client.get(run).text


def test_what_isn_t_there_is_not_found(own: Library) -> None:
    client = own.librarian()
    for path in ("/restock/runs/9", "/restock/runs/9/pick", "/restock/runs/9/courier", "/restock/runs/9/papers.pdf",
                 "/restock/tours/9"):  # fmt: skip
        assert client.get(path).status_code == 404, path
    assert send(client, "/restock/tasks/9/done").status_code == 404
    assert send(client, "/restock/tours/9/retire").status_code == 404
