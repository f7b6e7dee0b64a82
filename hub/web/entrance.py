"""Logging in and out, and choosing a language."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub import auth
from hub.auth import COOKIE, Member, Wait
from hub.models import Staff
from hub.parts import Parts, parts_of
from hub.web.form import VISITOR
from hub.web.page import LANGUAGE, Page, Paper

router = APIRouter()

YEAR_S = 365 * 24 * 3600


@router.get("/login", response_model=None)
def login_form(paper: Paper, next: str = "/") -> Response:
    """The form; with a visitor cookie that its token is made from."""
    if auth.visitor_of(paper.request):
        return RedirectResponse(_local(next), 303)
    return _form(paper, next, None)


@router.post("/login", response_model=None)
def login(
    paper: Paper,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """In, or the form again with what was wrong."""
    request = paper.request
    door = auth.door_of(request)
    found = door.enter(name.strip(), password, auth.address_of(request))
    if not isinstance(found, Member):
        return _form(paper, next, found, name)
    response = RedirectResponse(_local(next), 303)
    _set(request, response, COOKIE, door.begin_login(found), paper.hub.settings.sessions.hours * 3600)
    response.delete_cookie(VISITOR)
    return response


@router.post("/logout")
def logout(request: Request) -> RedirectResponse:
    """Out: the login is worth nothing any more."""
    auth.door_of(request).end_login(request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE)
    return response


@router.post("/language")
def choose_language(
    request: Request, language: Annotated[str, Form(max_length=8)], next: Annotated[str, Form(max_length=2000)] = "/"
) -> RedirectResponse:
    """Keeps the choice in this browser, and as what this member of staff prefers."""
    hub = parts_of(request)
    response = RedirectResponse(_local(next), 303)
    if language in hub.settings.languages:
        _prefer(hub, auth.member_of(request), language)
        _set(request, response, LANGUAGE, language, YEAR_S)
    return response


def _form(paper: Page, next: str, found: auth.Refusal | Wait | None, name: str = "") -> HTMLResponse:
    wait = found.seconds if isinstance(found, Wait) else 0
    status = HTTPStatus.OK if found is None else HTTPStatus.TOO_MANY_REQUESTS if wait else HTTPStatus.UNAUTHORIZED
    secret = paper.request.cookies.get(VISITOR) or auth.new_secret()
    response = paper.show(
        "login.html",
        status,
        next=_local(next),
        name=name,
        refused=found is not None,
        wait=wait,
        form_token=auth.form_token(secret),
    )
    _set(paper.request, response, VISITOR, secret, 3600)
    if paper.request.query_params.get("language") == paper.say.language:
        _set(paper.request, response, LANGUAGE, paper.say.language, YEAR_S)
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response


def _set(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    secure = request.url.scheme == "https" or parts_of(request).settings.listen.behind_proxy
    response.set_cookie(name, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")


def _prefer(hub: Parts, member: Member, language: str) -> None:
    with hub.database.write() as session:
        staff = session.get(Staff, member.id)
        if staff is not None:
            staff.language = language


def _local(address: str) -> str:
    """`address` when it is a path on this server, else the first page."""
    if not address.startswith("/") or address.startswith("//") or "\\" in address or not address.isprintable():
        return "/"
    return address
