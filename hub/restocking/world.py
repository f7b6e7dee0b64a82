"""The world as a planner sees it on a day: stock that can be counted on, expected loans, promises and limits."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlmodel import Session, col, select

from hub.models import (
    Campaign,
    CampaignSite,
    Plan,
    PlanEdit,
    Site,
    Theme,
)
from hub.restock.forecast import Settings
from hub.restock.planner import (
    LIBRARY,
    NO_VAN,
    UNLIMITED,
    Candidates,
    Demands,
    Limits,
    Pairs,
    Pins,
    Reservations,
    Sites,
    Stock,
    Themes,
    Vans,
    World,
)
from hub.restock.planner.world import Floats, Ints
from hub.restocking import kept, stock, themes, waiting
from hub.restocking.evidence import Learned, learn

PAIRS = 400_000
"""So many titles at sites are all weighed; of more, the most promising ones at each site."""
AMPLE = 6
"""Then so many times as many titles as a site has room for."""
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a library wants of its plans; the defaults were chosen on the simulated year (docs/restock.md)."""

    capacity: int | None = None
    """Items that the van carries; None: as many as there are."""
    moves: int | None = None
    """Transfers in the run, at most."""
    handling: float = 0.03
    """What a transfer must bring, in loans."""
    fatigue: float = 0.15
    """Share of its loans that a title loses for each cycle that it sat at a site untaken."""
    wish: float = 0.5
    """What one copy too few for a campaign costs, in loans."""
    cool_days: int = 42
    """A title taken away from a site isn't brought there again sooner."""
    look_back: int = 60
    """Days that reasons speak of."""
    copies: int = 2
    """Copies of one title at one site, at most, unless patrons wait or somebody decides so."""
    loan_days: float = 16.0
    """Days until an item that is taken is back."""

    def packed(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A world, and what was known when it was made: for reasons, intervals, and the choice of items."""

    world: World
    learned: Learned
    day: date
    cycle: int
    terms: Terms
    there: Counter[tuple[str, str]] = field(repr=False)
    """(title, site) -> copies on the shelf."""


class Impossible(ValueError):
    """There is nothing to plan with: says what is missing."""


def ground(session: Session, plan: Plan) -> Ground:
    """The world of a plan's day, by what is known now. Raises Impossible."""
    terms = Terms(**plan.settings)
    places = {row.site: row for row in session.exec(select(Site).where(col(Site.site).in_(plan.sites)))}
    ids = tuple(site for site in plan.sites if site in places)
    if not ids:
        raise Impossible("no site is to be called at")
    number = {site: n for n, site in enumerate(ids)}
    everywhere = list(session.exec(select(Site.site).order_by(Site.site)))
    until = (plan.day - EPOCH).days
    settings = Settings(fatigue=terms.fatigue, rest=182.0, cycle=float(max(plan.cycle, 1)))
    learned = learn(session, everywhere, until, settings)
    held = stock.counted(session, plan, number)
    titles = tuple(sorted({title for title, _ in held}))
    group = {title: n for n, title in enumerate(titles)}
    there = Counter({(title, place): count for (title, place), count in held.items() if place is not None})
    demands, members = _demands(session, plan, ids, group, terms, places)
    reserved = _reserved(session, number, group)
    keys = list(held)
    present = {(group[title], number[site]) for title, site in there}
    world = World(
        Sites(
            ids,
            np.array([stock.room(session, plan, places[site]) for site in ids], np.int64),
            np.full(len(ids), UNLIMITED),
            np.zeros(len(ids), np.int64) if terms.capacity is not None else np.full(len(ids), NO_VAN),
        ),
        titles,
        Stock(
            np.array([group[title] for title, _ in keys], np.int64),
            np.array([LIBRARY if place is None else number[place] for _, place in keys], np.int64),
            np.array([held[key] for key in keys], np.int64),
        ),
        _candidates(learned, titles, ids, plan.cycle, terms, places, present, members),
        vans=Vans(("van",), np.array([terms.capacity], np.int64)) if terms.capacity is not None else Vans(),
        themes=members,
        demands=demands,
        reservations=reserved,
        cooling=_cooling(learned, titles, ids, until, terms, there),
        barred=_pairs(
            (group[edit.title_id], number[edit.origin])
            for edit in _edits(session, plan)
            if edit.barred and edit.origin in number and edit.title_id in group
        ),
        pins=_pins(session, plan, number, group),
        limits=Limits(terms.moves, terms.handling, terms.fatigue),
        seed=plan.id or 0,
    )
    return Ground(world, learned, plan.day, plan.cycle, terms, there)


# ------------------------------------------------------------------------------------------------------- what is wanted


def _demands(
    session: Session, plan: Plan, ids: tuple[str, ...], group: dict[str, int], terms: Terms, places: dict[str, Site]
) -> tuple[Demands, Themes]:
    """Campaigns that run on the plan's day or begin before the next run: what each site shall have of their themes."""
    last = plan.day + timedelta(days=plan.cycle - 1)
    query = (
        select(Campaign, CampaignSite.site)
        .join(CampaignSite, col(CampaignSite.campaign) == Campaign.id)
        .where(
            Campaign.state == "approved",
            col(Campaign.begins) <= last,
            col(Campaign.ends) >= plan.day,
            col(CampaignSite.site).in_(ids),
        )
        .order_by(col(Campaign.id), CampaignSite.site)
    )
    wanted: dict[tuple[int, str], int] = {}
    for campaign, site in session.exec(query):
        share = campaign.share if campaign.share is not None else 0.0
        many = campaign.items if campaign.items is not None else round(share * places[site].capacity)
        key = (campaign.theme, site)
        wanted[key] = max(wanted.get(key, 0), min(many, places[site].capacity))
    used = sorted({theme for theme, _ in wanted})
    names = {row.id: row.name for row in session.exec(select(Theme).where(col(Theme.id).in_(used)))}
    theme, member = [], []
    for n, one in enumerate(used):
        for title in themes.titles_of(session, one):
            if title in group:
                theme.append(n)
                member.append(group[title])
    keys = sorted(wanted)
    site_of = {site: n for n, site in enumerate(ids)}
    return (
        Demands(
            np.array([used.index(one) for one, _ in keys], np.int64),
            np.array([site_of[site] for _, site in keys], np.int64),
            np.array([wanted[key] for key in keys], np.int64),
            np.full(len(keys), UNLIMITED),
            np.full(len(keys), terms.wish),
        ),
        Themes(tuple(names[one] for one in used), np.array(theme, np.int64), np.array(member, np.int64)),
    )


def _reserved(session: Session, number: dict[str, int], group: dict[str, int]) -> Reservations:
    wishes: Counter[tuple[int, int]] = Counter()
    served = {one.reservation for one in kept.kept(session)}
    for row in waiting.waiting(session):
        if row.id not in served and row.site in number and row.title_id in group:
            wishes[group[row.title_id], number[row.site]] += 1
    keys = sorted(wishes)
    pairs = np.array(keys, np.int64).reshape(-1, 2)
    return Reservations(pairs[:, 0], pairs[:, 1], np.array([wishes[key] for key in keys], np.int64))


def _edits(session: Session, plan: Plan) -> list[PlanEdit]:
    query = select(PlanEdit).where(PlanEdit.plan == plan.id, col(PlanEdit.undone).is_(False)).order_by(col(PlanEdit.id))
    return list(session.exec(query))


def _pins(session: Session, plan: Plan, number: dict[str, int], group: dict[str, int]) -> Pins:
    """The librarian's decisions, as far as their places are still part of the plan, and what is already picked."""
    rows: Counter[tuple[int, int, int]] = Counter()
    for edit in _edits(session, plan):
        known = edit.title_id in group and {edit.origin, edit.target} <= {None, *number}
        if not edit.barred and known:
            origin = LIBRARY if edit.origin is None else number[edit.origin]
            target = LIBRARY if edit.target is None else number[edit.target]
            rows[group[edit.title_id], origin, target] += edit.count
    for transfer in stock.picked(session, plan):
        if transfer.title_id in group and transfer.target in number:
            rows[group[transfer.title_id], LIBRARY, number[transfer.target]] += 1
    keys = sorted(rows)
    columns_of = np.array(keys, np.int64).reshape(-1, 3)
    counts = np.array([rows[key] for key in keys], np.int64)
    return Pins(columns_of[:, 0], columns_of[:, 1], columns_of[:, 2], counts)


# ------------------------------------------------------------------------------------------------------- what it brings


def _candidates(
    learned: Learned,
    titles: tuple[str, ...],
    ids: tuple[str, ...],
    cycle: int,
    terms: Terms,
    places: dict[str, Site],
    there: set[tuple[int, int]],
    members: Themes,
) -> Candidates:
    """Titles at sites with what they would bring: all, or where they are too many the promising, the present, and those
    of themes."""
    known = np.array([learned.titles[title] for title in titles], np.int64)
    everything = len(titles) * len(ids) <= PAIRS
    groups, sites, loans, stale = [], [], [], []
    for n, site in enumerate(ids):
        group = np.arange(len(titles))
        place = np.full(len(titles), learned.sites[site])
        if not everything:
            hoped = learned.forecast.expected(known, place, float(cycle))
            best = np.argsort(-hoped, kind="stable")[: AMPLE * max(places[site].capacity, 1)]
            present = np.array([g for g, s in there if s == n], np.int64)
            group = np.unique(np.concatenate([best, present, members.group]))
        sat = learned.forecast.stale(known[group], place[: len(group)])
        worth = learned.forecast.worth(known[group], place[: len(group)], terms.copies, float(cycle), terms.loan_days)
        groups.append(group)
        sites.append(np.full(len(group), n))
        loans.append(worth)
        stale.append(np.rint(sat).astype(np.int64))
    if not titles:
        return Candidates(_none(), _none(), np.zeros((0, terms.copies)))
    return Candidates(np.concatenate(groups), np.concatenate(sites), np.concatenate(loans), np.concatenate(stale))


def _cooling(
    learned: Learned,
    titles: tuple[str, ...],
    ids: tuple[str, ...],
    until: int,
    terms: Terms,
    there: Counter[tuple[str, str]],
) -> Pairs:
    """Titles that left a site's shelf lately, not in a patron's hands, and haven't been there since."""
    group, number = {title: n for n, title in enumerate(titles)}, {site: n for n, site in enumerate(ids)}
    named = {n: title for title, n in learned.titles.items()}
    since = (until - terms.cool_days) * 86_400.0
    found = set()
    for stay in learned.stays:
        title = named[learned.of_item[stay.item]] if stay.item in learned.of_item else None
        recent = stay.ended and not stay.taken and stay.end >= since
        if title in group and stay.site in number and recent and not there[title, stay.site]:
            found.add((group[title], number[stay.site]))
    return _pairs(found)


def _pairs(found: Iterable[tuple[int, int]]) -> Pairs:
    pairs = np.array(sorted(set(found)), np.int64).reshape(-1, 2)
    return Pairs(pairs[:, 0], pairs[:, 1])


def _none() -> Ints:
    return np.zeros(0, np.int64)


def worth_of(ground: Ground, counts: Counter[tuple[str, str]]) -> Floats:
    """Expected loans of copies at sites, by site in the world's order: what `counts` copies of each title bring."""
    sites = ground.world.sites.ids
    found = np.zeros(len(sites))
    keys = [key for key in sorted(counts) if counts[key] > 0]
    if not keys:
        return found
    title = np.array([ground.learned.titles[one] for one, _ in keys], np.int64)
    place = np.array([ground.learned.sites[site] for _, site in keys], np.int64)
    stale = ground.learned.forecast.stale(title, place)
    most = max(counts[key] for key in keys)
    worth = ground.learned.forecast.worth(title, place, most, float(ground.cycle), ground.terms.loan_days, stale)
    number = {site: n for n, site in enumerate(sites)}
    for row, (one, site) in enumerate(keys):
        found[number[site]] += worth[row, : counts[one, site]].sum()
    return found
