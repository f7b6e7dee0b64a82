"""Scans at the central library."""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict
from sqlalchemy import select
from sqlmodel import Session, col

from hub.models import Item, Scan, Title
from hub.views.view import Cut, Found, View, cut_from

_EXAMPLE: dict[str, Any] = {
    "id": 4711,
    "item": "M0001234",
    "title": "To Kill a Mockingbird",
    "out": False,
    "at": "2026-11-24T05:04:00Z",
    "run": None,
    "by": "lin",
    "undone": False,
}


class ScanView(View):
    """A member of staff held an item at the central library."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: int
    item: str
    title: str
    out: bool
    """It left; else it came in."""
    at: datetime
    run: int | None
    by: str
    undone: bool
    """Taken back: it says nothing."""


def scans(
    session: Session,
    cut: Cut,
    *,
    item: str | None = None,
    run: int | None = None,
    out: bool | None = None,
    since: datetime | None = None,
) -> Found[ScanView]:
    """Scans, the newest first; those taken back too."""
    query: Any = (
        select(Scan, col(Title.title))
        .outerjoin(Item, col(Item.item) == Scan.item)
        .outerjoin(Title, col(Title.title_id) == Item.title_id)
    )
    if item is not None:
        query = query.where(col(Scan.item) == item)
    if run is not None:
        query = query.where(col(Scan.run) == run)
    if out is not None:
        query = query.where(col(Scan.out).is_(out))
    if since is not None:
        query = query.where(col(Scan.at) >= since)
    return cut_from(session, query.order_by(col(Scan.at).desc(), col(Scan.id).desc()), cut, _view)


def _view(row: Scan, title: str | None) -> ScanView:
    return ScanView(**row.model_dump(), title=title or "")
