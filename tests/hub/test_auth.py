"""Nobody comes in without a login, and nobody guesses their way in."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from sqlmodel import select
from starlette.routing import BaseRoute, Mount

from hub.auth import COOKIE, PasswordUnfit, Throttle, Wait, add_staff
from hub.database import Database
from hub.models import Login, Staff
from tests.hub.cast import settings_in
from tests.hub.library import LIBRARIAN, PASSWORD, Library, library, token_in

OPEN = {"/health", "/login"}


@pytest.fixture
def served(sqlite_template: Path, tmp_path: Path) -> Iterator[Library]:
    (tmp_path / "hub.sqlite3").write_bytes(sqlite_template.read_bytes())
    url = f"sqlite:///{tmp_path / 'hub.sqlite3'}"
    database = Database(url)
    with library(settings_in(tmp_path, url), database, tmp_path, told=False) as made:
        yield made
    database.close()


def _routes(routes: Sequence[BaseRoute], before: str = "") -> Iterator[tuple[str, str]]:
    """(method, address) of every route below `routes`, with 1 for every parameter."""
    for context in iter_route_contexts(routes):
        if isinstance(context.route, Mount):
            yield from _routes(context.route.routes, before + context.route.path)
        elif context.path is not None:
            address = before + re.sub(r"\{[^}]*\}", "1", context.path)
            yield from ((method, address) for method in sorted(context.methods or ()))


SECRET = "/calendar/1.ics"
"""Where programs that can't log in read a calendar, with a secret in place of the 1."""


def test_every_route_of_the_application_asks_for_a_login(served: Library) -> None:
    walked = [(method, address) for method, address in _routes(served.app.routes) if address not in OPEN]
    visitor = served.visitor()
    let_in = {}
    for method, address in walked:
        answer = visitor.request(method, address)
        refused = answer.status_code == 401 if address.startswith("/api/") else answer.status_code == 303
        if not refused:
            let_in[method, address] = answer.status_code

    assert ("GET", "/api/v1/items") in walked
    assert ("GET", "/api/v1/openapi.json") in walked
    assert ("GET", "/live") in walked
    assert ("POST", "/logout") in walked
    assert let_in == {("GET", SECRET): 404}, "who guesses a calendar's address finds nothing there"


@pytest.mark.parametrize("address", ["/health", "/login", "/static/hub.css"])
def test_health_login_and_static_files_are_open(served: Library, address: str) -> None:
    assert served.visitor().get(address).status_code == 200


@pytest.mark.parametrize(
    "address", ["/static/../items/M0001", "/static/%2e%2e/items/M0001", "/login/", "//login", "/LOGIN"]
)
def test_no_spelling_of_an_open_address_opens_another(served: Library, address: str) -> None:
    answer = served.visitor().get(f"http://hub.test{address}")

    assert answer.status_code in (303, 404)
    assert "M0001" not in answer.text


def test_staff_come_in_and_go_back_to_the_page_they_wanted(served: Library) -> None:
    visitor = served.visitor()
    sent = visitor.get("/loans?state=all")
    assert sent.headers["location"] == "/login?next=/loans%3Fstate%3Dall"
    form = {"name": LIBRARIAN, "password": PASSWORD, "next": "/loans?state=all", "token": token_in(visitor)}
    came_in = visitor.post("/login", data=form)

    assert came_in.headers["location"] == "/loans?state=all"
    assert visitor.get("/loans").status_code == 200


@pytest.mark.parametrize("elsewhere", ["//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)"])
def test_a_login_leads_to_no_other_server(served: Library, elsewhere: str) -> None:
    visitor = served.visitor()
    form = {"name": LIBRARIAN, "password": PASSWORD, "next": elsewhere, "token": token_in(visitor)}

    assert visitor.post("/login", data=form).headers["location"] == "/"


def test_the_cookie_is_kept_from_scripts_and_only_its_hash_is_stored(served: Library) -> None:
    visitor = served.visitor()
    form = {"name": LIBRARIAN, "password": PASSWORD, "token": token_in(visitor)}
    cookie = next(c for c in visitor.post("/login", data=form).headers.get_list("set-cookie") if COOKIE in c)
    token = visitor.cookies[COOKIE]
    with served.hub.database.read() as session:
        kept = session.exec(select(Login)).one()
        staff = session.exec(select(Staff)).one()

    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert kept.token == hashlib.sha256(token.encode()).hexdigest()
    assert staff.password.startswith("$argon2id$")


def test_over_https_the_cookie_travels_over_nothing_else(served: Library) -> None:
    visitor = served.visitor()
    visitor.base_url = httpx.URL("https://hub.test")
    form = {"name": LIBRARIAN, "password": PASSWORD, "token": token_in(visitor)}

    assert all("Secure" in c for c in visitor.post("/login", data=form).headers.get_list("set-cookie") if COOKIE in c)


