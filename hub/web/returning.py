"""Scan-in at the library: items that came home."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query
from sqlmodel import Session
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub.auth import member_of
from hub.restocking import runs as doing
from hub.restocking.errors import Refused, Unknown
from hub.views import items, loans, scans, sites
from hub.views.view import Cut, reading
from hub.web import reasons
from hub.web.page import Page, Paper

router = APIRouter(prefix="/restock/return", default_response_class=HTMLResponse)

Reading = Annotated[Session, Depends(reading)]
Text = Annotated[str, Form(max_length=1000)]
RECENT = 20


@router.get("")
def page(
    paper: Paper,
    session: Reading,
    item: Annotated[str, Query(max_length=64)] = "",
    loan: Annotated[str, Query(max_length=128)] = "",
    run: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    unknown: Annotated[str, Query(max_length=64)] = "",
    back: Annotated[str, Query(max_length=64)] = "",
) -> HTMLResponse:
    """One big field, and what came of the newest scan."""
    return _show(paper, session, item=item, loan=loan, run=run, unknown=unknown, back=back)


@router.post("", response_model=None)
def come(paper: Paper, code: Text = "") -> Response:
    """A barcode was scanned."""
    code = code.strip()[:64]
    if not code:
        return RedirectResponse("/restock/return", 303)
    by = member_of(paper.request).name
    try:
        with paper.hub.database.write() as session:
            came = doing.bring_in(session, paper.hub.settings, code, by=by, now=paper.now)
    except Unknown:
        return RedirectResponse(f"/restock/return?unknown={quote(code, safe='')}", 303)
    for notice in came.told.notices:
        paper.hub.notices.publish(notice)
    more = f"&loan={quote(came.loan.id, safe='')}" if came.loan else ""
    more += f"&run={came.run.id}" if came.run else ""
    return RedirectResponse(f"/restock/return?item={quote(came.told.item, safe='')}{more}", 303)


@router.post("/undo", response_model=None)
def undo(paper: Paper, scan: Annotated[int, Form()]) -> Response:
    """A scan was wrong."""
    try:
        with paper.hub.database.write() as session:
            told = doing.take_back(session, paper.hub.settings, scan, paper.now)
    except Refused as wrong:
        with paper.hub.database.read() as session:
            return _show(paper, session, wrong=reasons.refused(paper.say, wrong))
    for notice in told.notices:
        paper.hub.notices.publish(notice)
    return RedirectResponse(f"/restock/return?back={quote(told.item, safe='')}", 303)


def _show(
    paper: Page,
    session: Session,
    *,
    item: str = "",
    loan: str = "",
    run: int | None = None,
    unknown: str = "",
    back: str = "",
    wrong: str = "",
) -> HTMLResponse:
    newest = scans.scans(session, Cut(RECENT), out=False).rows
    mine = next((one for one in newest if item and one.item == item and not one.undone), None)
    return paper.show(
        "return.html",
        409 if wrong else 200,
        came=items.item(session, item) if mine else None,
        scan=mine,
        loan=loans.loan(session, loan, paper.today) if loan and mine else None,
        run=doing.get(session, run) if run and mine else None,
        unknown=unknown,
        put_back=items.item(session, back) if back else None,
        recent=newest,
        wrong=wrong,
        names=sites.names(session),
    )
