"""What went wrong, as a page in the reader's language."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.restocking.errors import Refused, Unknown
from hub.web import words
from hub.web.page import page_for

SAID = {403: "form", 404: "not-found", 405: "not-found", 429: "slowed"}


def install(app: FastAPI) -> None:
    """Makes `app` answer with pages."""
    app.add_exception_handler(HTTPException, _known)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(Unknown, _unknown)
    app.add_exception_handler(Refused, _refused)


def _known(request: Request, wrong: Exception) -> Response:
    status = wrong.status_code if isinstance(wrong, HTTPException) else 500
    return page_for(request).show("error.html", status, kind=SAID.get(status, "other"), told=None)


def _unfit(request: Request, wrong: Exception) -> Response:
    return page_for(request).show("error.html", 400, kind="bad-request", told=None)


def _unknown(request: Request, wrong: Exception) -> Response:
    return page_for(request).show("error.html", 404, kind="not-found", told=None)


def _refused(request: Request, wrong: Exception) -> Response:
    """For what no form waits for: a form shows `words.refusal` itself."""
    page = page_for(request)
    told = words.refusal(page.say, wrong) if isinstance(wrong, Refused) else None
    return page.show("error.html", 409, kind="other", told=told)
