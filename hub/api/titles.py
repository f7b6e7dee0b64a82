"""Titles: the works that items are copies of."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request

from hub.api.errors import not_found
from hub.api.paging import Page, Reading, Wanted, page
from hub.views import titles
from hub.views.titles import TitleView

router = APIRouter(prefix="/titles", tags=["titles"])

Words = Annotated[
    str | None,
    Query(
        max_length=200,
        description="Words, or their beginnings, of title, authors, subjects, themes, region, ISBN or class numbers; "
        "Chinese in either script, in pinyin, by initials or both mixed (红楼, 紅樓, hongloumeng, hlm, hloum)",
        examples=["三国", "sgyy"],
    ),
]


@router.get("", summary="Titles, by name; with words, the best first")
def list_titles(
    request: Request,
    session: Reading,
    wanted: Wanted,
    q: Words = None,
    language: Annotated[str | None, Query(max_length=8, description="MARC code", examples=["chi"])] = None,
    theme: Annotated[str | None, Query(max_length=64, examples=["history"])] = None,
) -> Page[TitleView]:
    """Titles by name, each with how many copies there are and how many of them stand on a shelf.

    With `q`, the order is: called just so; begins so; every word in the title; in title and authors; elsewhere.
    """
    return page(request, wanted, titles.titles(session, wanted, q=q, language=language, theme=theme))


@router.get("/{title_id}", summary="One title")
def one_title(session: Reading, title_id: Annotated[str, Path(max_length=64, examples=["gb00004"])]) -> TitleView:
    """One title; its copies are at /items?title_id=."""
    found = titles.title(session, title_id)
    if found is None:
        raise not_found("title", title_id)
    return found
