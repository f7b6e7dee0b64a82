"""The base of every answer, and how a list of them is cut."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, func
from sqlmodel import Session, select
from starlette.requests import HTTPConnection

from hub.parts import parts_of

Row = TypeVar("Row")


class View(BaseModel):
    """One answer; what its fields mean stands below each."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True)
class Cut:
    """Which part of a list is wanted."""

    limit: int = 100
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Found(Generic[Row]):
    """The wanted part of a list, and how long the whole of it is."""

    rows: tuple[Row, ...]
    total: int


def cut_from(session: Session, query: Select[Any], cut: Cut, made: Callable[..., Row]) -> Found[Row]:
    """Runs `query`, which must be ordered, and makes a row of each result's columns."""
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    if cut.limit == 0:
        return Found((), total)
    results = session.execute(query.limit(cut.limit).offset(cut.offset))
    return Found(tuple(made(*result) for result in results), total)


def reading(connection: HTTPConnection) -> Iterator[Session]:
    """A session that only reads, as long as the request lasts; a FastAPI dependency."""
    with parts_of(connection).database.read() as session:
        yield session


def decoded(body: bytes) -> dict[str, Any] | None:
    """An event's bytes as the JSON object they are; None when they are none."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def fact_of(body: bytes | None) -> dict[str, Any]:
    """What an event reports; empty when it can't be read."""
    fact = (decoded(body) or {}).get("fact") if body is not None else None
    return fact if isinstance(fact, dict) else {}
