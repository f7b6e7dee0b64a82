"""The site's copy of the directory: whole or old, never half; and asked for until it is answered."""

import itertools
import math
import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edge.clock import Stamp
from edge.directory import Asker, Mirror
from edge.settings import Delivery
from protocol.directory import Ask, CardEntry, ItemEntry, Page, PolicyEntry, RuleEntry
from protocol.names import BootId, CardTag, ClockTrust, GroupName, ItemId, TagUid, read_message
from protocol.topics import Up

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BOOT = BootId("b0" * 16)


def at(seconds: float = 0, clock: ClockTrust = ClockTrust.SYNCED, wall: float | None = None) -> Stamp:
    return Stamp(NOON + timedelta(seconds=seconds if wall is None else wall), round(seconds * 1000), clock)


def tag(number: int) -> CardTag:
    return CardTag(f"{number:032x}")


def card(number: int, **more: Any) -> dict[str, Any]:
    return {"kind": "card", "tag": tag(number), "group": "adults", **more}


def item(number: int, uid: str | None = None, title: str = "茶馆") -> dict[str, Any]:
    return {"kind": "item", "item": f"CN{number}", "tag": uid, "title": title}


def page(entries: list[dict[str, Any]], *, since: int = 0, version: int, more: bool = False, **other: Any) -> Page:
    known = {"boot": BOOT, "req": 1, "reset": since == 0, "mark": f"m{version}", "at": NOON, **other}
    return Page(since=since, version=version, more=more, entries=tuple(entries), **known)


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    mirror = Mirror.open(tmp_path)
    yield mirror
    mirror.close()


