"""Tours and closures, on both databases."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hub.directory.rows import Kind
from hub.models import Closure, Site, Tour
from hub.restocking import tours
from hub.restocking.errors import Refused, Unknown
from hub.restocking.tours import TourDraft
from tests.hub.cast import HARBOUR, STATION
from tests.hub.running import Hub

MONDAY = date(2026, 3, 2)
USUAL: dict[str, Any] = {
    "name": "Tuesday round", "rule": "FREQ=WEEKLY;BYDAY=TU", "begins": MONDAY, "sites": (HARBOUR, STATION),
}  # fmt: skip


@pytest.fixture
def sites(hub: Hub) -> Hub:
    with hub.database.write() as session:
        session.add(Site(site=HARBOUR, name_zh="海港银行", name_en="Harbour Bank"))
        session.add(Site(site=STATION, name_zh="东站", name_en="East Station"))
    return hub


def made(hub: Hub, **more: Any) -> Tour:
    with hub.database.write() as session:
        return tours.create(session, TourDraft(**USUAL | more))


def test_a_tour_has_days_on_which_its_open_sites_are_called_at(sites: Hub) -> None:
    tour = made(sites)
    with sites.database.write() as session:
        tours.close(session, site=STATION, first=date(2026, 3, 10), last=date(2026, 3, 10), why=" moving  house ")
        everywhere = tours.close(session, site=None, first=date(2026, 3, 16), last=date(2026, 3, 18)).id
        trips = tours.days(session, tour, MONDAY, date(2026, 3, 24))
        assert [(trip.day.day, trip.sites) for trip in trips.made] == [
            (3, (STATION, HARBOUR)), (10, (HARBOUR,)), (24, (STATION, HARBOUR)),
        ]  # fmt: skip
        assert [trip.day.day for trip in trips.off] == [17]
        assert trips.made[1].closed[STATION].reason == "moving house"
        assert tours.following(session, tour, date(2026, 3, 10)) == date(2026, 3, 24)
        assert everywhere is not None
        tours.open_again(session, everywhere)
        assert tours.following(session, tour, date(2026, 3, 10)) == date(2026, 3, 17)
        tours.retire(session, tour.id or 0)
        assert tours.days(session, session.get_one(Tour, tour.id), MONDAY, date(2026, 3, 24)).made == ()
        assert tours.following(session, session.get_one(Tour, tour.id), MONDAY) is None


def test_a_tour_is_changed_as_a_whole(sites: Hub) -> None:
    tour = made(sites)
    with sites.database.write() as session:
        wanted = TourDraft(**USUAL | {"rule": "FREQ=DAILY;INTERVAL=3", "sites": (HARBOUR,), "capacity": 40})
        changed = tours.change(session, tour.id or 0, wanted)
        assert (changed.capacity, tours.sites_of(session, tour.id or 0)) == (40, [HARBOUR])


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, "tour-name"),
        ({"name": "B", "sites": ()}, "no-sites"),
        ({"name": "B", "rule": "FREQ=HOURLY"}, "rhythm"),
        ({"name": "B", "rule": ""}, "rhythm"),
    ],
)
def test_a_tour_that_can_t_be_is_refused(sites: Hub, more: dict[str, Any], code: str) -> None:
    made(sites)
    with pytest.raises(Refused) as caught:
        made(sites, **more)
    assert caught.value.code == code
    assert len(sites.rows(Tour)) == 1


def test_what_isn_t_there_is_unknown(sites: Hub) -> None:
    with pytest.raises(Unknown):
        made(sites, sites=("moon",))
    with sites.database.write() as session:
        for ask in (
            lambda: tours.get(session, 9),
            lambda: tours.close(session, site="moon", first=MONDAY, last=MONDAY),
            lambda: tours.open_again(session, 9),
        ):
            with pytest.raises(Unknown):
                ask()
        with pytest.raises(Refused):
            tours.close(session, site=None, first=MONDAY, last=date(2026, 3, 1))
    assert sites.rows(Closure) == []


def test_where_a_site_is_comes_and_goes_with_its_file(hub: Hub, tmp_path: Path) -> None:
    head = "site,name_zh,name_en,partner,address,capacity,latitude,longitude,headroom\n"
    hub.bring(
        Kind.SITES, f"{head}{HARBOUR},海港,Harbour,,,60,31.2397,121.4998,6\n{STATION},东站,East,,,40,,,\n", tmp_path
    )
    harbour, station = sorted(hub.rows(Site), key=lambda row: row.capacity, reverse=True)
    assert (harbour.latitude, harbour.longitude, harbour.headroom) == (31.2397, 121.4998, 6)
    assert (station.latitude, station.headroom) == (None, 0)
    wrong = hub.bring(Kind.SITES, f"{head}{HARBOUR},海港,Harbour,,,60,95,nan,-1\n", tmp_path, apply=False)
    assert {bad.column for bad in wrong.bad} == {"latitude", "longitude", "headroom"}
