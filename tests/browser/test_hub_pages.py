"""The hub's pages in a real browser: alive, on a phone, and without JavaScript."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from hub.database import Database
from hub.models import Transfer
from hub.notices import Notice
from hub.restocking import campaigns, plans, runs, themes, tours
from hub.restocking.campaigns import CampaignDraft
from hub.restocking.themes import ThemeDraft
from hub.restocking.tours import TourDraft
from hub.restocking.world import Terms
from protocol.events import Loaded, VisitEnded
from protocol.status import DeviceStatus
from protocol.topics import Up
from tests.browser.conftest import Opened
from tests.browser.serving import serving
from tests.databases import sqlite_template
from tests.hub.cast import HARBOUR, STATION, Journal, hex_id, of, settings_in
from tests.hub.cast import opened as journal_opened
from tests.hub.library import LIBRARIAN, PASSWORD, SCHOOL, Library, cabinet, library, status_of
from tests.hub.restocking.planned import add_plan, add_run

pytestmark = pytest.mark.browser

__all__ = ["sqlite_template"]

PHONE = {"width": 390, "height": 844}
PAGES = (
    "/",
    f"/sites/{HARBOUR}",
    "/items/M0004",
    "/titles/t01",
    "/loans?state=all",
    "/patrons/P001",
    "/incidents",
    "/search?q=m00",
    "/restock/themes",
    "/restock/themes/1",
    "/restock/themes/new?query=(",
    "/restock/campaigns",
    "/restock/campaigns/1",
    "/restock/campaigns/new",
    "/restock/calendar",
    "/restock/calendar?view=sites",
    "/overview",
    "/restock/plans",
    "/restock/plans/1",
    "/restock/runs",
    "/restock/runs/1",
    "/restock/runs/1/pick",
    "/restock/runs/1/courier",
    "/restock/return",
    "/restock/tasks",
    "/restock/tours",
    "/restock/tours/1",
    "/restock/tours/new",
    "/restock/outcomes",
    "/restock/outcomes/2",
)
SMALL = """() => [...document.querySelectorAll("a, button, input, summary")]
  .filter((e) => e.offsetParent && e.type !== "hidden" && !e.closest(".skip, h1, h2, small, .plain"))
  .map((e) => /checkbox|radio/.test(e.type) ? e.closest("label") ?? e : e)
  .filter((e) => e.getBoundingClientRect().height < 43.5).map((e) => e.outerHTML.slice(0, 120))"""
PALE = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (c) => c.slice(0, 3).map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const behind = (e) => {
    for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; }
    return [255, 255, 255];
  };
  const found = [];
  for (const e of document.querySelectorAll("main *, header *")) {
    const says = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!says || !e.offsetParent) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.push([e.outerHTML.slice(0, 100), (a + 0.05) / (b + 0.05)]);
  }
  return found;
}"""


@dataclass
class Served:
    """The library at an address."""

    library: Library
    address: str

    def log_in(self, page: Page, language: str = "en") -> Page:
        """Through the form, as staff do."""
        page.goto(f"{self.address}/login?language={language}")
        page.fill("input[name=name]", LIBRARIAN)
        page.fill("input[name=password]", PASSWORD)
        page.click("button.main")
        page.wait_for_url(f"{self.address}/")
        return page

    def hear(self, **more: object) -> None:
        """A heartbeat of Harbour Bank arrives, and the open pages are told as the running hub tells them."""
        hub = self.library.hub
        hub.now = datetime.now(UTC)
        hub.send(HARBOUR, Up.STATUS, status_of(HARBOUR, hub.now, **more))
        self.library.app.state.parts.notices.publish(Notice(HARBOUR))


