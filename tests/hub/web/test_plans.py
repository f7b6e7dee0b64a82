"""A librarian reads a plan, changes it, and sees what the change costs."""

import httpx
import pytest

from tests.hub.cast import HARBOUR, STATION
from tests.hub.library import SCHOOL, Library, token_in

PAGE = "/restock/plans"


def send(client: httpx.Client, path: str, **form: object) -> httpx.Response:
    return client.post(path, data={"token": token_in(client, PAGE), **form})


def made(own: Library, client: httpx.Client) -> str:
    answer = send(client, PAGE, day="2026-04-02", cycle="14", site=[HARBOUR, STATION, SCHOOL])
    assert answer.status_code == 303
    own.app.state.parts.desk.work_out(int(answer.headers["location"].rsplit("/", 1)[1]))
    return answer.headers["location"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("awaits approval", "taken once in 60 days here", "four times in five between", "Harbour Bank")),
        ("zh-CN", ("待批准", "60 天内在此借出 1 次", "八成可能在", "海港银行")),
    ],
)
def test_a_plan_is_read_in_both_languages(own: Library, language: str, words: tuple[str, ...]) -> None:
    client = own.librarian(language)
    assert "</form>" in client.get(PAGE).text
    page = client.get(made(own, client)).text
    assert [word for word in words if word not in page] == []


def test_while_it_is_made_the_page_looks_again_and_can_stop_it(own: Library) -> None:
    client = own.librarian()
    address = send(client, PAGE, day="2026-04-02", cycle="14", site=HARBOUR).headers["location"]
    page = client.get(address).text
    assert 'hx-trigger="every 1s"' in page
    send(client, f"{address}/discard")
    assert "was let go" in client.get(address).text
    send(client, f"{address}/restore")
    own.app.state.parts.desk.work_out(int(address.rsplit("/", 1)[1]))
    assert "awaits approval" in client.get(address).text


def test_a_change_is_told_with_its_cost_and_undone(own: Library) -> None:
    client = own.librarian()
    address = made(own, client)
    assert send(client, f"{address}/move", title="t01", origin=HARBOUR, target=SCHOOL, count="1").status_code == 303
    own.app.state.parts.desk.work_out(int(address.rsplit("/", 1)[1]))
    page = client.get(address).text
    assert "One change by hand" in page
    assert "1 × 红楼梦: Harbour Bank → Garden Primary School" in page
    send(client, f"{address}/undo", change=page.split('name="change" value="')[1].split('"')[0])
    own.app.state.parts.desk.work_out(int(address.rsplit("/", 1)[1]))
    assert "One change by hand" not in client.get(address).text


def test_what_can_not_be_done_is_said_on_the_page_and_changes_nothing(own: Library) -> None:
    client = own.librarian("zh-CN")
    for form, said in (
        ({"day": "soon", "cycle": "7", "site": HARBOUR}, "不是日期"),
        ({"day": "2026-04-02", "cycle": "900", "site": HARBOUR}, "1 至 92 天"),
        ({"day": "2026-04-02", "cycle": "7"}, "至少选择一个站点"),
    ):
        answer = send(client, PAGE, **form)
        assert (answer.status_code, said in answer.text) == (409, True)
    address = made(own, client)
    answer = send(client, f"{address}/move", title="t01", origin=HARBOUR, target=SCHOOL, count="40")
    assert (answer.status_code, "册可以调动" in answer.text) == (409, True)
    assert "待批准" in client.get(address).text
    assert client.get(f"{PAGE}/99").status_code == 404


def test_what_stays_is_shown_when_asked_for(own: Library) -> None:
    client = own.librarian()
    address = made(own, client)
    assert "西游记" in client.get(f"{address}/stays?site={HARBOUR}", headers={"hx-request": "true"}).text


def test_without_the_form_s_token_nothing_is_changed(own: Library) -> None:
    client = own.librarian()
    answer = client.post(PAGE, data={"day": "2026-04-02", "cycle": "7", "site": HARBOUR})
    assert answer.status_code == 403
    assert "There are no plans yet" in client.get(PAGE).text
