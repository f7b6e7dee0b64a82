"""Campaigns: themes at sites for a period, from draft to their end."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from hub.api.paging import Page, Reading, Wanted, page
from hub.api.writing import Hub, Number, Who
from hub.restocking import campaigns as keeping
from hub.restocking.campaigns import CampaignDraft, Phase, State, Wish
from hub.views import campaigns
from hub.views.campaigns import CampaignView, CheckView
from hub.views.loans import today

router = APIRouter(prefix="/campaigns", tags=["campaigns"])


class Standing(BaseModel):
    """What is decided about a campaign."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    state: State
    """approved; draft again; or cancelled, from which it can come back."""


@router.get("", summary="Campaigns, by their first day")
def list_campaigns(
    request: Request,
    session: Reading,
    hub: Hub,
    wanted: Wanted,
    phase: Annotated[Phase | None, Query(description="Only campaigns that stand so today")] = None,
    site: Annotated[str | None, Query(max_length=64, description="Only campaigns shown there")] = None,
    theme: Annotated[int | None, Query(ge=1, le=2**62, description="Only campaigns of this theme")] = None,
) -> Page[CampaignView]:
    """Campaigns with theme, sites and days; with phase `over` or `cancelled` the newest first."""
    found = campaigns.campaigns(session, wanted, today(hub), phase=phase, site=site, theme=theme)
    return page(request, wanted, found)


@router.post("", summary="A new campaign, as a draft", status_code=201)
def make_campaign(hub: Hub, who: Who, draft: CampaignDraft) -> CampaignView:
    """A draft that no restock follows until it is approved."""
    with hub.database.write() as session:
        row = keeping.create(session, draft, by=who.name, now=hub.clock.utc())
        return campaigns.campaign(session, row.id or 0, today(hub))


@router.post("/check", summary="Overlaps and shortages of a campaign that isn't saved")
def check_draft(session: Reading, draft: CampaignDraft) -> CheckView:
    """What /campaigns/{campaign}/check would say; nothing is saved."""
    asked = Wish(draft.theme, frozenset(draft.sites), draft.begins, draft.ends, draft.share, draft.items)
    return campaigns.check(session, asked)


@router.get("/{campaign}", summary="One campaign")
def one_campaign(session: Reading, hub: Hub, campaign: Number) -> CampaignView:
    """One campaign as it stands today."""
    return campaigns.campaign(session, campaign, today(hub))


@router.get("/{campaign}/check", summary="Overlaps and shortages of a campaign")
def check_campaign(session: Reading, campaign: Number) -> CheckView:
    """Campaigns in its way at its sites, and what of its theme can't be had."""
    return campaigns.check_saved(session, campaign)


@router.put("/{campaign}", summary="Change a campaign")
def change_campaign(hub: Hub, who: Who, campaign: Number, draft: CampaignDraft) -> CampaignView:
    """All of it as sent; its state stays. What is over or cancelled can be copied, not changed."""
    with hub.database.write() as session:
        keeping.change(session, campaign, draft, by=who.name, now=hub.clock.utc(), today=today(hub))
        return campaigns.campaign(session, campaign, today(hub))


@router.put("/{campaign}/state", summary="Approve a campaign, make it a draft again, or cancel it")
def decide_campaign(hub: Hub, who: Who, campaign: Number, wanted: Standing) -> CampaignView:
    """Restocks follow approved campaigns only."""
    with hub.database.write() as session:
        keeping.decide(session, campaign, wanted.state, by=who.name, now=hub.clock.utc(), today=today(hub))
        return campaigns.campaign(session, campaign, today(hub))


@router.post("/{campaign}/copy", summary="The same again", status_code=201)
def copy_campaign(hub: Hub, who: Who, campaign: Number) -> CampaignView:
    """A new draft, as long, from the day after it ends, or from today if that is later. No body is needed."""
    with hub.database.write() as session:
        row = keeping.copy(session, campaign, by=who.name, now=hub.clock.utc(), today=today(hub))
        return campaigns.campaign(session, row.id or 0, today(hub))
