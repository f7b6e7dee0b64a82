"""Campaigns: listed by how they stand, and one to be worked on while overlaps and shortages are seen."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub.auth import member_of
from hub.restocking import campaigns as keeping
from hub.restocking.campaigns import CampaignDraft, Phase, State, Wish
from hub.restocking.errors import Refused, Unknown
from hub.views import campaigns, sites, themes
from hub.views.campaigns import CampaignView
from hub.views.view import Cut, reading
from hub.web import words
from hub.web.page import Page, Paper

router = APIRouter(prefix="/restock/campaigns", default_response_class=HTMLResponse)

Reading = Annotated[Session, Depends(reading)]
Text = Annotated[str, Form(max_length=20_000)]
Asked = Annotated[str, Query(max_length=20_000)]
LISTED = 200
THEMES = 1000
OLD = 20
"""Campaigns that are over or cancelled, in the list."""
USUAL_DAYS, USUAL_PERCENT = 30, "25"
DECISIONS = {State.APPROVED: "approved", State.DRAFT: "draft", State.CANCELLED: "cancelled"}


@router.get("")
def list_campaigns(paper: Paper, session: Reading) -> HTMLResponse:
    """Campaigns by how they stand today."""
    found = {phase: campaigns.campaigns(session, Cut(_most(phase)), paper.today, phase=phase) for phase in Phase}
    crowded = campaigns.crowded(session, [one for part in found.values() for one in part.rows])
    return paper.show("campaigns.html", found=found, crowded=crowded, names=sites.names(session))


@router.get("/new")
def new_campaign(paper: Paper, session: Reading, theme: str = "") -> HTMLResponse:
    """An empty form, or one for a theme."""
    first = paper.today + timedelta(days=1)
    typed = {
        "name": "",
        "theme": theme,
        "sites": [],
        "begins": first.isoformat(),
        "ends": (first + timedelta(days=USUAL_DAYS - 1)).isoformat(),
        "amount": USUAL_PERCENT,
        "unit": "share",
        "note": "",
    }
    return _show(paper, session, None, typed)


@router.post("/new", response_model=None)
def make_campaign(
    paper: Paper,
    name: Text = "",
    theme: Text = "",
    sites: Annotated[list[str], Form()] = [],  # noqa: B006 (FastAPI copies it)
    begins: Text = "",
    ends: Text = "",
    amount: Text = "",
    unit: Text = "share",
    note: Text = "",
) -> Response:
    """The new draft, or the form again with what was wrong."""
    return _save(paper, None, _typed(name, theme, sites, begins, ends, amount, unit, note))


@router.get("/check")
def check(
    paper: Paper,
    session: Reading,
    theme: Asked = "",
    sites: Annotated[list[str], Query()] = [],  # noqa: B006 (FastAPI copies it)
    begins: Asked = "",
    ends: Asked = "",
    amount: Asked = "",
    unit: Asked = "share",
    campaign: int | None = None,
) -> HTMLResponse:
    """Overlaps and shortages of what is typed, as far as it can be read."""
    typed = _typed("", theme, sites, begins, ends, amount, unit, "")
    return paper.show("part/campaign_check.html", **_checked(paper, session, typed, campaign))


@router.get("/{campaign}")
def one_campaign(paper: Paper, session: Reading, campaign: int, done: str = "", was: str = "") -> HTMLResponse:
    """The campaign to be worked on; after something was `done`, with a way back to what it `was`."""
    known = campaigns.campaign(session, campaign, paper.today)
    return _show(paper, session, known, _saved(known), done=done, was=was)


@router.post("/{campaign}", response_model=None)
def change_campaign(
    paper: Paper,
    campaign: int,
    name: Text = "",
    theme: Text = "",
    sites: Annotated[list[str], Form()] = [],  # noqa: B006 (FastAPI copies it)
    begins: Text = "",
    ends: Text = "",
    amount: Text = "",
    unit: Text = "share",
    note: Text = "",
) -> Response:
    """The changed campaign, or the form again with what was wrong."""
    return _save(paper, campaign, _typed(name, theme, sites, begins, ends, amount, unit, note))


@router.post("/{campaign}/state", response_model=None)
def decide_campaign(paper: Paper, campaign: int, state: Annotated[State, Form()]) -> Response:
    """Approved, a draft again, or cancelled; with a way back."""
    by = member_of(paper.request).name
    try:
        with paper.hub.database.write() as session:
            before = keeping.decide(session, campaign, state, by=by, now=paper.now, today=paper.today)
    except Refused as wrong:
        with paper.hub.database.read() as session:
            known = campaigns.campaign(session, campaign, paper.today)
            faults = {"": words.refusal(paper.say, wrong)}
            return _show(paper, session, known, _saved(known), faults, status=HTTPStatus.CONFLICT)
    return RedirectResponse(f"/restock/campaigns/{campaign}?done={state}&was={before}", 303)


@router.post("/{campaign}/copy")
def copy_campaign(paper: Paper, campaign: int) -> RedirectResponse:
    """The same again, as a draft."""
    by = member_of(paper.request).name
    with paper.hub.database.write() as session:
        row = keeping.copy(session, campaign, by=by, now=paper.now, today=paper.today)
    return RedirectResponse(f"/restock/campaigns/{row.id}?done=copied", 303)


def _most(phase: Phase) -> int:
    return OLD if phase in (Phase.OVER, Phase.CANCELLED) else LISTED


def _typed(
    name: str, theme: str, sites: list[str], begins: str, ends: str, amount: str, unit: str, note: str
) -> dict[str, Any]:
    return {
        "name": name,
        "theme": theme,
        "sites": sites,
        "begins": begins,
        "ends": ends,
        "amount": amount.strip(),
        "unit": "items" if unit == "items" else "share",
        "note": note.replace("\r\n", "\n"),
    }


def _saved(known: CampaignView) -> dict[str, Any]:
    """A campaign as its form says it."""
    by_items = known.items is not None
    return {
        "name": known.name,
        "theme": str(known.theme),
        "sites": known.sites,
        "begins": known.begins.isoformat(),
        "ends": known.ends.isoformat(),
        "amount": str(known.items) if by_items else words.percent(known.share or 0.0),
        "unit": "items" if by_items else "share",
        "note": known.note,
    }


def _draft(typed: dict[str, Any]) -> CampaignDraft:
    """What the form says; raises ValidationError."""
    values = {key: value for key, value in typed.items() if key not in ("amount", "unit")}
    amount = typed["amount"]
    values["share"], values["items"] = None, None
    if typed["unit"] == "items":
        values["items"] = amount or None
    elif amount:
        try:
            values["share"] = float(amount) / 100
        except ValueError:
            values["share"] = amount
    return CampaignDraft.model_validate(values)


def _faults(paper: Page, wrong: ValidationError) -> dict[str, str]:
    """What is wrong, by the form's own fields."""
    found = words.faults(paper.say, wrong)
    amount = found.pop("share", None) or found.pop("items", None)
    found.pop("items", None)
    return found | ({"amount": amount} if amount else {})


