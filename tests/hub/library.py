"""A library with four sites whose days are told by real events through real ingest; and its pages and API, served.

Harbour Bank is well and busy. East Station has a dead reader and a clock nobody set. Garden School fell silent three
hours ago. West Park was never heard. Among the loans are an overdue one, a flagged one, one that was taken back and
two that contradict each other.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from fastapi import FastAPI

from hub.app import create_app
from hub.auth import add_staff
from hub.clock import Clock
from hub.database import Database
from hub.directory.rows import Kind
from hub.settings import Settings
from protocol.events import (
    Borrowed,
    BorrowReversed,
    CardRefused,
    DeviceFailed,
    DoorHeld,
    Evidence,
    Fact,
    ForeignFound,
    Found,
    Missing,
    Moved,
    Returned,
    Undecided,
    VisitEnded,
)
from protocol.names import ClockTrust, SiteId
from protocol.status import DeviceStatus, ShelfStatus, StationStatus, Status
from protocol.topics import Up
from tests.hub.cast import HARBOUR, STATION, Journal, hex_id, of, opened, tag_of
from tests.hub.running import Hub

SCHOOL = SiteId("garden-school")
LIBRARIAN, PASSWORD = "lin", "a shelf is the truth"
WANG, MA = "04A1B2C3D4E5F6", "04665544332211"

SITES = """site,name_zh,name_en,partner,address,capacity
harbour-bank,海港银行,Harbour Bank,海港银行总行,海港路 1 号,60
east-station,东站地铁,East Metro Station,城市地铁,东站 B 厅,40
garden-school,花园小学,Garden Primary School,花园小学,花园街 8 号,40
west-park,西园,West Park,市园林局,西园南门,40
"""
WORKS = (
    ("t01", "红楼梦", "曹雪芹", "chi"),
    ("t02", "西游记", "吴承恩", "chi"),
    ("t03", "三国演义", "罗贯中", "chi"),
    ("t04", "水浒传", "施耐庵", "chi"),
    ("t05", "呐喊", "鲁迅", "chi"),
    ("t06", "Pride and Prejudice", "Jane Austen", "eng"),
    ("t07", "Moby-Dick; or, The Whale", "Herman Melville", "eng"),
    ("t08", "The Adventures of Sherlock Holmes", "Arthur Conan Doyle", "eng"),
    ("t09", "Great Expectations", "Charles Dickens", "eng"),
    ("t10", "Alice's Adventures in Wonderland", "Lewis Carroll", "eng"),
)
COPIES = 9
PATRONS = f"""patron,name,group,until,card_uid,label
P001,王小明,adult,2030-12-31,{WANG},读者证 0001
P002,Ma Li,adult,2030-12-31,{MA},读者证 0002
"""
TAKEN = Evidence(seen_before=4, rounds_before=4, seen_after=0, rounds_after=8)
BROUGHT = Evidence(seen_before=0, rounds_before=4, seen_after=4, rounds_after=4)


def barcode(number: int) -> str:
    """The items' barcodes: M0001 to M0090."""
    return f"M{number:04}"


def _import(hub: Hub, folder: Path) -> None:
    titles = "title_id,title,author,language,themes,region,clc,audience\n" + "".join(
        f'{key},"{title}","{author}",{language},classics,{"china,I242" if language == "chi" else ",I561"},adult\n'
        for key, title, author, language in WORKS
    )
    items = "item,title_id,tag,home\n" + "".join(
        f"{barcode(number)},{WORKS[(number - 1) % len(WORKS)][0]},{tag_of(barcode(number))},{HARBOUR}\n"
        for number in range(1, len(WORKS) * COPIES + 1)
    )
    for kind, text in (
        (Kind.SITES, SITES),
        (Kind.RULES, "group,loan_days,limit\nadult,28,2\n"),
        (Kind.TITLES, titles),
        (Kind.ITEMS, items),
        (Kind.PATRONS, PATRONS),
    ):
        plan = hub.bring(kind, text, folder)
        assert not plan.bad, plan.bad


