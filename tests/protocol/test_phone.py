"""A code on a patron's phone opens once, here, now, and for the one whose card it is."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cards import card_tag, site_key
from protocol.names import CardTag, ClockTrust, SiteId
from protocol.phone import SLACK, Refused, Shown, check, code, hint, phone_key

HARBOUR, GARDEN = SiteId("harbour-bank"), SiteId("garden-school")
MASTER = bytes(range(32))
KEY = site_key(MASTER, HARBOUR)
SECRETS = [bytes((n,)) * 16 for n in range(3)]
ADA, BO, CY = (card_tag(KEY, secret) for secret in SECRETS)
PHONES = {card_tag(KEY, secret): phone_key(KEY, secret) for secret in SECRETS}
NOON = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def by_hint(phones: dict[CardTag, str]) -> Callable[[str], Sequence[tuple[CardTag, str]]]:
    found: dict[str, list[tuple[CardTag, str]]] = {}
    for card, key in phones.items():
        found.setdefault(hint(key), []).append((card, key))
    return lambda mark: found.get(mark, ())


def scanned(
    text: str,
    now: datetime = NOON,
    site: SiteId = HARBOUR,
    clock: ClockTrust = ClockTrust.SYNCED,
    newest: dict[CardTag, int] | None = None,
) -> Shown | Refused:
    return check(text, site, by_hint(PHONES), now, clock, newest or {})


def test_a_fresh_code_says_whose_it_is() -> None:
    shown = scanned(code(PHONES[BO], HARBOUR, NOON))
    assert isinstance(shown, Shown)
    assert shown.card == BO


def test_the_form_is_the_one_that_hubs_and_sites_in_the_field_know() -> None:
    assert code(PHONES[ADA], HARBOUR, NOON) == "ML1.HARBOUR-BANK.HTDG0.4XOL.O3KCTM25AH"


def test_a_code_is_good_for_two_minutes_before_and_after() -> None:
    text = code(PHONES[ADA], HARBOUR, NOON)
    for late in range(-SLACK, SLACK + 1):
        assert isinstance(scanned(text, NOON + late * MINUTE), Shown)
    assert scanned(text, NOON + (SLACK + 1) * MINUTE) is Refused.EXPIRED
    assert scanned(text, NOON - (SLACK + 1) * MINUTE) is Refused.EARLY


def test_a_screenshot_of_yesterdays_code_opens_nothing() -> None:
    assert scanned(code(PHONES[ADA], HARBOUR, NOON - timedelta(days=1))) is Refused.EXPIRED


def test_a_code_opens_once_and_so_does_each_minute() -> None:
    text = code(PHONES[ADA], HARBOUR, NOON)
    shown = scanned(text)
    assert isinstance(shown, Shown)
    newest = {shown.card: shown.minute}
    assert scanned(text, newest=newest) is Refused.USED
    assert scanned(code(PHONES[ADA], HARBOUR, NOON - MINUTE), newest=newest) is Refused.USED
    assert isinstance(scanned(code(PHONES[ADA], HARBOUR, NOON + MINUTE), newest=newest), Shown)
    assert isinstance(scanned(code(PHONES[BO], HARBOUR, NOON), newest=newest), Shown)


def test_where_nobody_vouches_for_the_clock_no_code_opens() -> None:
    text = code(PHONES[ADA], HARBOUR, NOON)
    assert scanned(text, clock=ClockTrust.UNSYNCED) is Refused.UNTIMED
    assert isinstance(scanned(text, clock=ClockTrust.HELD), Shown)


def test_a_code_of_another_site_is_known_as_such_and_its_key_opens_nothing_here() -> None:
    theirs = phone_key(site_key(MASTER, GARDEN), SECRETS[0])
    assert scanned(code(theirs, GARDEN, NOON)) is Refused.OTHER_SITE
    assert scanned(code(theirs, HARBOUR, NOON)) is Refused.UNKNOWN
    assert scanned(code(PHONES[ADA], HARBOUR, NOON), site=GARDEN) is Refused.OTHER_SITE


def test_cards_that_share_a_hint_are_told_apart_by_the_proof() -> None:
    shared = {hint(PHONES[ADA]): list(PHONES.items())}
    for card in (ADA, BO, CY):
        text = code(PHONES[card], HARBOUR, NOON).replace(hint(PHONES[card]), hint(PHONES[ADA]))
        shown = check(text, HARBOUR, lambda mark: shared.get(mark, ()), NOON, ClockTrust.SYNCED, {})
        assert isinstance(shown, Shown)
        assert shown.card == card


@pytest.mark.parametrize("spoil", [0, 3, 9], ids="digit {}".format)
def test_a_proof_with_one_digit_wrong_is_none(spoil: int) -> None:
    text = code(PHONES[ADA], HARBOUR, NOON)
    at = len(text) - 10 + spoil
    other = "A" if text[at] != "A" else "B"
    assert scanned(text[:at] + other + text[at + 1 :]) is Refused.UNKNOWN


def test_a_scanner_that_sends_small_letters_does_no_harm() -> None:
    assert isinstance(scanned(code(PHONES[ADA], HARBOUR, NOON).lower() + " "), Shown)


def test_a_code_says_nothing_of_the_card_and_fits_a_coarse_qr() -> None:
    text = code(PHONES[ADA], HARBOUR, NOON)
    assert ADA.upper() not in text.upper()
    assert PHONES[ADA].upper() not in text.upper()
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.-")


@given(st.text(max_size=80))
def test_any_other_text_is_no_code(text: str) -> None:
    assert scanned(text) is Refused.NO_CODE


@given(st.from_regex(r"ML1\.HARBOUR-BANK\.[0-9A-Z]{1,8}\.[A-Z2-7]{4}\.[A-Z2-7]{10}", fullmatch=True))
def test_no_made_up_code_opens(text: str) -> None:
    assert scanned(text) in (Refused.EXPIRED, Refused.EARLY, Refused.UNKNOWN)


@given(
    st.binary(min_size=16, max_size=16),
    st.integers(1_600_000_000, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True),
)
def test_every_code_that_is_drawn_is_taken_at_its_site(secret: bytes, now: datetime, name: str) -> None:
    site = SiteId(name)
    key, card = phone_key(site_key(MASTER, site), secret), card_tag(site_key(MASTER, site), secret)
    shown = check(code(key, site, now), site, by_hint({card: key}), now, ClockTrust.SYNCED, {})
    assert isinstance(shown, Shown)
    assert shown.card == card
