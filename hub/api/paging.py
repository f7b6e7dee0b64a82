"""Lists in pages: what is asked for, and how the answer says where it goes on."""

from collections.abc import Mapping
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session
from starlette.requests import Request

from hub.views.view import Cut, Found, reading

MOST = 1000
Row = TypeVar("Row")

Reading = Annotated[Session, Depends(reading)]
"""A session that only reads."""


class Page(BaseModel, Generic[Row]):
    """One page of a list."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    total: int
    """Rows in the whole list, as it stands now."""
    next: str | None
    """Address of the next page on this server; null on the last one."""
    rows: list[Row]


def cut(
    limit: Annotated[int, Query(ge=1, le=MOST, description="Rows in the page, at most")] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000, description="Rows to leave out at the beginning")] = 0,
) -> Cut:
    """Which page is asked for."""
    return Cut(limit, offset)


Wanted = Annotated[Cut, Depends(cut)]
"""The page asked for."""


def page(request: Request, wanted: Cut, found: Found[Row], keep: Mapping[str, object] | None = None) -> Page[Row]:
    """`found` as a page whose `next` asks the same again, further on; `keep` is added to that question."""
    upto = wanted.offset + len(found.rows)
    following = None
    if found.rows and upto < found.total:
        address = request.url.include_query_params(limit=wanted.limit, offset=upto, **(keep or {}))
        following = f"{address.path}?{address.query}"
    return Page(total=found.total, next=following, rows=list(found.rows))