def _save(paper: Page, campaign: int | None, typed: dict[str, Any]) -> Response:
    by, now = member_of(paper.request).name, paper.now
    try:
        draft = _draft(typed)
        with paper.hub.database.write() as session:
            if campaign is None:
                row = keeping.create(session, draft, by=by, now=now)
            else:
                row = keeping.change(session, campaign, draft, by=by, now=now, today=paper.today)
        return RedirectResponse(f"/restock/campaigns/{row.id}?done={'made' if campaign is None else 'saved'}", 303)
    except ValidationError as wrong:
        faults, status = _faults(paper, wrong), HTTPStatus.BAD_REQUEST
    except Refused as wrong:
        faults, status = {str(wrong.values.get("field", "")): words.refusal(paper.say, wrong)}, HTTPStatus.CONFLICT
    with paper.hub.database.read() as session:
        known = None if campaign is None else campaigns.campaign(session, campaign, paper.today)
        return _show(paper, session, known, typed, faults, status=status)


def _show(
    paper: Page,
    session: Session,
    known: CampaignView | None,
    typed: dict[str, Any],
    faults: dict[str, str] | None = None,
    *,
    status: int = 200,
    done: str = "",
    was: str = "",
) -> HTMLResponse:
    offered = [
        theme
        for theme in themes.themes(session, Cut(THEMES)).rows
        if not theme.retired or (known is not None and theme.id == known.theme)
    ]
    fixed = known is not None and known.phase in (Phase.OVER, Phase.CANCELLED)
    return paper.show(
        "campaign.html",
        status,
        campaign=known,
        typed=typed,
        faults=faults or {},
        done=done,
        was=was if was in set(State) else "",
        themes=offered,
        fixed=fixed,
        **_checked(paper, session, typed, known.id if known else None),
    )


def _checked(paper: Page, session: Session, typed: dict[str, Any], campaign: int | None) -> dict[str, Any]:
    """Overlaps and shortages; None where too little is known to tell, with what is missing."""
    shown: dict[str, Any] = {"names": sites.names(session), "check": None, "unclear": {}}
    try:
        draft = _draft(typed | {"name": "-", "note": ""})
        asked = Wish(draft.theme, frozenset(draft.sites), draft.begins, draft.ends, draft.share, draft.items, campaign)
        return shown | {"check": campaigns.check(session, asked)}
    except ValidationError as wrong:
        return shown | {"unclear": _faults(paper, wrong)}
    except Unknown:
        return shown