def test_a_login_ends_with_its_hours(served: Library) -> None:
    librarian = served.librarian()
    served.hub.now += timedelta(hours=served.settings.sessions.hours, seconds=1)

    assert librarian.get("/").status_code == 303


def test_logging_out_makes_the_cookie_worthless(served: Library) -> None:
    librarian = served.librarian()
    token = librarian.cookies[COOKIE]
    librarian.post("/logout", data={"token": token_in(librarian, "/")})
    thief = served.visitor()
    thief.cookies.set(COOKIE, token)

    assert thief.get("/").status_code == 303


def test_staff_who_were_disabled_are_out_at_once(served: Library) -> None:
    librarian, program = served.librarian(), served.program()
    assert program.get("/api/v1/sites").status_code == 200
    with served.hub.database.write() as session:
        session.exec(select(Staff)).one().disabled = True

    assert librarian.get("/").status_code == 303
    assert program.get("/api/v1/sites").status_code == 401


def test_a_new_password_ends_the_logins_made_with_the_old_one(served: Library) -> None:
    librarian = served.librarian()
    with served.hub.database.write() as session:
        add_staff(session, LIBRARIAN, "another good one", served.hub.now)

    assert librarian.get("/").status_code == 303


def test_a_password_of_a_few_letters_is_refused(served: Library) -> None:
    with served.hub.database.write() as session, pytest.raises(PasswordUnfit, match="10 characters"):
        add_staff(session, "zhao", "short", served.hub.now)


@pytest.mark.parametrize("address", ["/login", "/logout", "/language"])
def test_a_form_without_its_token_changes_nothing(served: Library, address: str) -> None:
    librarian = served.librarian()
    form = {"name": LIBRARIAN, "password": PASSWORD, "language": "zh-CN"}

    assert librarian.post(address, data=form).status_code == 403
    assert librarian.post(address, data=form | {"token": "0" * 64}).status_code == 403
    assert librarian.get("/").status_code == 200


def test_another_browser_s_token_opens_no_form(served: Library) -> None:
    mine, theirs = served.visitor(), served.visitor()
    mine.get("/login")
    form = {"name": LIBRARIAN, "password": PASSWORD, "token": token_in(theirs)}

    assert mine.post("/login", data=form).status_code == 403


def test_a_wrong_password_and_an_unknown_name_are_told_alike(served: Library) -> None:
    visitor = served.visitor()
    visitor.cookies.set("microlib_language", "en")
    said = [
        visitor.post("/login", data={"name": name, "password": "wrong", "token": token_in(visitor)})
        for name in (LIBRARIAN, "nobody")
    ]

    assert [answer.status_code for answer in said] == [401, 401]
    assert all("Name or password is not right" in answer.text for answer in said)


def test_guessing_is_slowed_down_until_even_the_right_password_must_wait(served: Library) -> None:
    visitor = served.visitor()
    token = token_in(visitor)
    for _ in range(Throttle.FREE):
        visitor.post("/login", data={"name": LIBRARIAN, "password": "wrong", "token": token})
    slowed = visitor.post("/login", data={"name": LIBRARIAN, "password": PASSWORD, "token": token})
    served.passed_s[0] += 10

    assert slowed.status_code == 429
    assert int(slowed.headers["retry-after"]) >= 1
    assert visitor.post("/login", data={"name": LIBRARIAN, "password": PASSWORD, "token": token}).status_code == 303


def test_programs_that_guess_are_slowed_down_too(served: Library) -> None:
    guesser = served.visitor()
    guesser.auth = (LIBRARIAN, "wrong")
    statuses = [guesser.get("/api/v1/sites").status_code for _ in range(Throttle.FREE + 1)]

    assert statuses == [401] * Throttle.FREE + [429]


def test_each_failure_doubles_the_wait_up_to_five_minutes() -> None:
    throttle = Throttle()
    now = 0.0
    waits = []
    for _ in range(Throttle.FREE + 12):
        wait = throttle.begin(("name lin",), now)
        if isinstance(wait, Wait):
            waits.append(wait.seconds)
            now += wait.seconds
            assert throttle.begin(("name lin",), now) is None

    assert waits[:4] == [2, 3, 5, 9]
    assert max(waits) <= Throttle.LONGEST_S + 1


def test_names_that_were_tried_are_forgotten_in_the_end() -> None:
    throttle = Throttle()
    for number in range(Throttle.REMEMBERED + 50):
        throttle.begin((f"name {number}",), 0.0)

    assert len(throttle._failures) == Throttle.REMEMBERED


def test_a_program_s_password_is_hashed_once_and_checked_each_time(served: Library) -> None:
    program = served.program()
    assert program.get("/api/v1/sites").status_code == 200
    with served.hub.database.write() as session:
        add_staff(session, LIBRARIAN, "another good one", served.hub.now)

    assert program.get("/api/v1/sites").status_code == 401


def test_a_password_sent_with_a_request_opens_no_page(served: Library) -> None:
    assert served.program().get("/").status_code == 303
