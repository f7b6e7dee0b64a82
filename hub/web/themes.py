"""Themes: listed with their stock, and one to be worked on while its titles are seen."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub.auth import member_of
from hub.restock.query import LONGEST, Field, QueryWrong
from hub.restocking import themes as keeping
from hub.restocking.errors import Refused
from hub.restocking.themes import ThemeDraft
from hub.views import sites, themes, titles
from hub.views.view import Cut, Found, reading
from hub.web import words
from hub.web.page import Page, Paper

router = APIRouter(prefix="/restock/themes", default_response_class=HTMLResponse)

Reading = Annotated[Session, Depends(reading)]
Text = Annotated[str, Form(max_length=20_000)]
LISTED = 200
FIRST = 12
"""Titles that a preview shows."""
FOUND = 8
"""Titles that are offered while somebody searches."""
DECISIONS = {"pick": True, "leave": False, "forget": None}
WERE = {True: "pick", False: "leave", None: "forget"}


@router.get("")
def list_themes(paper: Paper, session: Reading, retired: bool = False) -> HTMLResponse:
    """Themes with what there is of them."""
    found = themes.themes(session, Cut(LISTED), retired=retired)
    stock = {theme.id: themes.stock(session, theme.id) for theme in found.rows}
    other = themes.themes(session, Cut(0), retired=not retired).total
    return paper.show("themes.html", found=found, stock=stock, retired=retired, other=other, names=sites.names(session))


@router.get("/new")
def new_theme(paper: Paper, session: Reading, query: Annotated[str, Query(max_length=LONGEST)] = "") -> HTMLResponse:
    """An empty form, or one with a query."""
    return _show(paper, session, None, {"name": "", "query": query, "note": ""})


@router.post("/new", response_model=None)
def make_theme(paper: Paper, name: Text = "", query: Text = "", note: Text = "") -> Response:
    """The new theme, or the form again with what was wrong."""
    return _save(paper, None, {"name": name, "query": query, "note": note})


@router.get("/preview")
def preview(
    paper: Paper, session: Reading, query: Annotated[str, Query(max_length=20_000)] = "", theme: int | None = None
) -> HTMLResponse:
    """What a query finds that isn't saved; or what is wrong with it, and where."""
    return paper.show("part/theme_preview.html", **_found(paper, session, query, theme))


@router.get("/{theme}")
def one_theme(paper: Paper, session: Reading, theme: int, done: str = "") -> HTMLResponse:
    """The theme to be worked on."""
    known = themes.theme(session, theme)
    return _show(paper, session, theme, known.model_dump(), done=done)


@router.post("/{theme}", response_model=None)
def change_theme(paper: Paper, theme: int, name: Text = "", query: Text = "", note: Text = "") -> Response:
    """The changed theme, or the form again with what was wrong."""
    return _save(paper, theme, {"name": name, "query": query, "note": note})


@router.post("/{theme}/retired")
def retire_theme(paper: Paper, theme: int, retired: Annotated[bool, Form()]) -> RedirectResponse:
    """No longer offered for new campaigns, or offered again."""
    with paper.hub.database.write() as session:
        keeping.retire(session, theme, retired, by=member_of(paper.request).name, now=paper.now)
    return RedirectResponse(f"/restock/themes/{theme}?done={'retired' if retired else 'back'}", 303)


@router.post("/{theme}/titles", response_model=None)
def decide_title(
    paper: Paper,
    theme: int,
    title_id: Annotated[str, Form(max_length=64)],
    decision: Annotated[str, Form(pattern="^(pick|leave|forget)$")],
) -> Response:
    """What was decided by hand, with a way back."""
    with paper.hub.database.write() as session:
        before = keeping.decide(
            session, theme, title_id, DECISIONS[decision], by=member_of(paper.request).name, now=paper.now
        )
        if not paper.wants_part:
            return RedirectResponse(f"/restock/themes/{theme}#hand", 303)
        undo = {"title": titles.title(session, title_id), "decision": decision, "back": WERE[before]}
        answer = paper.show("part/theme_hand.html", undo=undo, **_by_hand(session, theme))
    answer.headers["HX-Trigger"] = "decided"
    return answer


@router.get("/{theme}/search")
def search(paper: Paper, session: Reading, theme: int, q: Annotated[str, Query(max_length=200)] = "") -> HTMLResponse:
    """Titles to be picked, while somebody types."""
    known = themes.theme(session, theme)
    found = titles.titles(session, Cut(FOUND), q=q) if q.strip() else Found((), 0)
    return paper.show("part/theme_search.html", theme=known, found=found, q=q.strip())


def _save(paper: Page, theme: int | None, typed: dict[str, str]) -> Response:
    by, now = member_of(paper.request).name, paper.now
    typed = {name: value.replace("\r\n", "\n") for name, value in typed.items()}
    try:
        draft = ThemeDraft.model_validate(typed)
        with paper.hub.database.write() as session:
            if theme is None:
                row = keeping.create(session, draft, by=by, now=now)
            else:
                row = keeping.change(session, theme, draft, by=by, now=now)
        return RedirectResponse(f"/restock/themes/{row.id}?done={'made' if theme is None else 'saved'}", 303)
    except ValidationError as wrong:
        faults, status = words.faults(paper.say, wrong), HTTPStatus.BAD_REQUEST
    except Refused as wrong:
        faults, status = {str(wrong.values.get("field", "")): words.refusal(paper.say, wrong)}, HTTPStatus.CONFLICT
    with paper.hub.database.read() as session:
        return _show(paper, session, theme, typed, faults, status=status)


def _show(
    paper: Page,
    session: Session,
    theme: int | None,
    typed: dict[str, Any],
    faults: dict[str, str] | None = None,
    *,
    status: int = 200,
    done: str = "",
) -> HTMLResponse:
    hand = {"theme": None} if theme is None else _by_hand(session, theme)
    found = _found(paper, session, typed["query"], theme)
    shown = hand | found | {"typed": typed, "faults": faults or {}, "done": done, "fields": list(Field), "undo": None}
    return paper.show("theme.html", status, **shown)


def _found(paper: Page, session: Session, query: str, theme: int | None) -> dict[str, Any]:
    """What the preview shows: titles, stock, what is wrong and where."""
    query = query.strip()
    known = themes.theme(session, theme) if theme is not None else None
    shown: dict[str, Any] = {"theme": known, "names": sites.names(session), "query": query, "wrong": None}
    if not query and not (known and known.picked):
        return shown | {"found": None}
    try:
        return shown | {"found": themes.preview(session, query, Cut(FIRST), theme)}
    except QueryWrong as wrong:
        at = wrong.at - 1
        told = {
            "why": words.query_wrong(paper.say, wrong),
            "before": query[max(at - 60, 0) : at],
            "at": query[at : at + 1],
            "after": query[at + 1 : at + 40],
        }
        return shown | {"found": None, "wrong": told}


def _by_hand(session: Session, theme: int) -> dict[str, Any]:
    known = themes.theme(session, theme)
    decided = {title.title_id: title for title in titles.these(session, [*known.picked, *known.left_out])}
    return {
        "theme": known,
        "picked": [decided[key] for key in known.picked],
        "left_out": [decided[key] for key in known.left_out],
    }
