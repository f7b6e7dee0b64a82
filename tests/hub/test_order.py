"""In which order events of several sites happened."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hub.projections.order import FAR, ZERO, Event, bounded, happened, in_order, stamp
from protocol.names import ClockTrust
from tests.hub.cast import NOON, found

HEARD = NOON + timedelta(days=1)


def event(site: str, seq: int, at: datetime, *, ord: int = 1, boot: str = "b", up_ms: int = 0) -> Event:
    return Event(site, ord, seq, f"{site}{ord}.{seq}", boot, up_ms, at, ClockTrust.UNSYNCED, HEARD, found("i1"))


def names(events: list[Event], offsets: dict[tuple[str, str], int] | None = None) -> list[str]:
    return [placed.event.event_id for placed in in_order(events, offsets or {})]


def test_across_sites_the_earlier_event_comes_first() -> None:
    later = event("a", 1, NOON + timedelta(minutes=1))
    earlier = event("b", 1, NOON)
    assert names([later, earlier]) == ["b1.1", "a1.1"]


def test_a_clock_set_back_never_turns_a_sites_own_order_round() -> None:
    events = [event("a", 1, NOON), event("a", 2, NOON - timedelta(days=3)), event("b", 1, NOON - timedelta(days=1))]
    assert names(events) == ["b1.1", "a1.1", "a1.2"]


def test_an_older_epoch_comes_first_whatever_the_places_say() -> None:
    assert names([event("a", 1, NOON, ord=2), event("a", 9, NOON, ord=1)]) == ["a1.9", "a2.1"]


def test_what_is_equal_is_decided_by_name_and_place() -> None:
    assert names([event("b", 1, NOON), event("a", 2, NOON), event("a", 1, NOON)]) == ["a1.1", "a1.2", "b1.1"]


def test_a_boot_that_saw_a_trusted_clock_has_true_time_throughout() -> None:
    pair = stamp(60_000, NOON)
    when, trusted = happened("a", "b", 30_000, datetime(1970, 1, 2, tzinfo=UTC), {("a", "b"): pair.offset_ms})
    assert (when, trusted) == (NOON - timedelta(seconds=30), True)


def test_without_a_trusted_clock_the_stated_time_is_taken_and_says_so() -> None:
    assert happened("a", "b", 5, NOON, {}) == (NOON, False)


def heard(one: Event, at: datetime) -> Event:
    return replace(one, received_at=at)


def test_a_clock_years_ahead_puts_nothing_after_what_the_hub_heard_later() -> None:
    """Borrowed by a clock that nobody vouches for, then returned elsewhere."""
    borrowed = heard(event("a", 1, NOON + timedelta(days=9000)), NOON + timedelta(minutes=1))
    returned = heard(event("b", 1, NOON + timedelta(minutes=30), boot="t"), NOON + timedelta(minutes=31))
    assert names([borrowed, returned], {("b", "t"): stamp(0, NOON + timedelta(minutes=30)).offset_ms}) == [
        "a1.1",
        "b1.1",
    ]


def test_a_clock_years_ahead_puts_nothing_after_what_its_site_did_next() -> None:
    """The site was offline: the hub heard of everything late, but a trusted boot had followed."""
    late = NOON + timedelta(days=7)
    borrowed = heard(event("a", 1, NOON + timedelta(days=9000)), late)
    after = heard(event("a", 2, NOON + timedelta(hours=1), boot="t"), late)
    returned = heard(event("b", 1, NOON + timedelta(hours=2), boot="t"), NOON + timedelta(hours=2))
    trusted = {("a", "t"): stamp(0, NOON + timedelta(hours=1)).offset_ms, ("b", "t"): stamp(0, returned.at).offset_ms}
    assert names([returned, after, borrowed], trusted) == ["a1.1", "a1.2", "b1.1"]


def test_moments_outside_any_calendar_are_moved_into_it() -> None:
    assert bounded(datetime.max.replace(tzinfo=UTC)) == FAR
    assert bounded(datetime.fromisoformat("0001-01-01T00:00:00+08:00")) == ZERO
    assert happened("a", "b", 2**53, NOON, {("a", "b"): 2**53}) == (FAR, True)
    assert happened("a", "b", 0, NOON, {("a", "b"): -(2**53)}) == (ZERO, True)
