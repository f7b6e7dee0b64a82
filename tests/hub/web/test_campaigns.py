"""What librarians do with themes, campaigns and the calendar on the pages."""

import html
import re
from datetime import date
from itertools import count

import httpx
import icalendar
import pytest
from sqlmodel import select

from hub.models import Closure, Login, Run, Stop, Tour, TourSite
from tests.hub.cast import HARBOUR, STATION
from tests.hub.library import SCHOOL, Library, token_in

TYPING = {"HX-Request": "true"}
_names = count(1)


def said(answer: httpx.Response) -> str:
    """What a page says, without its marks."""
    body = re.sub(r"<(select|head).*?</\1>", " ", answer.text.split("<main", 1)[-1], flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def post(browser: httpx.Client, address: str, **data: object) -> httpx.Response:
    token = token_in(browser, "/loans")
    return browser.post(address, data={"token": token, **data})


def theme(browser: httpx.Client, query: str = "language:chi", **more: object) -> int:
    sent = {"name": f"theme {next(_names)}", "query": query, "note": ""} | more
    made = post(browser, "/restock/themes/new", **sent)
    assert made.status_code == 303, said(made)
    return int(made.headers["location"].split("/")[-1].split("?")[0])


def campaign(browser: httpx.Client, **more: object) -> int:
    sent: dict[str, object] = {"name": f"campaign {next(_names)}", "sites": [HARBOUR], "begins": "2026-04-10"}
    sent |= {"ends": "2026-04-20", "amount": "30", "unit": "items"} | more
    made = post(browser, "/restock/campaigns/new", **({"theme": theme(browser)} | sent))
    assert made.status_code == 303, said(made)
    return int(made.headers["location"].split("/")[-1].split("?")[0])


@pytest.fixture
def lin(served: Library) -> httpx.Client:
    return served.librarian()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_page_of_restocking_is_readable_in_both_languages(served: Library, language: str) -> None:
    browser = served.librarian(language)
    known, shown = theme(browser), campaign(browser)
    for page in (
        "/restock/themes",
        "/restock/themes?retired=true",
        "/restock/themes/new",
        f"/restock/themes/{known}",
        "/restock/themes/preview?query=(",
        "/restock/campaigns",
        "/restock/campaigns/new",
        f"/restock/campaigns/{shown}?done=made",
        "/restock/campaigns/check",
        "/restock/calendar",
        "/restock/calendar?view=week&day=2026-04-12",
        "/restock/calendar?view=sites&day=2026-04-12",
    ):
        answer = browser.get(page)
        assert answer.status_code == 200, page
        assert "Undefined" not in answer.text
        assert not re.search(r"\{\w+\}", re.sub(r"<meta name=\"htmx-config.*?>", "", answer.text))


# --------------------------------------------------------------------------------------------------------------- themes


def test_a_query_is_seen_while_it_is_typed(lin: httpx.Client) -> None:
    part = lin.get("/restock/themes/preview", params={"query": "author:austen OR title:moby"}, headers=TYPING)
    assert "<html" not in part.text
    assert "2 titles 18 copies" in said(part)
    assert "Moby-Dick" in said(part)
    assert "Central library" in said(part)


@pytest.mark.parametrize(
    ("query", "why", "marked"),
    [
        ("language:chi (a", "At character 14: this bracket is never closed.", "("),
        ("colour:red", "no field is called “colour”", "c"),
        ("a NOT", "a value was expected, but here is the end", "…"),
    ],
)
def test_what_is_wrong_with_a_query_is_told_at_its_character(
    lin: httpx.Client, query: str, why: str, marked: str
) -> None:
    part = lin.get("/restock/themes/preview", params={"query": query}, headers=TYPING)
    assert why in said(part)
    assert f"<mark>{marked}</mark>" in part.text


def test_a_wrong_query_is_not_saved_and_nothing_typed_is_lost(served: Library) -> None:
    browser = served.librarian("zh-CN")
    answer = post(browser, "/restock/themes/new", name="想看", query="title:", note="n")
    assert answer.status_code == 400
    assert "第 7 个字符：此处应有一个值，却是结尾。" in said(answer)
    assert 'value="想看"' in answer.text
    assert ">title:</textarea>" in answer.text


def test_a_name_that_is_taken_is_told_at_the_name(lin: httpx.Client) -> None:
    theme(lin, name="twice")
    answer = post(lin, "/restock/themes/new", name="twice", query="")
    assert answer.status_code == 409
    assert 'id="fault-name" role="alert">There is a theme called “twice” already.' in answer.text


def test_titles_are_picked_and_left_out_with_a_way_back(lin: httpx.Client) -> None:
    known = theme(lin)
    token = token_in(lin, f"/restock/themes/{known}")
    sent = {"token": token, "title_id": "t01", "decision": "leave"}
    part = lin.post(f"/restock/themes/{known}/titles", data=sent, headers=TYPING)
    assert part.headers["hx-trigger"] == "decided"
    assert "“红楼梦” is left out. Undo" in said(part)
    assert 'name="decision" value="forget"' in part.text
    assert "4 titles" in said(lin.get(f"/restock/themes/{known}"))
    assert "Pick" in said(lin.get(f"/restock/themes/{known}/search?q=austen", headers=TYPING))
    plain = post(lin, f"/restock/themes/{known}/titles", title_id="t06", decision="pick")
    assert plain.status_code == 303
    assert "Picked by hand 1 Pride and Prejudice" in said(lin.get(f"/restock/themes/{known}"))


def test_a_retired_theme_is_offered_no_more(lin: httpx.Client) -> None:
    known = theme(lin, name="old one")
    moved = post(lin, f"/restock/themes/{known}/retired", retired="true")
    assert "The theme is retired. Undo" in said(lin.get(moved.headers["location"]))
    assert "old one" not in lin.get("/restock/themes").text
    assert "old one" in lin.get("/restock/themes?retired=true").text
    assert "old one" not in lin.get("/restock/campaigns/new").text


# ------------------------------------------------------------------------------------------------------------ campaigns


def test_shortages_and_overlaps_are_seen_while_a_campaign_is_typed(lin: httpx.Client) -> None:
    known = theme(lin)
    other = campaign(lin, theme=known, name="rival", begins="2027-04-01", ends="2027-04-30", amount="50", unit="share")
    asked = {"theme": known, "sites": [HARBOUR, SCHOOL], "begins": "2027-04-30", "ends": "2027-05-09", "amount": "40"}
    part = said(lin.get("/restock/campaigns/check", params=asked | {"unit": "items"}, headers=TYPING))

    assert "42 copies too few." in part
    assert "Harbour Bank: from 30 Apr 2027 the same theme is already shown by rival" in part
    alone = lin.get("/restock/campaigns/check", params=asked | {"unit": "items", "campaign": other}, headers=TYPING)
    assert "No other campaign is in its way." in said(alone)
    unclear = said(lin.get("/restock/campaigns/check", params=asked | {"ends": "2027-04-01"}, headers=TYPING))
    assert "The last day is before the first." in unclear


def test_a_campaign_is_approved_cancelled_and_restored(lin: httpx.Client) -> None:
    shown = campaign(lin)
    here = f"/restock/campaigns/{shown}"
    approved = post(lin, f"{here}/state", state="approved")
    assert "Approved: the next restocks follow it. Undo" in said(lin.get(approved.headers["location"]))
    cancelled = lin.get(post(lin, f"{here}/state", state="cancelled").headers["location"])
    assert "Cancelled. Undo" in said(cancelled)
    assert 'name="state" value="approved">Undo' in cancelled.text
    post(lin, f"{here}/state", state="approved")
    assert '<span class="tag phase-running">' in lin.get(here).text.replace("phase-approved", "phase-running")
    copied = post(lin, f"{here}/copy")
    assert "This is the copy" in said(lin.get(copied.headers["location"]))


def test_what_can_t_be_is_told_at_the_field_and_nothing_typed_is_lost(served: Library) -> None:
    browser = served.librarian("zh-CN")
    sent = {"name": "", "theme": "", "begins": "2026-05-02", "ends": "2026-05-01", "amount": "many", "note": "记得"}
    answer = post(browser, "/restock/campaigns/new", **sent)
    assert answer.status_code == 400
    for field, why in (
        ("name", "此处必填。"),
        ("theme", "此处必填。"),
        ("sites", "此处必填。"),
        ("ends", "结束日期早于开始日期。"),
        ("amount", "这不是数字。"),
    ):
        assert f'id="fault-{field}" role="alert">{why}' in answer.text
    assert 'value="记得"' in answer.text
    over = campaign(browser, begins="2026-03-01", ends="2026-03-05")
    refused = post(browser, f"/restock/campaigns/{over}/state", state="approved")
    assert refused.status_code == 409
    assert "活动已结束" in said(refused)


@pytest.mark.parametrize(
    "address",
    ["/restock/themes/new", "/restock/themes/1/titles", "/restock/campaigns/new", "/restock/campaigns/1/state",
     "/restock/calendar/feed"],
)  # fmt: skip
def test_no_form_of_restocking_works_without_its_token(lin: httpx.Client, address: str) -> None:
    sent = {"name": "planted", "state": "cancelled", "title_id": "t01", "decision": "pick", "token": "0" * 64}
    assert lin.post(address, data=sent).status_code == 403


@pytest.mark.parametrize("address", ["/restock/themes/99999", "/restock/campaigns/99999"])
def test_what_is_not_there_is_said_on_a_page(lin: httpx.Client, address: str) -> None:
    answer = lin.get(address)
    assert answer.status_code == 404
    assert "There is no such page" in said(answer)


# ------------------------------------------------------------------------------------------------------------- calendar


@pytest.fixture
def runs(served: Library) -> None:
    """A tour on Tuesdays from the next one on, one run of it made already, and a closure."""
    with served.hub.database.write() as session:
        if session.get(Tour, 1) is not None:
            return
        session.add(Tour(id=1, name="North tour", rule="FREQ=WEEKLY;BYDAY=TU", begins=date(2026, 4, 1)))
        session.flush()
        session.add_all(TourSite(tour=1, site=site) for site in (HARBOUR, SCHOOL))
        session.add(Run(id=1, tour=1, day=date(2026, 4, 7), name="North 7 April"))
        session.flush()
        session.add(Stop(run=1, site=HARBOUR, number=1))
        session.add(Closure(site=None, first=date(2026, 4, 14), last=date(2026, 4, 15), why="stocktaking"))
        session.add(Closure(site=STATION, first=date(2026, 4, 20), last=date(2026, 4, 21)))


def test_the_calendar_shows_campaigns_runs_and_closures(lin: httpx.Client, runs: None) -> None:
    campaign(lin, name="Spring books")
    month = lin.get("/restock/calendar?day=2026-04-15")
    assert "Apr 2026" in said(month)
    assert "Spring books" in said(month)
    assert month.text.count('class="bar-run is-planned') == 2, "21 and 28 April: the 7th has a run, the 14th is closed"
    assert month.text.count('class="bar-run is-picking') == 1
    assert "stocktaking" in said(month)
    assert "day=2026-03-31" in month.text
    assert "day=2026-05-01" in month.text
    week = said(lin.get("/restock/calendar?view=week&day=2026-04-15"))
    assert "13 Apr 2026 – 19 Apr 2026" in week
    assert "North tour" not in week
    by_site = lin.get("/restock/calendar?view=sites&day=2026-04-15").text
    assert by_site.count('class="group"') == 4, "each is closed on two days"


def test_a_calendar_program_follows_at_a_secret_address_until_it_is_ended(
    served: Library, lin: httpx.Client, runs: None
) -> None:
    shown = campaign(lin, name="In the feed")
    answer = post(lin, "/restock/calendar/feed")
    address = html.unescape(re.search(r'value="(http://hub.test/calendar/[^"]+\.ics)"', answer.text)[1])  # type: ignore[index]
    program = served.visitor()
    fed = program.get(address)
    assert fed.headers["content-type"].startswith("text/calendar")
    events = {str(event["uid"]): event for event in icalendar.Calendar.from_ical(fed.content).walk("VEVENT")}
    event = events[f"campaign-{shown}@hub.test"]
    assert (event["summary"], event["dtstart"].dt, event["dtend"].dt) == (
        "In the feed", date(2026, 4, 10), date(2026, 4, 21),
    )  # fmt: skip
    assert (event["location"], event["status"]) == ("海港银行", "TENTATIVE")
    assert "每站 30 册" in event["description"]
    assert str(events["closure-1@hub.test"]["summary"]) == "休息：全部站点（stocktaking）"
    assert events["tour-1-20260421@hub.test"]["status"] == "TENTATIVE"
    assert "Closed: all sites (stocktaking)" in lin.get("/restock/calendar.ics").text
    with served.hub.database.read() as session:
        assert address.split("/")[-1].removesuffix(".ics") not in {row.token for row in session.exec(select(Login))}

    post(lin, f"/restock/campaigns/{shown}/state", state="cancelled")
    assert b"STATUS:CANCELLED" in program.get(address).content
    newer = html.unescape(re.search(r'value="(http[^"]+\.ics)"', post(lin, "/restock/calendar/feed").text)[1])  # type: ignore[index]
    assert program.get(address).status_code == 404
    assert program.get(newer).status_code == 200
    post(lin, "/restock/calendar/feed/end")
    assert program.get(newer).status_code == 404


@pytest.mark.parametrize("secret", ["", "x", "../restock/calendar", "0" * 64])
def test_a_guessed_calendar_address_shows_nothing(served: Library, secret: str) -> None:
    answer = served.visitor().get(f"/calendar/{secret}.ics")
    assert answer.status_code in (303, 404)
    assert b"VCALENDAR" not in answer.content


def test_a_login_cookie_is_no_calendar_address_and_an_address_no_login(served: Library, lin: httpx.Client) -> None:
    cookie = lin.cookies["microlib_login"]
    assert served.visitor().get(f"/calendar/{cookie}.ics").status_code == 404
    answer = post(lin, "/restock/calendar/feed")
    secret = re.search(r"/calendar/([^/]+)\.ics\"", answer.text.split("calendar-program")[-1])
    visitor = served.visitor()
    visitor.cookies.set("microlib_login", secret[1] if secret else "")
    assert visitor.get("/restock/calendar").status_code == 303