def _campaign(database: Database, now: datetime) -> None:
    """A theme that is everything, asked for too much at one site; theme and campaign are number 1."""
    wanted = {
        "name": "Everything",
        "theme": 1,
        "sites": [HARBOUR],
        "begins": now.date(),
        "ends": now.date(),
        "items": 99,
    }
    with database.write() as session:
        themes.create(session, ThemeDraft(name="Classics", query="theme:classics"), by=LIBRARIAN, now=now)
        themes.decide(session, 1, "t01", False, by=LIBRARIAN, now=now)
        campaigns.create(session, CampaignDraft.model_validate(wanted), by=LIBRARIAN, now=now)


def _plan(made: Library) -> None:
    """Plan number 1: three sites, few moves, a wish that isn't met, a change by hand."""
    now = made.hub.now
    by: dict[str, Any] = {"by": LIBRARIAN, "now": now}
    with made.hub.database.write() as session:
        campaigns.decide(session, 1, campaigns.State.APPROVED, **by, today=now.date())
        terms = Terms(capacity=12, copies=4)
        plans.ask(session, day=now.date(), cycle=14, sites=[HARBOUR, STATION, SCHOOL], **by, terms=terms)
    desk = made.app.state.parts.desk
    desk.work_out(1)
    with made.hub.database.write() as session:
        plans.move(session, 1, title="t06", origin=HARBOUR, target=SCHOOL, count=1, **by)
    desk.work_out(1)


def _trips(made: Library) -> None:
    """Run number 1, a copy of which wasn't found, a tour with a closed site, and plan number 2, which is over."""
    now = made.hub.now
    with made.hub.database.write() as session:
        add_run(session, now.date())
        missing = session.exec(select(Transfer.id).where(Transfer.item == "M0088")).one()
        assert missing is not None
        runs.drop(session, missing, runs.Dropped.NOT_FOUND, ZoneInfo("UTC"), now)
        tours.create(session, TourDraft(name="Round", rule="FREQ=DAILY", begins=now.date(), sites=(HARBOUR, STATION)))
        tours.close(session, site=STATION, first=now.date(), last=now.date() + timedelta(days=3), why="no lift")
        add_plan(session, now.date() - timedelta(days=5), run_state=None)


@pytest.fixture(scope="module")
def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("library")
    (folder / "hub.sqlite3").write_bytes(sqlite_template.read_bytes())
    url = f"sqlite:///{folder / 'hub.sqlite3'}"
    database = Database(url)
    with (
        library(settings_in(folder, url), database, folder, datetime.now(UTC)) as made,
        serving(made.app, lifespan=False) as address,
    ):
        _campaign(database, made.hub.now)
        _plan(made)
        _trips(made)
        yield Served(made, address)
    database.close()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_on_a_phone_nothing_scrolls_sideways_and_everything_can_be_tapped(
    served: Served, opened: Opened, language: str
) -> None:
    page = served.log_in(opened(**PHONE, locale=language), language)
    wide, small = {}, {}
    for address in PAGES:
        page.goto(served.address + address)
        if (width := page.evaluate("document.documentElement.scrollWidth")) > PHONE["width"]:
            wide[address] = width
        if found := page.evaluate(SMALL):
            small[address] = found

    assert wide == {}
    assert small == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_stands_out_enough_to_be_read(served: Served, opened: Opened, scheme: str) -> None:
    page = served.log_in(opened(color_scheme=scheme))
    pale = {}
    for address in PAGES:
        page.goto(served.address + address)
        if found := page.evaluate(PALE):
            pale[address] = found

    assert pale == {}


def test_an_open_board_follows_what_happens_at_a_site(served: Served, opened: Opened) -> None:
    page = served.log_in(opened())
    card = page.locator("article", has_text="Harbour Bank")
    expect(card.locator("dd").first).to_have_text("shut")
    with page.expect_response("**/card"):
        served.hear(stations=(cabinet(phase="held", door="open"),))

    expect(card.locator("dd").first).to_have_text("open")
    expect(card).to_contain_text("The door of cabinet-1 has been open too long.")