def _harbour(now: datetime) -> Journal:
    book = Journal(HARBOUR, start=now - timedelta(days=40))
    book.write(opened())
    for number in range(1, 41):
        shelf = "A" if number <= 22 else "B"
        book.write(of(Found, barcode(number), shelf=shelf, first_count=True, evidence=BROUGHT), minutes=0.01)
    _visit(book, "h1", _lent(1, "h1"), items=39, uid=MA)
    book.write(minutes=36 * 24 * 60)
    _visit(book, "h2", _lent(2, "h2"), _lent(3, "h2"), _lent(4, "h2", flags=["over-limit"]), items=36, uid=WANG)
    book.write(of(BorrowReversed, barcode(3), "h2", evidence=BROUGHT, late=True), minutes=30)
    _visit(book, "h3", of(Returned, barcode(2), "h3", evidence=BROUGHT), _lent(23, "h3", shelf="B"), items=37)
    book.write(CardRefused(station="cabinet-1", reason="unknown-card"), minutes=600)
    _visit(book, "h4", _lent(5, "h4"), of(ForeignFound, "X77", "h4", kind="other-library"), items=37, uid=MA)
    book.write(of(Moved, barcode(6), from_shelf="A", shelf="B", evidence=BROUGHT), minutes=300)
    book.write(DoorHeld(station="cabinet-1", open_s=120), minutes=45)
    _visit(book, "h5", of(Undecided, barcode(7), "h5", was_present=True), items=37, uid=WANG)
    return book


def _station(now: datetime) -> Journal:
    book = Journal(STATION, start=now - timedelta(hours=20), clock=ClockTrust.UNSYNCED)
    book.write(opened())
    for number in range(41, 61):
        book.write(of(Found, barcode(number), first_count=True, evidence=BROUGHT), minutes=0.01)
    _visit(book, "e1", _lent(41, "e1"), items=19, uid=WANG)
    _visit(book, "e2", _lent(4, "e2"), items=19, uid=MA)
    book.write(of(Missing, barcode(42), evidence=TAKEN), minutes=700)
    book.write(DeviceFailed(device="shelf-reader", driver="feig-obid", why="no answer for 10 s"), minutes=60)
    return book


def _school(now: datetime) -> Journal:
    book = Journal(SCHOOL, start=now - timedelta(days=3))
    book.write(opened())
    for number in range(61, 86):
        book.write(of(Found, barcode(number), first_count=True, evidence=BROUGHT), minutes=0.01)
    _visit(book, "s1", _lent(61, "s1"), items=24, uid=MA)
    body = json.loads(book.bodies[-1]) | {"id": hex_id("later"), "fact": {"type": "levitated", "height": 3}}
    book.bodies.append(json.dumps(body).encode())
    return book


def _lent(number: int, visit: str, **more: object) -> Borrowed:
    values = {"loan_days": 28, "evidence": TAKEN} | more
    lent: Borrowed = of(Borrowed, barcode(number), visit, **values)
    return lent


def _visit(book: Journal, visit: str, *facts: Fact, items: int, uid: str = WANG) -> None:
    """A whole visit with what it changed, and how many items were counted after it."""
    book.open_visit(visit, uid)
    book.write(*facts, VisitEnded(station="cabinet-1", visit=hex_id(visit), outcome="settled", items=items))


def status_of(site: str, now: datetime, **more: object) -> Status:
    """A heartbeat of a site that is well, but for what `more` says."""
    values: dict[str, object] = {
        "boot": hex_id(site, "boot", "b1"),
        "connection": 1,
        "at": now,
        "up_ms": 1000,
        "clock": "synced",
        "every_s": 30,
        "stations": (cabinet(),),
        "devices": (
            DeviceStatus(device="card-reader", driver="mfrc522", state="ok"),
            DeviceStatus(device="shelf-reader", driver="feig-obid", state="ok"),
            DeviceStatus(device="door", driver="gpio-door", state="ok"),
        ),
        "queue": 0,
        "last": 60,
        "directory_version": 12,
        "directory_age_s": 40,
        "free_mb": 9000,
    }
    return Status.model_validate(values | more)


