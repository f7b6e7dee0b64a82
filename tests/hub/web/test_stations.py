"""A site's page tells of every kind of station in plain words."""

import re

import pytest

from hub.restocking import faults
from hub.views import sites
from hub.web import stations
from hub.web.say import Say
from hub.web.texts import Texts
from protocol.events import Loaded
from protocol.status import ShelfStatus, StationStatus
from protocol.topics import Up
from tests.hub.cast import HARBOUR, Journal, of, opened
from tests.hub.library import SCHOOL, Library, cabinet, status_of
from tests.hub.restock.test_faults import ALARM, STUCK, self_test
from tests.hub.running import Hub


def compartments(*present: int) -> tuple[ShelfStatus, ...]:
    return tuple(ShelfStatus(shelf=f"{n:02}", present=one, capacity=1) for n, one in enumerate(present, 1))


def station(kind: str, **more: object) -> StationStatus:
    return StationStatus.model_validate({"station": f"{kind}-1", "kind": kind, "phase": "idle"} | more)


EVERY = (
    cabinet(),
    station("room", door="shut", people=3, seats=12),
    station("desk", phase="serving"),
    station("gate", phase="alarm"),
    station("locker", shelves=compartments(1, 0, 1, 0, 0)),
    station("drop", shelves=(ShelfStatus(shelf="bin", present=34, foreign=1, capacity=60),)),
)


def now_at(library: Library, site: str, language: str = "en") -> str:
    """The part of the site's page that says how it is right now, as people read it."""
    page = library.librarian(language).get(f"/sites/{site}/now").text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def beat(library: Library, site: str, *there: StationStatus) -> None:
    library.hub.send(site, Up.STATUS, status_of(site, library.hub.now, stations=there))


def test_each_station_is_named_by_what_it_is_and_how_it_stands(own: Library) -> None:
    beat(own, HARBOUR, *EVERY)
    said = now_at(own, HARBOUR)
    for words in (
        "Cabinet · cabinet-1 · door shut",
        "Reading room · room-1 · door shut · 3 of 12 seats taken",
        "Serving a patron Self-service desk · desk-1",
        "Something has gone through without a loan Gate · gate-1",
        "Locker · locker-1 · 2 compartments occupied, 3 free",
        "Returns drop · drop-1 · 35 of 60 items in the bin",
    ):
        assert words in said
    assert "door not known" not in said


def test_what_this_hub_has_no_word_for_is_told_neutrally(own: Library) -> None:
    beat(own, HARBOUR, station("carousel", phase="levitating", people=1))
    said = now_at(own, HARBOUR)
    assert "At work Station · carousel-1 · 1 person inside" in said
    assert "levitating" not in said


def test_of_a_silent_site_only_is_told_what_it_has(own: Library) -> None:
    own.hub.now, present = own.hub.now.replace(year=2025), own.hub.now
    beat(own, SCHOOL, *EVERY)
    own.hub.now = present
    said = now_at(own, SCHOOL)
    assert "Not known while the site is silent Reading room · room-1 · door" in said
    assert "seats taken" not in said
    assert "occupied" not in said


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ((cabinet(), station("desk")), "shut"),
        ((cabinet(door="open"), station("room", door="shut")), "open"),
        ((station("room"),), "not known"),
        ((station("desk"), station("gate")), ""),
    ],
)
def test_a_site_without_a_door_is_not_said_to_have_one(
    own: Library, there: tuple[StationStatus, ...], said: str
) -> None:

    beat(own, HARBOUR, *there)
    with own.hub.database.read() as session:
        view = sites.site(session, own.settings, own.hub.now, HARBOUR)
    assert view is not None
    say = Say(Texts(), "en")
    assert stations.doors(say, view) == (say.word("door", {"not known": "unknown"}.get(said, said)) if said else "")


def load(hub: Hub, item: str, shelf: str, at: str = "locker-1") -> None:
    journal = Journal(HARBOUR, name=f"second-{item}", boot="b9", start=hub.now)
    journal.write(opened(), of(Loaded, item, "v9", station=at, shelf=shelf))
    hub.deliver(journal)


def test_a_lockers_compartments_are_listed_together_by_their_numbers(own: Library) -> None:
    beat(own, HARBOUR, *EVERY)
    load(own.hub, "M0087", "03")
    load(own.hub, "M0088", "01")
    page = own.librarian().get(f"/sites/{HARBOUR}").text
    (part,) = re.findall(r"<summary><strong>Compartments</strong>.*?</details>", page, re.S)
    assert re.findall(r'<span class="code">(\d\d)</span>', part) == ["01", "03"]
    assert "Bin</strong>" in page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("locker-1: compartments that can't be used: 07", "The self-test of cabinet-1 found: lock-2")),
        ("zh-CN", ("locker-1 有不能用的格口：07", "cabinet-1 自检发现：lock-2")),
    ],
)
def test_what_is_amiss_is_said_on_the_sites_page_and_among_the_tasks(
    own: Library, language: str, words: tuple[str, ...]
) -> None:
    journal = Journal(HARBOUR, name="second", boot="b9", start=own.hub.now)
    journal.write(opened(), ALARM, STUCK, self_test(False, "lock-2"))
    own.hub.deliver(journal)
    with own.hub.database.write() as session:
        faults.review(session, faults.every(session), own.hub.now)
    said = now_at(own, HARBOUR, language).replace("&#39;", "'")
    assert [one for one in words if one not in said] == []
    tasks = own.librarian(language).get("/restock/tasks").text
    assert "lock-2" in tasks
    assert "07" in tasks
    assert "{" not in re.sub(r"<[^>]*>", "", tasks)