def test_an_open_site_page_shows_a_reader_that_fails_and_recovers(served: Served, opened: Opened) -> None:
    page = served.log_in(opened())
    served.hear()
    page.goto(f"{served.address}/sites/{HARBOUR}")
    expect(page.locator("#now")).to_contain_text("Waiting for a card")
    failed = DeviceStatus(device="shelf-reader", driver="feig-obid", state="failed", detail="unplugged")
    with page.expect_response("**/now"):
        served.hear(devices=(failed,))
    expect(page.locator("#now")).to_contain_text("shelf-reader (feig-obid) does not answer: unplugged")
    with page.expect_response("**/now"):
        served.hear()

    expect(page.locator("#now")).to_contain_text("shelf-reader (feig-obid) works")


def test_search_answers_while_somebody_types(served: Served, opened: Opened) -> None:
    page = served.log_in(opened(), "zh-CN")
    page.locator("input[type=search]").press_sequentially("曹雪芹", delay=20)

    expect(page.locator("#found")).to_contain_text("红楼梦")
    page.keyboard.press("Escape")
    expect(page.locator("#found")).to_be_empty()


def test_without_javascript_everything_can_be_read_searched_and_left(served: Served, opened: Opened) -> None:
    page = served.log_in(opened(java_script_enabled=False))
    page.click("article h2 a >> text=Harbour Bank")
    expect(page.locator("main")).to_contain_text("Last visits")
    page.fill("input[type=search]", "M0004")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("On loan, borrowed at East Metro Station")
    page.click("text=Log out")

    expect(page.locator("main")).to_contain_text("For staff of the library.")


def test_the_language_is_changed_on_the_page_somebody_reads(served: Served, opened: Opened) -> None:
    page = served.log_in(opened())
    page.goto(f"{served.address}/loans")
    page.click("text=中文")

    expect(page).to_have_url(f"{served.address}/loans")
    expect(page.locator("h1")).to_have_text("借阅")


def test_a_page_brings_nothing_from_elsewhere_and_breaks_no_rule_of_its_own(served: Served, opened: Opened) -> None:
    page = opened()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    served.log_in(page)
    for address in PAGES:
        page.goto(served.address + address)

    assert [url for url in asked if not url.startswith(served.address)] == []
    assert said == []


def test_a_theme_is_typed_and_its_campaign_planned_approved_and_seen_on_the_calendar(
    served: Served, opened: Opened
) -> None:
    page = served.log_in(opened())
    page.goto(f"{served.address}/restock/themes/new")
    page.fill("input[name=name]", "Four classics")
    page.locator("#query").press_sequentially("language:chi (clc:I")
    expect(page.locator("#preview")).to_contain_text("At character 14: this bracket is never closed.")
    page.locator("#query").press_sequentially("242)")
    expect(page.locator("#preview")).to_contain_text("5 titles 45 copies")
    expect(page.locator("#preview")).to_contain_text("Garden Primary School")
    page.click("button:has-text('Make the theme')")
    page.locator("#preview li", has_text="呐喊").locator("button").click()
    expect(page.locator("#hand")).to_contain_text("“呐喊” is left out. Undo")
    expect(page.locator("#preview")).to_contain_text("4 titles 36 copies")

    page.click("text=Plan a campaign")
    page.fill("input[name=name]", "Winter evenings")
    page.check("text=Garden Primary School")
    expect(page.locator("#check")).to_contain_text("There are enough copies.")
    page.select_option("select[name=unit]", "items")
    page.fill("input[name=amount]", "38")
    expect(page.locator("#check")).to_contain_text("copies too few")
    page.click("button:has-text('Make a draft')")
    page.click("button:has-text('Approve')")
    expect(page.locator("[role=status]")).to_contain_text("Approved: the next restocks follow it.")
    days = page.locator("input[name=begins]").input_value()
    page.goto(f"{served.address}/restock/calendar?day={days}")
    expect(
        page.locator("table.days tr", has_text="Winter evenings").locator(".bar-campaign.is-approved")
    ).to_be_visible()


