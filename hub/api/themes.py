"""Themes: what campaigns show, what a query would find, and what there is of it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from hub.api.paging import Page, Reading, Wanted, page
from hub.api.writing import Hub, Number, Who
from hub.restock.query import LONGEST, QueryWrong
from hub.restocking import themes as keeping
from hub.restocking.themes import ThemeDraft
from hub.views import themes
from hub.views.themes import PreviewView, StockView, ThemeView
from hub.views.titles import TitleView

router = APIRouter(prefix="/themes", tags=["themes"])

TitleKey = Annotated[str, Path(max_length=64, description="The title's id", examples=["gb00004"])]


class Retired(BaseModel):
    """Whether a theme is offered for new campaigns."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    retired: bool
    """It isn't any more."""


class Decision(BaseModel):
    """What is decided about a title by hand."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    picked: bool
    """It belongs to the theme; false: it doesn't, whatever the query finds."""


@router.get("", summary="Themes, by name")
def list_themes(
    request: Request,
    session: Reading,
    wanted: Wanted,
    retired: Annotated[bool | None, Query(description="Only themes that are, or aren't, retired")] = None,
) -> Page[ThemeView]:
    """Themes with their queries and what was decided by hand; those still offered first."""
    return page(request, wanted, themes.themes(session, wanted, retired=retired))


@router.get("/preview", summary="What a query finds")
def preview(
    session: Reading,
    wanted: Wanted,
    query: Annotated[str, Query(max_length=LONGEST, examples=["theme:history year:2010-"])],
    theme: Annotated[int | None, Query(ge=1, le=2**62, description="Add what was decided by hand for it")] = None,
) -> PreviewView:
    """The first titles of a query that needn't be saved, and what there is of all of them at each place."""
    try:
        return themes.preview(session, query, wanted, theme)
    except QueryWrong as wrong:
        told = {"type": "value_error", "loc": ("query", "query"), "ctx": {"error": wrong}}
        raise RequestValidationError([told]) from None


@router.post("", summary="A new theme", status_code=201)
def make_theme(hub: Hub, who: Who, draft: ThemeDraft) -> ThemeView:
    """A theme under a name that no other has."""
    with hub.database.write() as session:
        row = keeping.create(session, draft, by=who.name, now=hub.clock.utc())
        return themes.theme(session, row.id or 0)


@router.get("/{theme}", summary="One theme")
def one_theme(session: Reading, theme: Number) -> ThemeView:
    """One theme; its titles are at /themes/{theme}/titles."""
    return themes.theme(session, theme)


@router.put("/{theme}", summary="Change a theme")
def change_theme(hub: Hub, who: Who, theme: Number, draft: ThemeDraft) -> ThemeView:
    """Name, query and note as sent; what was decided by hand stays."""
    with hub.database.write() as session:
        keeping.change(session, theme, draft, by=who.name, now=hub.clock.utc())
        return themes.theme(session, theme)


@router.put("/{theme}/retired", summary="Retire a theme, or bring it back")
def retire_theme(hub: Hub, who: Who, theme: Number, wanted: Retired) -> ThemeView:
    """A retired theme is offered for no new campaign; those it has go on."""
    with hub.database.write() as session:
        keeping.retire(session, theme, wanted.retired, by=who.name, now=hub.clock.utc())
        return themes.theme(session, theme)


@router.get("/{theme}/titles", summary="The titles of a theme")
def titles_of_theme(request: Request, session: Reading, wanted: Wanted, theme: Number) -> Page[TitleView]:
    """What its query finds and what was picked, less what was left out by hand; by name."""
    return page(request, wanted, themes.titles_of(session, theme, wanted))


@router.put("/{theme}/titles/{title_id}", summary="Pick a title, or leave it out")
def decide_title(hub: Hub, who: Who, theme: Number, title_id: TitleKey, wanted: Decision) -> ThemeView:
    """By hand, whatever the query finds."""
    with hub.database.write() as session:
        keeping.decide(session, theme, title_id, wanted.picked, by=who.name, now=hub.clock.utc())
        return themes.theme(session, theme)


@router.delete("/{theme}/titles/{title_id}", summary="Leave a title to the query again")
def forget_title(hub: Hub, who: Who, theme: Number, title_id: TitleKey) -> ThemeView:
    """Nothing is decided about it by hand any more."""
    with hub.database.write() as session:
        keeping.decide(session, theme, title_id, None, by=who.name, now=hub.clock.utc())
        return themes.theme(session, theme)


@router.get("/{theme}/stock", summary="What there is of a theme")
def stock_of_theme(session: Reading, theme: Number) -> StockView:
    """Copies at the library and each site: standing there, on loan, elsewhere."""
    return themes.stock(session, theme)