class TestMirror:
    def test_answers_what_it_was_told(self, mirror: Mirror) -> None:
        rule = {"kind": "rule", "group": "adults", "loan_days": 28, "limit": 10}
        policy = {"kind": "policy", "owners": ["CN-110105001"], "trust_days": 7}
        told = [card(1, until="2026-12-31"), item(7, "E00401500000000A"), rule, policy]
        assert mirror.apply(page(told, version=4), at())
        assert mirror.card(tag(1)) == CardEntry(tag=tag(1), group=GroupName("adults"), until=date(2026, 12, 31))
        seven = ItemEntry(item=ItemId("CN7"), tag=TagUid("E00401500000000A"), title="茶馆")
        assert mirror.item(ItemId("CN7")) == mirror.item_of_tag(TagUid("E00401500000000A")) == seven
        assert mirror.rule(GroupName("adults")) == RuleEntry(group=GroupName("adults"), loan_days=28, limit=10)
        assert mirror.policy() == PolicyEntry(owners=("CN-110105001",), trust_days=7)  # type: ignore[arg-type]
        assert mirror.card(tag(2)) is None
        assert mirror.item_of_tag(TagUid("E00401500000000B")) is None
        assert mirror.version == 4

    def test_is_empty_at_first(self, mirror: Mirror) -> None:
        assert (mirror.version, mirror.since, mirror.policy(), mirror.age_s(at())) == (0, (0, ""), None, None)

    def test_takes_changes_and_removals_in_their_order(self, mirror: Mirror) -> None:
        mirror.apply(page([card(1), card(2)], version=2), at())
        gone = {"kind": "removed", "of": "card", "key": tag(2)}
        mirror.apply(page([card(1, block="blocked"), gone, card(3)], since=2, version=5), at())
        assert mirror.card(tag(1)).block == "blocked"  # type: ignore[union-attr]
        assert mirror.card(tag(2)) is None
        assert mirror.card(tag(3)) is not None

    def test_a_tag_used_again_belongs_to_the_item_heard_of_last(self, mirror: Mirror) -> None:
        uid = "E00401500000000A"
        mirror.apply(page([item(1, uid), item(2)], version=2), at())
        mirror.apply(page([item(2, uid)], since=2, version=3), at())
        assert mirror.item_of_tag(TagUid(uid)).item == "CN2"  # type: ignore[union-attr]
        mirror.apply(page([item(1, uid)], since=3, version=4), at())
        assert mirror.item_of_tag(TagUid(uid)).item == "CN1"  # type: ignore[union-attr]

    def test_a_half_received_directory_turns_nobody_away(self, mirror: Mirror) -> None:
        mirror.apply(page([card(1), card(2)], version=2), at())
        assert mirror.apply(page([card(1, loans=3)], version=50, more=True), at(10))
        assert mirror.card(tag(2)) is not None
        assert (mirror.version, mirror.since) == (2, (50, "m50"))
        assert mirror.age_s(at(10)) == 10
        assert mirror.apply(page([card(9)], since=50, version=80), at(20))
        assert mirror.card(tag(2)) is None
        assert mirror.card(tag(9)) is not None
        assert (mirror.version, mirror.since) == (80, (80, "m80"))
        assert mirror.age_s(at(20)) == 0

    def test_a_half_received_directory_goes_on_after_a_restart(self, tmp_path: Path) -> None:
        mirror = Mirror.open(tmp_path)
        mirror.apply(page([card(1)], version=2), at())
        mirror.apply(page([card(5)], version=50, more=True), at())
        mirror.close()
        mirror = Mirror.open(tmp_path)
        assert mirror.since == (50, "m50")
        assert mirror.card(tag(1)) is not None
        mirror.apply(page([card(6)], since=50, version=60), at())
        assert [mirror.card(tag(n)) is not None for n in (1, 5, 6)] == [False, True, True]
        mirror.close()

    def test_one_begun_anew_forgets_its_first_attempt(self, mirror: Mirror) -> None:
        mirror.apply(page([card(5)], version=50, more=True), at())
        mirror.apply(page([card(6)], version=70), at())
        assert mirror.card(tag(5)) is None
        assert mirror.card(tag(6)) is not None

    @pytest.mark.parametrize(("since", "version"), [(1, 9), (3, 9), (2, 1)])
    def test_a_page_that_does_not_follow_is_left_alone(self, mirror: Mirror, since: int, version: int) -> None:
        mirror.apply(page([card(1)], version=2), at())
        assert not mirror.apply(page([card(7)], since=since, version=version), at())
        assert (mirror.version, mirror.card(tag(7))) == (2, None)

    def test_what_it_cannot_read_costs_only_itself(self, mirror: Mirror) -> None:
        odd = [{"kind": "hologram", "x": 1}, {}, card(2)]
        mirror.apply(page(odd, version=3), at())
        assert mirror.card(tag(2)) is not None
        assert mirror.not_understood == 2

    def test_a_card_it_can_no_longer_read_opens_nothing(self, mirror: Mirror) -> None:
        mirror.apply(page([card(1), item(1)], version=2), at())
        newer = [card(1, block="suspended"), {**item(1), "lending": "on-request"}]
        mirror.apply(page(newer, since=2, version=4), at())
        assert mirror.card(tag(1)) is None
        assert mirror.item(ItemId("CN1")) is not None

    def test_a_damaged_file_is_asked_for_anew(self, tmp_path: Path) -> None:
        mirror = Mirror.open(tmp_path)
        mirror.apply(page([card(n) for n in range(300)], version=300), at())
        mirror.close()
        file = tmp_path / "directory.db"
        file.write_bytes(file.read_bytes()[:100] + b"x" * 9000)
        mirror = Mirror.open(tmp_path)
        assert (mirror.version, mirror.card(tag(1))) == (0, None)
        assert mirror.apply(page([card(1)], version=1), at())
        mirror.close()

    def test_one_damaged_while_in_use_is_asked_for_anew(self, mirror: Mirror, tmp_path: Path) -> None:
        mirror.apply(page([card(1)], version=1), at())
        with sqlite3.connect(tmp_path / "directory.db") as other:
            other.execute("UPDATE entry SET body = 'rubbish'")
        other.close()
        assert mirror.card(tag(1)) is None
        assert (mirror.version, mirror.lost) == (0, 1)
        assert mirror.apply(page([card(1)], version=1), at())
        assert mirror.card(tag(1)) is not None

    def test_where_nothing_can_be_written_it_is_kept_in_memory(self, tmp_path: Path) -> None:
        (tmp_path / "directory.db").mkdir()
        mirror = Mirror.open(tmp_path)
        assert mirror.apply(page([card(1)], version=1), at())
        assert mirror.card(tag(1)) is not None
        mirror.close()


class TestAge:
    def test_is_monotonic_within_a_process_whatever_the_wall_clock_does(self, mirror: Mirror) -> None:
        mirror.apply(page([], version=1), at(100))
        assert mirror.age_s(at(160, wall=-1e6)) == 60
        assert mirror.age_s(at(160, ClockTrust.UNSYNCED, wall=1e8)) == 60

    def test_survives_a_restart_where_the_clock_can_be_believed(self, tmp_path: Path) -> None:
        mirror = Mirror.open(tmp_path)
        mirror.apply(page([], version=1), at(100))
        mirror.close()
        mirror = Mirror.open(tmp_path)
        assert mirror.age_s(at(1, wall=400)) == 300
        assert mirror.age_s(at(1, wall=50)) == 0
        assert mirror.age_s(at(1, ClockTrust.UNSYNCED, wall=400)) is None
        mirror.close()

    def test_counts_from_the_hubs_time_where_the_sites_could_not_be_believed(self, tmp_path: Path) -> None:
        mirror = Mirror.open(tmp_path)
        mirror.apply(page([], version=1), at(5, ClockTrust.UNSYNCED, wall=-1e8))
        mirror.close()
        mirror = Mirror.open(tmp_path)
        assert mirror.age_s(at(1, wall=600)) == 600
        mirror.close()


