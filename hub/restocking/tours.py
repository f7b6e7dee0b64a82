"""Tours: runs that come again, and the days on which nobody calls."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, col, delete, select

from hub.models import Closure, Site, Tour, TourSite
from hub.restock import calendar
from hub.restock.calendar import BadRhythm, Rhythm, Trips
from hub.restocking.errors import Refused, Unknown

AHEAD = timedelta(days=92)
"""How far the next days are looked for."""
LONGEST_CLOSURE = timedelta(days=1100)
EXAMPLE: dict[str, Any] = {
    "name": "Tuesday round",
    "rule": "FREQ=WEEKLY;BYDAY=TU",
    "begins": "2026-11-24",
    "departs": 540,
    "capacity": 120,
    "tote": 30,
    "moves": None,
    "sites": ["harbour-bank", "garden-school"],
}

SiteKey = Annotated[str, Field(max_length=64)]


class TourDraft(BaseModel):
    """What a tour is to be."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, str_strip_whitespace=True,
        json_schema_extra={"examples": [EXAMPLE]},
    )  # fmt: skip

    name: Annotated[str, Field(min_length=1, max_length=100)]
    rule: Annotated[str, Field(max_length=calendar.LONGEST)]
    """RFC 5545 recurrence rule: DAILY, WEEKLY or MONTHLY with INTERVAL, BYDAY, BYMONTHDAY, COUNT or UNTIL."""
    begins: date
    """No day comes before it."""
    departs: Annotated[int, Field(ge=0, lt=24 * 60)] = 540
    """Minutes after midnight, in the library's zone."""
    capacity: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Items that the van carries; null: as many as there are."""
    tote: Annotated[int, Field(ge=1, le=1000)] = 30
    """Items that go into one tote."""
    moves: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Transfers in one run, at most; null: as many as are worth it."""
    sites: Annotated[tuple[SiteKey, ...], Field(max_length=2000)] = ()


def get(session: Session, tour: int) -> Tour:
    """The tour; raises Unknown."""
    row = session.get(Tour, tour)
    if row is None:
        raise Unknown("tour", tour)
    return row


def create(session: Session, draft: TourDraft) -> Tour:
    """A new tour. Raises Refused (a name there is, no site, a rule that is none), Unknown."""
    row = Tour(name="", rule="", begins=draft.begins)
    _fill(session, row, draft)
    return row


def change(session: Session, tour: int, draft: TourDraft) -> Tour:
    """All of it as in `draft`; runs that were made stay as they are. Raises Refused, Unknown."""
    row = get(session, tour)
    _fill(session, row, draft)
    return row


def retire(session: Session, tour: int, retired: bool = True) -> Tour:
    """No more days come of it; or they do again. Raises Unknown."""
    row = get(session, tour)
    row.retired = retired
    return row


def _fill(session: Session, row: Tour, draft: TourDraft) -> None:
    same = session.exec(select(Tour.id).where(Tour.name == draft.name)).first()
    if same is not None and same != row.id:
        raise Refused("tour-name", f"there is a tour {draft.name} already", name=draft.name, field="name")
    sites = list(dict.fromkeys(draft.sites))
    if not sites:
        raise Refused("no-sites", "a tour needs a site to call at", field="sites")
    known = set(session.exec(select(Site.site).where(col(Site.site).in_(sites))))
    for site in sites:
        if site not in known:
            raise Unknown("site", site)
    try:
        rhythm = Rhythm(draft.rule, draft.begins)
    except BadRhythm as wrong:
        raise Refused("rhythm", str(wrong), found=wrong.found, field="rule") from None
    for name in ("name", "begins", "departs", "capacity", "tote", "moves"):
        setattr(row, name, getattr(draft, name))
    row.rule = rhythm.text
    session.add(row)
    session.flush()
    assert row.id is not None
    session.execute(delete(TourSite).where(col(TourSite.tour) == row.id))
    session.add_all(TourSite(tour=row.id, site=site) for site in sites)
    session.flush()


def sites_of(session: Session, tour: int) -> list[str]:
    """Where a tour calls, by name."""
    return list(session.exec(select(TourSite.site).where(TourSite.tour == tour).order_by(TourSite.site)))


def days(session: Session, tour: Tour, start: date, end: date) -> Trips:
    """Its days from `start` to `end`, both included, closures taken out; none of a retired tour."""
    if tour.retired or tour.id is None:
        return Trips((), ())
    closed = [
        calendar.Closure(row.site, row.first, row.last, row.why) for row in closures(session, since=start, upto=end)
    ]
    return calendar.trips(Rhythm(tour.rule, tour.begins), sites_of(session, tour.id), closed, start, end)


def following(session: Session, tour: Tour, day: date) -> date | None:
    """Its next day after `day`; None when none comes soon."""
    coming = days(session, tour, day + timedelta(days=1), day + AHEAD).made
    return coming[0].day if coming else None


def closures(session: Session, *, since: date | None = None, upto: date | None = None) -> Sequence[Closure]:
    """Closures that touch these days, by their first."""
    query = select(Closure)
    if since is not None:
        query = query.where(Closure.last >= since)
    if upto is not None:
        query = query.where(Closure.first <= upto)
    return session.exec(query.order_by(col(Closure.first), col(Closure.id))).all()


def close(session: Session, *, site: str | None, first: date, last: date, why: str = "") -> Closure:
    """Nobody calls at the site (None: at any) on these days. Raises Refused, Unknown."""
    if site is not None and session.get(Site, site) is None:
        raise Unknown("site", site)
    if not first <= last <= first + LONGEST_CLOSURE:
        raise Refused("closure-days", "a closure ends on the day it begins, or later, within three years", field="last")
    row = Closure(site=site, first=first, last=last, why=" ".join(why.split())[:200])
    session.add(row)
    session.flush()
    return row


def open_again(session: Session, closure: int) -> Closure:
    """Takes a closure away; what it was, so that it can be made again. Raises Unknown."""
    row = session.get(Closure, closure)
    if row is None:
        raise Unknown("closure", closure)
    session.delete(row)
    return row