def cabinet(**more: object) -> StationStatus:
    """A cabinet that waits for a card, but for what `more` says."""
    shelves = (ShelfStatus(shelf="A", present=19, capacity=30), ShelfStatus(shelf="B", present=18, capacity=30))
    values = {"station": "cabinet-1", "kind": "cabinet", "phase": "idle", "door": "shut", "shelves": shelves}
    return StationStatus.model_validate(values | more)


class _Wire(httpx.BaseTransport):
    """Hands requests straight to an application, each on an event loop of its own."""

    def __init__(self, app: FastAPI) -> None:
        self._app = httpx.ASGITransport(app=app, client=("192.0.2.7", 40000))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def ask() -> httpx.Response:
            answer = await self._app.handle_async_request(request)
            return httpx.Response(
                answer.status_code, headers=answer.headers, stream=httpx.ByteStream(await _raw(answer))
            )

        return asyncio.run(ask())


async def _raw(answer: httpx.Response) -> bytes:
    """The body as it travels: a packed one is unpacked by the client."""
    return b"".join([part async for part in answer.aiter_raw()])


@dataclass
class Library:
    """The served hub of the cast; `clock` is the test's own."""

    hub: Hub
    app: FastAPI
    settings: Settings
    passed_s: list[float] = field(default_factory=lambda: [0.0])

    def visitor(self) -> httpx.Client:
        """A browser nobody has logged in with; follows no redirects."""
        return httpx.Client(transport=_Wire(self.app), base_url="http://hub.test")

    def program(self) -> httpx.Client:
        """A program that sends the librarian's name and password."""
        client = self.visitor()
        client.auth = (LIBRARIAN, PASSWORD)
        return client

    def librarian(self, language: str = "en") -> httpx.Client:
        """A browser with the librarian logged in."""
        client = self.visitor()
        client.cookies.set("microlib_language", language)
        client.get("/login")
        came_in = client.post("/login", data={"name": LIBRARIAN, "password": PASSWORD, "token": token_in(client)})
        assert came_in.status_code == 303
        return client


def token_in(client: httpx.Client, page: str = "/login") -> str:
    """The token in the first form of `page`."""
    return client.get(page).text.split('name="token" value="')[1].split('"')[0]


def fill(hub: Hub, folder: Path) -> None:
    """Imports the catalogue and lets every site tell its days up to the hub's now."""
    _import(hub, folder)
    hub.deliver(_harbour(hub.now), _station(hub.now))
    present, hub.now = hub.now, hub.now - timedelta(hours=3)
    hub.deliver(_school(hub.now))
    hub.send(SCHOOL, Up.STATUS, status_of(SCHOOL, hub.now))
    hub.now = present
    hub.send(HARBOUR, Up.STATUS, status_of(HARBOUR, hub.now))
    reader = DeviceStatus(device="shelf-reader", driver="feig-obid", state="failed", detail="no answer for 10 s")
    hub.send(
        STATION,
        Up.STATUS,
        status_of(
            STATION,
            hub.now,
            clock="unsynced",
            queue=130,
            stations=(cabinet(phase="out-of-order", out_of_order="shelf-reader"),),
            devices=(reader,),
        ),
    )


@contextmanager
def library(
    settings: Settings, database: Database, folder: Path, now: datetime | None = None, told: bool = True
) -> Iterator[Library]:
    """The cast's library, served at `now` (a moment of the cast's own when None) without broker or threads.

    Not `told`: nothing is in it but the librarian.
    """
    hub = Hub(settings, database)
    hub.now = now or hub.now
    if told:
        fill(hub, folder)
    with database.write() as session:
        add_staff(session, LIBRARIAN, PASSWORD, hub.now)
    passed_s = [0.0]
    clock = Clock() if now else Clock(utc=lambda: hub.now, monotonic=lambda: passed_s[0])
    app = create_app(settings, clock)
    try:
        yield Library(hub, app, settings, passed_s)
    finally:
        app.state.parts.database.close()
