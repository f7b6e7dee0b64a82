"""The demo's library: sample titles shipped in `data/`, and items, patrons and cards invented from a seed.

`stock` makes them, `write` turns them into the files `microlib-hub import` reads. The same seed gives the same library.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any

from firmware_sim.lockerwall import COMPARTMENTS
from protocol.directory import Block, CardClass, Lending
from protocol.names import GroupName, Isil, ItemId, ShelfName, SiteId, TagUid, TitleId

OWNER = Isil("CN-110105001")
"""The demo's own library."""
NEIGHBOUR = Isil("CN-310101002")
"""Another library, whose items turn up on our shelves."""
SHELVES = (ShelfName("A"), ShelfName("B"))
CAPACITY = 60
"""Items that fit on one shelf."""
SOURCES = ("catalogue_sample.csv", "catalogue_zh_sample.csv")
ADULT = ("erotic", "bdsm", "smut", "adult-fiction")
"""Subjects that keep a title off the demo's shelves, one of which stands in a school."""
ON_SHELF = 24
"""Items a shelf begins with."""
AT_LIBRARY = 24
AT_COUNTER = 8
"""Items patrons had out over the library's counter before any site opened."""
FIRST_ITEM = 30_000_000_012_345
"""Barcodes count up from here."""

CHINESE_NAMES = (
    "王芳", "李伟", "张敏", "刘洋", "陈静", "杨磊", "赵雪梅", "黄志强", "周晓燕", "吴建国", "徐丽华",
    "孙浩然", "马思远", "朱婷婷", "胡一帆", "林子涵", "郭宇轩", "何雨桐", "高梓萱", "罗天佑", "梁欣怡", "宋文博",
)  # fmt: skip
ENGLISH_NAMES = (
    "Alice Morgan", "Ben Carter", "Chloe Evans", "Daniel Price", "Emma Walsh", "Frank Osei", "Grace Lin",
    "Henry Novak", "Isla Byrne", "Jack Tanaka", "Karen Silva", "Liam Fraser", "Mia Rossi", "Noah Klein",
    "Olivia Haddad", "Peter Varga", "Quinn Doyle", "Ruth Abebe",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Partner:
    """One of the demo's sites."""

    site: SiteId
    name_zh: str
    name_en: str
    partner: str
    address: str
    themes: tuple[str, ...]
    """What its shelves lean to."""
    kind: str = "cabinet"
    """What stands there: a cabinet, a reading room, or a locker wall with a book drop."""


PARTNERS = (
    Partner(
        SiteId("harbour-bank"),
        "海港银行",
        "Harbour Bank",
        "Harbour Bank, Quayside branch",
        "18 Quayside Road",
        ("biography-memoir", "business", "literary-fiction", "history", "thriller", "self-help-psychology"),
    ),
    Partner(
        SiteId("east-station"),
        "东站地铁",
        "East Metro Station",
        "City Metro",
        "East Station, exit C",
        ("mystery-crime", "short-stories", "science-fiction", "humour", "travel", "poetry-drama"),
    ),
    Partner(
        SiteId("garden-school"),
        "花园小学",
        "Garden Primary School",
        "Garden Primary School",
        "5 Garden Lane",
        ("children", "young-adult", "fantasy", "science-nature", "comics-manga", "classics"),
    ),
)


MIXED = (
    PARTNERS[0],
    replace(PARTNERS[1], kind="locker"),
    replace(
        PARTNERS[2],
        site=SiteId("garden-room"),
        name_zh="花园阅览室",
        name_en="Garden Reading Room",
        partner="Garden Quarter",
        kind="room",
    ),
)
"""A cabinet at a bank, a locker wall at a metro station, and a reading room."""
EVERYTHING = (
    PARTNERS[0],
    PARTNERS[1],
    MIXED[2],
    replace(MIXED[1], site=SiteId("west-station"), name_zh="西站地铁", name_en="West Metro Station"),
)
"""Two cabinets, a reading room and a locker wall."""
SHELVES_OF: Mapping[str, tuple[ShelfName, ...]] = {
    "cabinet": SHELVES,
    "room": (ShelfName("room"),),
    "locker": (),
}
"""Where items stand at first, by what stands at a site."""
CAPACITY_OF = {"cabinet": CAPACITY * len(SHELVES), "room": 2 * CAPACITY, "locker": COMPARTMENTS}
WALLED = 24
"""More items at the library where a site has a locker wall: people reserve what isn't at any site."""


@dataclass(frozen=True, slots=True)
class Title:
    """One row of the shipped catalogue."""

    title_id: TitleId
    title: str
    author: str
    language: str
    themes: tuple[str, ...]
    row: dict[str, str]
    """The whole row, by column."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item is before the first visit: on a shelf, with a patron, or (neither) at the library."""

    site: SiteId | None = None
    shelf: ShelfName | None = None
    patron: str | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """One physical item."""

    item: ItemId
    tag: TagUid
    title: Title
    owner: Isil
    home: SiteId | None
    start: Place
    lending: Lending = Lending.NORMAL


@dataclass(frozen=True, slots=True)
class Pass:
    """One card: what somebody taps."""

    uid: str
    """4 or 7 bytes, upper-case hex."""
    label: str
    klass: CardClass = CardClass.PATRON
    patron: str | None = None
    known: bool = True
    """False: the library never issued it."""


@dataclass(frozen=True, slots=True)
class Member:
    """One patron and what they like."""

    patron: str
    name: str
    group: GroupName
    site: SiteId
    """The site they mostly go to."""
    tastes: tuple[str, ...]
    language: str
    """MARC code of what they prefer to read."""
    until: date
    block: Block | None = None


@dataclass(frozen=True, slots=True)
class Stock:
    """The whole library."""

    titles: tuple[Title, ...]
    copies: tuple[Copy, ...]
    strangers: tuple[Copy, ...]
    """Items of another library, unknown to ours."""
    members: tuple[Member, ...]
    passes: tuple[Pass, ...]
    today: date
    """Of which everything is made."""
    partners: tuple[Partner, ...] = PARTNERS


def titles() -> tuple[Title, ...]:
    """Every title shipped, in the files' order; the few that a file lists twice only once."""
    found: dict[str, Title] = {}
    for name in SOURCES:
        with (files("firmware_sim") / "data" / name).open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                themes = tuple(t for t in row["themes"].split("|") if t)
                title = Title(TitleId(row["title_id"]), row["title"], row["author"], row["language"], themes, row)
                found.setdefault(row["title_id"], title)
    return tuple(found.values())


def stock(chance: Random, today: date, partners: Sequence[Partner] = PARTNERS) -> Stock:
    """A library for three sites; `today` decides when memberships end."""
    shipped = titles()
    members = _members(chance, today, partners)
    tags = _Tags(chance)
    shelved = [t for t in shipped if t.themes and not any(word in t.row["subjects"] for word in ADULT)]
    copies = _copies(chance, shelved, members, tags, partners)
    strangers = tuple(
        Copy(ItemId(f"SH{5_000_000 + n}"), tags.new(), title, NEIGHBOUR, None, Place())
        for n, title in enumerate(chance.sample(shelved, 6))
    )
    return Stock(shipped, copies, strangers, members, _passes(chance, members), today, tuple(partners))


class _Tags:
    """Tag UIDs of one maker, none twice."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._given: set[TagUid] = set()

    def new(self) -> TagUid:
        while (uid := TagUid(f"E00401{self._chance.getrandbits(40):010X}")) in self._given:
            pass
        self._given.add(uid)
        return uid


def _copies(
    chance: Random, shelved: Sequence[Title], members: Sequence[Member], tags: _Tags, partners: Sequence[Partner]
) -> tuple[Copy, ...]:
    """Shelves first, site by site, then what is at the library, then what patrons have from its counter."""
    places = [(p, Place(p.site, shelf)) for p in partners for shelf in SHELVES_OF[p.kind] for _ in range(ON_SHELF)]
    stored = AT_LIBRARY + WALLED * sum(p.kind == "locker" for p in partners)
    places += [(chance.choice(partners), Place()) for _ in range(stored)]
    holders = chance.sample([m for m in members if m.block is None], AT_COUNTER)
    places += [(next(p for p in partners if p.site == m.site), Place(patron=m.patron)) for m in holders]
    chosen: set[TitleId] = set()
    copies = []
    for number, (partner, place) in enumerate(places):
        title = _pick(chance, shelved, partner, chinese=number % 3 == 0, chosen=chosen)
        chosen.add(title.title_id)
        home = partner.site if place.site or number % 2 else None
        lending = Lending.REFERENCE if place.site and number % 40 == 7 else Lending.NORMAL
        copies.append(Copy(ItemId(str(FIRST_ITEM + number)), tags.new(), title, OWNER, home, place, lending))
    return tuple(copies)


def _pick(chance: Random, shelved: Sequence[Title], partner: Partner, chinese: bool, chosen: set[TitleId]) -> Title:
    """A title not chosen yet; three of four times one of the site's own themes."""
    fresh = [t for t in shelved if (t.language == "chi") == chinese and t.title_id not in chosen]
    fitting = [t for t in fresh if set(t.themes) & set(partner.themes)]
    return chance.choice(fitting if fitting and chance.random() < 0.75 else fresh)


def _members(chance: Random, today: date, partners: Sequence[Partner]) -> tuple[Member, ...]:
    """Forty patrons: the third site's are mostly children; one is blocked, one lost the card, one has expired."""
    names = [*CHINESE_NAMES, *ENGLISH_NAMES]
    chance.shuffle(names)
    members = []
    for number, name in enumerate(names):
        partner = partners[number % len(partners)]
        child = partner is partners[-1] and number % 4 != 2
        members.append(
            Member(
                patron=f"R{100_001 + number}",
                name=name,
                group=GroupName("child" if child else "adult"),
                site=partner.site,
                tastes=tuple(chance.sample(partner.themes, 3)),
                language="chi" if name in CHINESE_NAMES else "eng",
                until=today + timedelta(days=-30 if number == 12 else chance.randint(60, 700)),
                block={5: Block.BLOCKED, 9: Block.LOST}.get(number),
            )
        )
    return tuple(members)


def _passes(chance: Random, members: Sequence[Member]) -> tuple[Pass, ...]:
    """A card each; two patrons have a second one; and those of no patron."""
    uids = _card_uids(chance)
    passes = [Pass(next(uids), f"Card {m.patron}", patron=m.patron) for m in members]
    passes += [Pass(next(uids), f"Phone of {members[n].patron}", patron=members[n].patron) for n in (3, 17)]
    passes += [Pass(next(uids), f"Courier {n}", CardClass.COURIER) for n in (1, 2)]
    passes.append(Pass(next(uids), "Cleaner 1", CardClass.SERVICE))
    passes.append(Pass(next(uids), "Card of another library", known=False))
    return tuple(passes)


def _card_uids(chance: Random) -> Iterator[str]:
    """Card UIDs without end, every other one of 7 bytes; 08 (random) and 88 (cascade) begin none."""
    given: set[str] = set()
    seven = False
    while True:
        raw = [chance.choice([b for b in range(1, 256) if b not in (0x08, 0x88)]) for _ in range(7 if seven else 4)]
        if seven:
            raw[0] = 0x04
        uid = bytes(raw).hex().upper()
        if uid not in given:
            given.add(uid)
            seven = not seven
            yield uid


def write(stock: Stock, folder: Path) -> dict[str, Path]:
    """The files of `microlib-hub import`, by what they hold: sites, rules, titles, items, patrons with cards."""
    folder.mkdir(parents=True, exist_ok=True)
    members = {m.patron: m for m in stock.members}
    tables: dict[str, list[dict[str, Any]]] = {
        "sites": [_site_row(p) for p in stock.partners],
        "rules": [
            {"group": "adult", "loan_days": 28, "limit": 5},
            {"group": "child", "loan_days": 21, "limit": 3},
        ],
        "titles": [t.row for t in stock.titles],
        "items": [_item_row(c) for c in stock.copies],
        "patrons": [_patron_row(held, members.get(held.patron or "")) for held in stock.passes if held.known],
    }
    paths = {}
    for what, rows in tables.items():
        paths[what] = folder / f"{what}.csv"
        with paths[what].open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return paths


def _site_row(partner: Partner) -> dict[str, Any]:
    return {
        "site": partner.site,
        "name_zh": partner.name_zh,
        "name_en": partner.name_en,
        "partner": partner.partner,
        "address": partner.address,
        "capacity": CAPACITY_OF[partner.kind],
    }


def _item_row(copy: Copy) -> dict[str, Any]:
    return {
        "item": copy.item,
        "title_id": copy.title.title_id,
        "tag": copy.tag,
        "home": copy.home or "",
        "owner": copy.owner,
        "lending": copy.lending,
    }


def _patron_row(held: Pass, member: Member | None) -> dict[str, Any]:
    """A card and its patron; a patron with two cards has two rows."""
    return {
        "patron": member.patron if member else "",
        "name": member.name if member else "",
        "group": member.group if member else "",
        "until": member.until.isoformat() if member else "",
        "block": (member.block or "") if member else "",
        "card_uid": held.uid,
        "card_class": held.klass,
        "label": held.label,
    }
