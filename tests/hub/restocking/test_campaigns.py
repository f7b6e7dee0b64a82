"""Campaigns: how they stand, where they are in each other's way, and what can't be had for them."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlmodel import Session

from hub.models import Item
from hub.restocking import campaigns, themes
from hub.restocking.campaigns import CampaignDraft, Clash, Phase, State, Supply, Wish, overlaps
from hub.restocking.errors import Refused, Unknown
from hub.restocking.themes import ThemeDraft
from tests.hub.cast import HARBOUR, NOON, STATION
from tests.hub.library import SCHOOL, barcode

TODAY = date(2026, 4, 1)
ROOM = {"a": 10, "b": 20}


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def wish(number: int, first: int = 0, last: int = 9, sites: str = "a", theme: int = 0, **more: Any) -> Wish:
    share = None if "items" in more else more.pop("share", 0.5)
    return Wish(
        theme or number, frozenset(sites), day(first), day(last), share, more.pop("items", None), number, **more
    )


# ------------------------------------------------------------------------------------------------------------- overlaps


def test_campaigns_that_fill_a_shelf_just_so_are_in_nobody_s_way() -> None:
    assert overlaps(wish(1), [wish(2)], ROOM) == []
    tenths = [wish(number, share=0.1) for number in range(1, 11)]
    assert overlaps(tenths[0], tenths, ROOM) == []


def test_together_too_much_for_a_shelf_is_told_with_its_worst_day() -> None:
    early, late = wish(2, -5, 1), wish(3, 4, 20, items=4)
    found = overlaps(wish(1, share=0.7), [early, late, wish(4, 10, 20), wish(5, state=State.CANCELLED)], ROOM)

    assert [(one.kind, one.site, one.first, one.wanted, one.capacity) for one in found] == [
        (Clash.CROWDED, "a", day(0), 12, 10)
    ]
    assert found[0].others == (early,)


def test_campaigns_that_follow_each_other_do_not_add_up() -> None:
    assert overlaps(wish(1, 0, 9), [wish(2, 0, 4), wish(3, 5, 9)], ROOM) == []


def test_one_campaign_alone_can_ask_for_too_much() -> None:
    found = overlaps(wish(1, items=11, sites="ab"), [], ROOM)
    assert [(one.site, one.others) for one in found] == [("a", ())]


def test_the_same_theme_twice_at_a_site_is_told_and_takes_its_place_once() -> None:
    other = wish(2, 5, 20, "ab", theme=1, share=0.8)
    found = overlaps(wish(1, sites="a", share=0.8), [other], ROOM)
    assert [(one.kind, one.site, one.first, one.others) for one in found] == [(Clash.TWICE, "a", day(5), (other,))]


def test_a_campaign_is_not_in_its_own_way_but_an_unsaved_one_may_be_in_anybody_s() -> None:
    saved = wish(1, share=0.8)
    assert overlaps(replace(saved, share=0.9), [saved], ROOM) == []
    assert len(overlaps(replace(saved, campaign=None), [saved], ROOM)) == 1


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            wish,
            st.integers(1, 30),
            st.integers(-3, 5),
            st.integers(5, 9),
            st.sampled_from(["a", "b", "ab"]),
            theme=st.integers(1, 3),
            items=st.integers(1, 9),
        ),
        unique_by=lambda one: one.campaign,
        min_size=1,
        max_size=6,
    )
)
def test_a_shelf_is_crowded_exactly_if_on_some_day_more_is_asked_for_than_it_holds(wishes: list[Wish]) -> None:
    asked = wishes[0]
    crowded = {one.site for one in overlaps(asked, wishes, ROOM) if one.kind is Clash.CROWDED}
    for site in asked.sites:
        worst = 0
        for number in range((asked.ends - asked.begins).days + 1):
            here = [
                one
                for one in wishes
                if site in one.sites and one.begins <= asked.begins + timedelta(number) <= one.ends
            ]
            worst = max(
                worst,
                sum({one.theme: max(o.items or 0 for o in here if o.theme == one.theme) for one in here}.values()),
            )
        assert (site in crowded) == (worst > ROOM[site])


# -------------------------------------------------------------------------------------------------------------- service


@pytest.fixture
def theme(session: Session) -> int:
    row = themes.create(session, ThemeDraft(name="chinese", query="language:chi"), by="lin", now=NOON)
    assert row.id is not None
    return row.id


def draft(theme: int = 1, **more: Any) -> CampaignDraft:
    values = {"name": "c", "theme": theme, "sites": [HARBOUR], "begins": day(1), "ends": day(30), "items": 10}
    return CampaignDraft.model_validate(values | more)


def made(session: Session, theme: int, **more: Any) -> int:
    row = campaigns.create(session, draft(**{"theme": theme} | more), by="lin", now=NOON)
    assert row.id is not None
    return row.id


def decide(session: Session, campaign: int, state: State, today: date = TODAY) -> State:
    return campaigns.decide(session, campaign, state, by="mei", now=NOON, today=today)


def supply(session: Session, campaign: int) -> Supply:
    row = campaigns.get(session, campaign)
    sites = campaigns.sites_of(session, [campaign])[campaign]
    return campaigns.supply(session, campaigns.wish(row, sites), campaigns.capacities(session))


def test_a_campaign_goes_from_draft_over_its_days_to_its_end(session: Session, theme: int) -> None:
    campaign = made(session, theme)
    assert decide(session, campaign, State.APPROVED) is State.DRAFT
    row = campaigns.get(session, campaign)
    phases = [campaigns.phase(row.state, row.begins, row.ends, day(number)) for number in (0, 1, 30, 31)]

    assert phases == [Phase.APPROVED, Phase.RUNNING, Phase.RUNNING, Phase.OVER]
    assert row.changed_by == "mei"


def test_a_cancelled_campaign_comes_back_as_it_was(session: Session, theme: int) -> None:
    campaign = made(session, theme)
    decide(session, campaign, State.APPROVED)
    before = decide(session, campaign, State.CANCELLED)
    assert decide(session, campaign, before) is State.CANCELLED
    assert campaigns.get(session, campaign).state == State.APPROVED


def test_what_is_over_stays_as_it_was(session: Session, theme: int) -> None:
    campaign = made(session, theme)
    with pytest.raises(Refused, match="over"):
        decide(session, campaign, State.APPROVED, day(31))
    decide(session, campaign, State.APPROVED)
    for state in (State.DRAFT, State.CANCELLED):
        with pytest.raises(Refused, match="over"):
            decide(session, campaign, state, day(31))
    with pytest.raises(Refused, match="copy it"):
        campaigns.change(session, campaign, draft(theme), by="lin", now=NOON, today=day(31))


def test_a_running_campaign_can_be_made_longer(session: Session, theme: int) -> None:
    campaign = made(session, theme)
    decide(session, campaign, State.APPROVED)
    wanted = draft(theme, ends=day(50), sites=[SCHOOL, STATION])
    row = campaigns.change(session, campaign, wanted, by="lin", now=NOON, today=day(5))
    assert (row.state, row.ends) == (State.APPROVED, day(50))
    assert campaigns.sites_of(session, [campaign]) == {campaign: (STATION, SCHOOL)}


def test_a_copy_is_a_draft_right_after_it(session: Session, theme: int) -> None:
    campaign = made(session, theme, sites=[HARBOUR, SCHOOL])
    soon = campaigns.copy(session, campaign, by="mei", now=NOON, today=TODAY)
    later = campaigns.copy(session, campaign, by="mei", now=NOON, today=day(100))
    assert soon.id is not None
    assert campaigns.sites_of(session, [soon.id])[soon.id] == (SCHOOL, HARBOUR)
    assert (soon.state, soon.begins, soon.ends, soon.items) == ("draft", day(31), day(60), 10)
    assert (later.begins, later.ends) == (day(100), day(129))


def test_a_retired_theme_gets_no_new_campaign_but_keeps_its_old_ones(session: Session, theme: int) -> None:
    campaign = made(session, theme)
    themes.retire(session, theme, True, by="lin", now=NOON)
    with pytest.raises(Refused) as refused:
        made(session, theme)
    assert refused.value.code == "theme-retired"
    campaigns.change(session, campaign, draft(theme, name="d"), by="lin", now=NOON, today=TODAY)


@pytest.mark.parametrize("more", [{"theme": 999}, {"sites": ["nowhere"]}])
def test_what_a_campaign_names_must_be_there(session: Session, theme: int, more: dict[str, Any]) -> None:
    with pytest.raises(Unknown):
        made(session, **{"theme": theme} | more)


@pytest.mark.parametrize(
    ("more", "field", "why"),
    [
        ({"name": " "}, "name", "string_too_short"),
        ({"sites": []}, "sites", "too_short"),
        ({"ends": day(0)}, "ends", "ends-first"),
        ({"ends": day(800)}, "ends", "too-long"),
        ({"share": 0.5}, "items", "measure"),
        ({"items": None}, "items", "measure"),
        ({"share": 1.2, "items": None}, "share", "less_than_equal"),
        ({"begins": "soon"}, "begins", "date_from_datetime_parsing"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field(more: dict[str, Any], field: str, why: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        draft(**more)
    errors = wrong.value.errors()
    codes = {error["loc"][0]: getattr(error.get("ctx", {}).get("error"), "code", error["type"]) for error in errors}
    assert codes == {field: why}


# ------------------------------------------------------------------------------------------------------------- supply


def test_what_is_wanted_is_held_against_what_can_be_had(session: Session, theme: int) -> None:
    told = supply(session, made(session, theme, items=30))

    (need,) = told.needs
    assert (need.wanted, need.here) == (30, 16)
    assert (told.wanted, told.missing) == (30, 14)
    assert told.library + told.others + need.here == 38
    assert told.short == 0
    assert told.short_at(need) == 0


def test_nothing_on_loan_or_not_for_loan_can_be_had(session: Session, theme: int) -> None:
    campaign = made(session, theme, sites=[HARBOUR, SCHOOL], items=40)
    before = supply(session, campaign)
    for number, change in (
        (81, {"lending": "reference"}),
        (82, {"condition": "damaged"}),
        (83, {"withdrawn": True}),
    ):
        row = session.get_one(Item, barcode(number))
        for name, value in change.items():
            setattr(row, name, value)
    after = supply(session, campaign)

    def had(told: Supply) -> int:
        return told.library + told.others + sum(need.here for need in told.needs)

    assert had(before) == 38
    assert had(after) == 35
    assert after.short == 80 - 35 == before.short + 3


def test_what_is_promised_elsewhere_can_not_be_had(session: Session, theme: int) -> None:
    campaign = made(session, theme, items=30)
    assert supply(session, campaign).promised == 0
    other = made(session, theme, sites=[SCHOOL], items=25, begins=day(20), ends=day(60))
    assert supply(session, campaign).promised == 0
    decide(session, other, State.APPROVED)
    told = supply(session, campaign)
    assert told.promised == 25
    assert told.spare == max(told.library + told.others - 25, 0) == 0
    assert told.short == told.missing == 14
