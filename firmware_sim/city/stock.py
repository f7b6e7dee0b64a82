"""A city's library: as many sites, items, patrons and cards as asked for, the same for every seed.

What differs between runs is what people and faults do with it; so a hub that has imported it once is copied for each.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from firmware_sim.catalogue import NEIGHBOUR, OWNER, SHELVES, Copy, Member, Partner, Pass, Place, Stock, Title, titles
from protocol.directory import Block, CardClass
from protocol.names import GroupName, ItemId, SiteId, TagUid

TODAY = date(2026, 3, 1)


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything, per site where nothing else is said."""

    sites: int = 3
    on_shelf: int = 6
    """Items each of the two shelves begins with."""
    patrons: int = 5
    at_library: int = 6
    """Items at the library, in all."""


def stock(size: Size) -> Stock:
    """The whole library; one patron is blocked, one lost the card, one's time has run out."""
    chance = Random(f"city {size}")
    shipped = titles()
    partners = tuple(_partner(number, chance, shipped) for number in range(size.sites))
    members = tuple(
        _member(number, partners[number % size.sites], chance) for number in range(size.patrons * size.sites)
    )
    copies = [
        _copy(shipped, number * 100 + place, p.site, Place(p.site, shelf))
        for number, p in enumerate(partners)
        for place, shelf in enumerate(shelf for shelf in SHELVES for _ in range(size.on_shelf))
    ]
    copies += [_copy(shipped, 90_000 + n, partners[n % size.sites].site, Place()) for n in range(size.at_library)]
    strangers = tuple(
        Copy(ItemId(f"SH{5_000_000 + n}"), TagUid(f"E00401FF00{n:06X}"), shipped[n], NEIGHBOUR, None, Place())
        for n in range(2 * size.sites)
    )
    passes = [Pass(_uid(number), f"Card {m.patron}", patron=m.patron) for number, m in enumerate(members)]
    passes += [Pass(_uid(len(members)), "second card", patron=members[0].patron)]
    extra = len(members) + 1
    passes += [Pass(_uid(extra + n), f"Courier {n}", CardClass.COURIER) for n in range(max(1, size.sites // 8))]
    extra += max(1, size.sites // 8)
    passes += [Pass(_uid(extra), "Cleaner", CardClass.SERVICE), Pass(_uid(extra + 1), "unknown", known=False)]
    used = tuple({c.title.title_id: c.title for c in copies}.values())
    return Stock(used, tuple(copies), strangers, members, tuple(passes), TODAY, partners)


def _partner(number: int, chance: Random, shipped: tuple[Title, ...]) -> Partner:
    themes = sorted({theme for title in chance.sample(shipped, 12) for theme in title.themes})
    site = SiteId(f"site-{number + 1:03d}")
    return Partner(
        site, f"第{number + 1}站", f"Site {number + 1}", "City", f"{number + 1} Main Street", tuple(themes[:6])
    )


def _member(number: int, partner: Partner, chance: Random) -> Member:
    tastes = tuple(chance.sample(partner.themes, min(3, len(partner.themes))))
    return Member(
        patron=f"R{100_001 + number}",
        name=f"Reader {number + 1}",
        group=GroupName("child" if number % 3 == 2 else "adult"),
        site=partner.site,
        tastes=tastes,
        language="chi" if number % 2 else "eng",
        until=TODAY + timedelta(days=-30 if number == 4 else 3650),
        block={7: Block.BLOCKED, 9: Block.LOST}.get(number),
    )


def _copy(shipped: tuple[Title, ...], number: int, home: SiteId, start: Place) -> Copy:
    item = ItemId(str(30_000_000_000_000 + number))
    return Copy(item, TagUid(f"E0040100{number:08X}"), shipped[number % len(shipped)], OWNER, home, start)


def _uid(number: int) -> str:
    """4 bytes for even, 7 bytes for odd numbers."""
    return f"10{number:06X}" if number % 2 == 0 else f"04A0{number:010X}"