class Feed:
    """A model of the hub's feed: numbered changes, pages of three."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.era = "a"

    def answer(self, ask: Ask) -> Page:
        since = ask.since if ask.mark == f"{self.era}{ask.since}" and ask.since <= len(self.entries) else 0
        version = min(since + 3, len(self.entries))
        return page(
            self.entries[since:version],
            since=since,
            version=version,
            more=version < len(self.entries),
            boot=ask.boot,
            req=ask.req,
            mark=f"{self.era}{version}",
        )


class TestAsker:
    @pytest.fixture
    def asker(self, mirror: Mirror) -> Asker:
        return Asker(mirror, boot=BOOT, timing=Delivery(), next_req=itertools.count(1).__next__, dice=random.Random(1))

    def asks(self, asker: Asker, now: float) -> list[Ask]:
        due = asker.due(now)
        assert all(what is Up.ASK for what, _ in due)
        return [read_message(Ask, payload) for _, payload in due]

    def test_asks_at_once_on_connecting_and_goes_on_while_there_is_more(self, asker: Asker, mirror: Mirror) -> None:
        feed = Feed()
        feed.entries = [card(n) for n in range(10)]
        assert asker.next_due() == math.inf
        asker.connected(0)
        pages = 0
        while asks := self.asks(asker, 0):
            assert asker.received(0, feed.answer(asks[0]), at())
            pages += 1
        assert (pages, mirror.version) == (4, 10)
        assert 0.75 * 300 <= asker.next_due() <= 1.25 * 300

    def test_repeats_itself_with_growing_pauses_until_it_is_answered(self, asker: Asker) -> None:
        asker.connected(0)
        now, times, asked = 0.0, [], []
        while now < 2000:
            asked += self.asks(asker, now)
            times.append(now)
            now = asker.next_due()
        for number, (before, after) in enumerate(itertools.pairwise(times)):
            assert 0.75 <= (after - before) / min(5 * 2**number, 300) <= 1.25
        assert asker.received(now, Feed().answer(asked[0]), at())

    def test_pages_that_answer_nothing_asked_are_counted_and_left(self, asker: Asker, mirror: Mirror) -> None:
        feed = Feed()
        feed.entries = [card(1)]
        asker.connected(0)
        (ask,) = self.asks(asker, 0)
        answer = feed.answer(ask)
        for wrong in ({"boot": BootId("0" * 32)}, {"req": ask.req + 1}, {"since": 7, "reset": False}):
            assert not asker.received(0, answer.model_copy(update=wrong), at())
        assert (mirror.version, asker.ignored) == (0, 3)
        assert asker.received(0, answer, at())
        assert not asker.received(0, answer, at())

    def test_a_hub_that_says_more_without_giving_any_is_not_asked_in_a_frenzy(self, asker: Asker) -> None:
        asker.connected(0)
        now, count = 0.0, 0
        while now < 1000:
            for ask in self.asks(asker, now):
                count += 1
                asker.received(now, page([], version=0, more=True, req=ask.req, mark=""), at())
            now = max(now + 0.01, asker.next_due())
        assert count < 20

    def test_a_copy_lost_in_use_is_asked_for_at_once(self, asker: Asker, mirror: Mirror, tmp_path: Path) -> None:
        feed = Feed()
        feed.entries = [card(1)]
        asker.connected(0)
        asker.received(0, feed.answer(self.asks(asker, 0)[0]), at())
        assert self.asks(asker, 1) == []
        with sqlite3.connect(tmp_path / "directory.db") as other:
            other.execute("UPDATE entry SET body = 'rubbish'")
        other.close()
        mirror.card(tag(1))
        (ask,) = self.asks(asker, 1)
        assert ask.since == 0

    @pytest.mark.parametrize("seed", range(15))
    def test_over_any_network_the_copy_becomes_the_hubs(self, tmp_path: Path, seed: int) -> None:
        dice, feed, mirror = random.Random(seed), Feed(), Mirror.open(tmp_path)
        asker = Asker(mirror, boot=BOOT, timing=Delivery(), next_req=itertools.count(1).__next__, dice=dice)
        asker.connected(0)
        flying: list[Page] = []
        now = 0.0
        for step in range(400):
            if step < 250 and dice.random() < 0.1:
                feed.entries.append(card(dice.randrange(9), loans=step))
            if step < 250 and dice.random() < 0.01:
                feed.era += "x"
            flying += [feed.answer(ask) for ask in self.asks(asker, now) if dice.random() > 0.3]
            dice.shuffle(flying)
            if flying and dice.random() < 0.7:
                answer = flying[-1] if dice.random() < 0.3 else flying.pop()
                asker.received(now, answer, at(now))
            now += dice.uniform(0, 20 if step < 250 else 60)
        assert mirror.version == len(feed.entries)
        newest = {entry["tag"]: entry["loans"] for entry in feed.entries}
        for number in range(9):
            held = mirror.card(tag(number))
            assert (held.loans if held else None) == newest.get(tag(number))
        mirror.close()
