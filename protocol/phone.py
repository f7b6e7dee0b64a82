"""A patron's phone as card: a code that is good for some minutes, shown as QR, and checked without network.

    ML1.HARBOUR-BANK.HTDG0.4XOL.O3KCTM25AH
        site         minute hint proof

The hub, which knows the card, draws a new code every minute; the site has the card's phone key in its directory
(`CardEntry.phone`), and both reckon the same proof from it. The key is one site's own: what is stolen there opens
nothing elsewhere, and a code names its site. The hint finds the key among thousands; it says nothing of the card, but
is the same each time. Capitals and digits only, so that the QR stays coarse.

What it can't do: a code photographed over a shoulder and shown before its owner shows it opens once. So codes last
for minutes, and each minute of a card opens once. And a clock that nobody vouches for can't tell an old code from a
new one: there, all are refused.
"""

import base64
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from protocol.names import CardTag, ClockTrust, SiteId

MINUTE_S = 60
SLACK = 2
"""Minutes that a code may be early or late: clocks, and a phone held up after its page was drawn."""
_HINT, _PROOF = 4, 10
"""Digits in base 32: 20 bits, so that few of a library's cards share a hint, and 50, tried by showing only."""
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FORM = re.compile(r"ML1\.([A-Z0-9][A-Z0-9-]{0,31})\.([0-9A-Z]{1,8})\.([A-Z2-7]{4})\.([A-Z2-7]{10})")


class Refused(StrEnum):
    """Why a code doesn't open."""

    NO_CODE = "no-code"
    """It is some other text."""
    OTHER_SITE = "other-site"
    UNTIMED = "untimed"
    """This site's clock can't be believed just now."""
    EXPIRED = "expired"
    EARLY = "early"
    """It is for a time to come: one of the two clocks is wrong."""
    USED = "used"
    """This code, or a later one of the same card, was accepted before."""
    UNKNOWN = "unknown"
    """No card of this site makes it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Whose code it is."""

    card: CardTag
    minute: int
    """To be kept for `check`, as the card's newest, for as long as codes last at least; also over a restart."""


def phone_key(site_key: bytes, secret: bytes) -> str:
    """The key of the card with `secret` at the site with `site_key` (`protocol.cards`), 32 hex digits."""
    return hmac.digest(site_key, b"phone " + secret, "sha256")[:16].hex()


def hint(key: str) -> str:
    """What finds the key: four digits."""
    return _reckoned(key, b"hint", _HINT)


def code(key: str, site: SiteId, now: datetime) -> str:
    """The text of the QR for the minute of `now`."""
    minute = _minute(now)
    return f"ML1.{site.upper()}.{_base36(minute)}.{hint(key)}.{_proof(key, site, minute)}"


def check(
    text: str,
    site: SiteId,
    keys: Callable[[str], Sequence[tuple[CardTag, str]]],
    now: datetime,
    clock: ClockTrust,
    newest: Mapping[CardTag, int],
) -> Shown | Refused:
    """Whether a text that was scanned at `site` is a code of one of its cards, and opens.

    `keys` finds the site's cards, with their phone keys, by `hint`; `newest` is each card's minute accepted last.
    """
    parts = _form(text)
    if parts is None:
        return Refused.NO_CODE
    where, when, mark, proof = parts.groups()
    if where != site.upper():
        return Refused.OTHER_SITE
    if clock is ClockTrust.UNSYNCED:
        return Refused.UNTIMED
    minute = int(when, 36)
    late = _minute(now) - minute
    if abs(late) > SLACK:
        return Refused.EXPIRED if late > 0 else Refused.EARLY
    for card, key in keys(mark):
        if hmac.compare_digest(_proof(key, site, minute), proof):
            return Refused.USED if minute <= newest.get(card, -1) else Shown(card, minute)
    return Refused.UNKNOWN


def looks_like(text: str) -> bool:
    """Whether it has the form of a code at all, of whichever site and time."""
    return _form(text) is not None


def _form(text: str) -> re.Match[str] | None:
    return _FORM.fullmatch(text.strip().upper())


def _minute(now: datetime) -> int:
    return int(now.timestamp()) // MINUTE_S


def _proof(key: str, site: SiteId, minute: int) -> str:
    return _reckoned(key, b"code " + minute.to_bytes(8, "big") + site.encode(), _PROOF)


def _reckoned(key: str, message: bytes, digits: int) -> str:
    return base64.b32encode(hmac.digest(bytes.fromhex(key), message, "sha256")).decode("ascii")[:digits]


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