def test_a_line_of_a_plan_is_dragged_to_another_site_and_taken_back(served: Served, opened: Opened) -> None:
    page = served.log_in(opened(height=2400))
    page.goto(f"{served.address}/restock/plans/1")
    line = page.locator(f'.drop[data-site="{SCHOOL}"] .come + .pieces .piece', has_text="Pride and Prejudice")
    expect(line).to_contain_text("by hand")
    made = page.locator(f'.drop[data-site="{STATION}"] details', has_text="stay").last
    made.locator("summary").first.click()
    stays = page.locator(f'.drop[data-site="{STATION}"] .stays .piece').first
    name = stays.locator("a").first.inner_text()
    stays.drag_to(page.locator(f'.drop[data-site="{SCHOOL}"] h2'))
    expect(page.locator("#plan")).to_contain_text("The plan is being made")
    served.library.app.state.parts.desk.work_out(1)
    edits = page.locator(".edits")
    expect(edits).to_contain_text(f"{name}: East Metro Station → Garden Primary School")
    expect(edits).to_contain_text("2 changes by hand")
    edits.locator("li", has_text=name).get_by_role("button").click()
    served.library.app.state.parts.desk.work_out(1)
    expect(edits).to_contain_text("One change by hand")


def test_a_run_is_picked_with_a_scanner_driven_and_closed_on_a_phone(served: Served, opened: Opened) -> None:
    """A scanner types a barcode and Enter; nothing is tapped between two of them."""
    page = served.log_in(opened(**PHONE))
    page.goto(f"{served.address}/restock/runs")
    page.click("text=Tuesday")
    page.click("a:has-text('Pick')")
    for said, code in (("Take it: Harbour Bank", "M0086"), ("Not wanted", "M0001"), ("Take it: Harbour Bank", "M0087")):
        expect(page.locator("#code")).to_be_focused()
        page.keyboard.type(code + "\n")
        expect(page.locator("[role=alert]")).to_contain_text(said)
    expect(page.locator("main")).to_contain_text("2 of 2 picked")
    page.click("[role=alert] button:has-text('Undo')")
    expect(page.locator("main")).to_contain_text("One of 2 picked")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type("M0087\n")
    expect(page.locator("[role=status]")).to_contain_text("Everything is picked")
    page.click("[role=status] a")
    page.click("button:has-text('Leave')")
    expect(page.locator("[role=status]")).to_contain_text("The run has left")

    page.goto(f"{served.address}/restock/runs/1/courier")
    trip = page.locator("#trip")
    expect(trip).to_contain_text("Load 2")
    station = trip.locator("li.panel", has=page.locator("h2", has_text="East Metro Station"))
    station.locator("summary", has_text="Skip").click()
    station.locator("input[name=why]").fill("no lift")
    station.locator("button:has-text('Skip')").click()
    expect(station).to_contain_text("Skipped: no lift")
    with page.expect_response("**/courier"):
        _restocked(served, "M0086", "M0087", "M0090")
    harbour = trip.locator("li.panel", has=page.locator("h2", has_text="Harbour Bank"))
    expect(harbour).to_contain_text("confirmed 2 of 3")
    expect(harbour).to_contain_text("not part of this run")

    page.goto(f"{served.address}/restock/runs/1")
    page.click("button:has-text('Close')")
    expect(page.locator("[role=status]").first).to_contain_text("The run is closed")
    page.goto(f"{served.address}/restock/return")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type("M0088\n")
    expect(page.locator("[role=alert]")).to_contain_text("is at the library")


def _restocked(served: Served, *items: str) -> None:
    """A courier's visit at Harbour Bank arrives: the cabinet saw `items` come."""
    hub = served.library.hub
    hub.now = datetime.now(UTC)
    book = Journal(HARBOUR, "later", "b9", hub.now)
    book.write(journal_opened())
    book.open_visit("c1", kind="restock")
    book.write(
        *(of(Loaded, item, "c1") for item in items),
        VisitEnded(station="cabinet-1", visit=hex_id("c1"), outcome="settled"),
    )
    hub.deliver(book)
    served.library.app.state.parts.notices.publish(Notice(HARBOUR))
