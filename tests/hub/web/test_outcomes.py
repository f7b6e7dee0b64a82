"""Staff read what plans came to, who waits for a title, and what an item was delivered by."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from hub.database import Database
from tests.hub.cast import HARBOUR, STATION, settings_in
from tests.hub.library import Library, library, token_in
from tests.hub.restocking.planned import TODAY, add_campaign, add_plan
from tests.hub.web.test_pages import _read


@pytest.fixture(scope="module")
def planned(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library with a plan whose time is over and one whose time runs."""
    folder = tmp_path_factory.mktemp("planned")
    url = f"sqlite:///{folder / 'hub.sqlite3'}"
    (folder / "hub.sqlite3").write_bytes(sqlite_template.read_bytes())
    database = Database(url)
    with library(settings_in(folder, url), database, folder) as made:
        with made.hub.database.write() as session:
            add_plan(session)
            add_plan(session, day=TODAY, cycle=7, run_state=None)
            add_campaign(session, "language:chi", HARBOUR, ends=TODAY + timedelta(days=9))
        yield made
    database.close()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize(
    "page", ["/restock/outcomes", "/restock/outcomes/1", "/restock/outcomes/2", "/titles/t02", "/items/M0002"]
)
def test_every_page_is_readable_in_both_languages(planned: Library, page: str, language: str) -> None:
    answer = planned.librarian(language).get(page)

    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert "{" not in _read(answer.text)


def test_finished_plans_are_judged_and_running_ones_told_so_far(planned: Library) -> None:
    page = planned.librarian().get("/restock/outcomes").text
    said = _read(page)

    assert "1 of 2 site results lay within the interval that should hold four in five." in said
    assert "day 1 of 7; by now some 1.4 were to be expected" in said
    assert "outside what was expected" in said
    assert 'aria-label="9.5 loans expected, 7 to 12 four times in five, and 6 happened"' in page
    assert page.count('class="against"') == 2
    assert "language:chi 1 1.7 4" in said


def test_one_plan_is_told_by_site_theme_copy_and_title(planned: Library) -> None:
    said = _read(planned.librarian().get("/restock/outcomes/1").text)

    assert "Harbour Bank 3.5 2 to 5 4 as expected" in said
    assert "East Metro Station 6.0 5 to 9 2 outside what was expected" in said
    assert "4 were to be brought: 2 taken, 1 not taken. One was never seen there." in said
    assert "Better than expected 三国演义 Harbour Bank taken 1 times, 0.2 expected, 2 copies, 2 of them brought" in said


def test_while_a_cycle_runs_the_page_says_so(planned: Library) -> None:
    said = _read(planned.librarian("zh-CN").get("/restock/outcomes/2").text)

    assert "第 1 天，共 7 天" in said
    assert "至今借出次数" in said


def test_nothing_is_made_up_before_there_is_a_plan(served: Library) -> None:
    assert "No plan has been approved yet." in served.librarian().get("/restock/outcomes").text
    assert served.librarian().get("/restock/outcomes/1").status_code == 404


def test_a_title_tells_where_it_is_taken_and_which_campaigns_show_it(planned: Library) -> None:
    page = planned.librarian().get("/titles/t02").text

    assert 'aria-label="taken 1 times in 12 months, 0 times this month"' in page
    assert "Shown in campaigns language:chi language:chi" in _read(page)
    assert "Shown in campaigns" not in planned.librarian().get("/titles/t06").text


def test_an_item_tells_which_deliveries_it_was_part_of(planned: Library) -> None:
    said = _read(planned.librarian().get("/items/M0002").text)

    assert "Deliveries it was part of" in said
    assert "Friday 27 Mar 2026 the library → Harbour Bank done" in said
    assert "left out" in planned.librarian().get("/items/M0090").text


def send(client: httpx.Client, path: str, **form: object) -> httpx.Response:
    return client.post(path, data={"token": token_in(client, "/titles/t06"), **form})


def test_a_librarian_reserves_for_a_patron_ends_it_and_takes_that_back(planned: Library) -> None:
    client = planned.librarian()
    assert "Nobody waits for this title." in client.get("/titles/t06").text
    assert send(client, "/titles/t06/reservations", patron=" P001 ", site=STATION).status_code == 303
    page = client.get("/titles/t06").text
    assert "One patron waits 王小明 P001 at East Metro Station · just now" in _read(page)
    twice = send(client, "/titles/t06/reservations", patron="P001", site=HARBOUR)
    assert (twice.status_code, "waits for this title already" in twice.text) == (409, True)
    assert send(client, "/titles/t06/reservations", patron="P999", site=HARBOUR).status_code == 409
    address = page.split('action="/titles/t06/reservations/')[1].split('"')[0]
    assert send(client, f"/titles/t06/reservations/{address}").status_code == 303
    assert "Nobody waits" in client.get("/titles/t06").text
    assert send(client, f"/titles/t06/reservations/{address.replace('end', 'resume')}").status_code == 303
    assert "One patron waits" in client.get("/titles/t06").text
    assert send(client, "/titles/none/reservations", patron="P001", site=HARBOUR).status_code == 404
