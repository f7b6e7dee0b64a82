"""Everything that goes wrong in a request, in one JSON shape."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import Request

from hub.restocking.errors import Refused, Unknown
from protocol.wording import sentence


class Wrong(BaseModel):
    """One parameter that can't be used."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: str
    """The parameter, with where it stood: query.limit."""
    why: str


class Error(BaseModel):
    """What went wrong."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    code: str
    """For programs: not-found, bad-request, login-needed, slowed, method-not-allowed, unsupported-media-type; with a
    409 the rule that forbids it, such as theme-name or campaign-over."""
    message: str
    """For people: what and where."""
    fields: list[Wrong] = []
    """The parameters that can't be used, where that is the matter."""


class Failure(BaseModel):
    """Every answer with a status of 400 and above."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"error": {"code": "not-found", "message": "there is no item M0009999", "fields": []}}]
        }
    )

    error: Error


DECLARED: dict[int | str, dict[str, Any]] = {
    400: {"model": Failure, "description": "A parameter can't be used"},
    401: {"model": Failure, "description": "Log in first"},
    404: {"model": Failure, "description": "There is no such thing"},
    409: {"model": Failure, "description": "It can't be done as things are, and nothing was changed"},
    415: {"model": Failure, "description": "What was sent doesn't call itself application/json"},
    422: {"model": Failure, "description": "Not used: what can't be used is a 400"},
    429: {"model": Failure, "description": "Too many failed attempts to log in"},
}


def not_found(what: str, key: object) -> HTTPException:
    """To be raised: there is no `what` called `key`."""
    return HTTPException(HTTPStatus.NOT_FOUND, f"there is no {what} {str(key)[:80]}")


def install(app: FastAPI) -> None:
    """Makes `app` say everything in the one shape."""
    app.add_exception_handler(HTTPException, _known)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(Unknown, _unknown)
    app.add_exception_handler(Refused, _refused)


async def _known(request: Request, wrong: Exception) -> JSONResponse:
    status = wrong.status_code if isinstance(wrong, HTTPException) else 500
    phrase = HTTPStatus(status).phrase
    told = str(wrong.detail) if isinstance(wrong, HTTPException) else phrase
    if told == phrase:
        told = f"{phrase.lower()}: {request.method} {request.url.path}"
    return _answer(status, phrase.lower().replace(" ", "-"), told, [], getattr(wrong, "headers", None))


async def _unfit(request: Request, wrong: Exception) -> JSONResponse:
    errors = wrong.errors() if isinstance(wrong, RequestValidationError) else []
    fields = [Wrong(name=".".join(str(step) for step in error["loc"]), why=sentence(error)) for error in errors]
    told = "; ".join(f"{field.name}: {field.why}" for field in fields) or "the request can't be read"
    return _answer(400, "bad-request", told, fields, None)


async def _unknown(request: Request, wrong: Exception) -> JSONResponse:
    return _answer(404, "not-found", str(wrong), [], None)


async def _refused(request: Request, wrong: Exception) -> JSONResponse:
    known = wrong.values if isinstance(wrong, Refused) else {}
    fields = [Wrong(name=f"body.{known['field']}", why=str(wrong))] if "field" in known else []
    return _answer(409, wrong.code if isinstance(wrong, Refused) else "conflict", str(wrong), fields, None)


def _answer(status: int, code: str, told: str, fields: list[Wrong], headers: Any) -> JSONResponse:
    body = Failure(error=Error(code=code, message=told, fields=fields))
    return JSONResponse(body.model_dump(), status, headers)
