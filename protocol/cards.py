"""How a card is named without its UID (DESIGN section 5, security.md section 4).

A UID is hashed slowly once, then keyed per site: a stolen site computer links to no other site, and guessing
UIDs from its directory costs core-years instead of core-hours.
"""

import hashlib
import hmac

from argon2.low_level import Type, hash_secret_raw

from protocol.names import CardTag, SiteId

SECRET_BYTES = 16


def card_uid(uid: str) -> bytes:
    """The bytes of a UID written as hex, most significant byte first, any case.

    Raises ValueError when it isn't hex of 4, 7 or 10 bytes, or is a random one: a 4-byte UID beginning 08 is drawn
    anew at each tap (ISO/IEC 14443-3) and names nobody.
    """
    raw = bytes.fromhex(uid)
    if len(raw) not in (4, 7, 10):
        raise ValueError(f"a card UID has 4, 7 or 10 bytes, not {len(raw)}")
    if len(raw) == 4 and raw[0] == 0x08:
        raise ValueError("a 4-byte card UID beginning 08 is random at each tap")
    return raw


def card_secret(uid: str, fleet_salt: bytes) -> bytes:
    """The slow part: 16 bytes of argon2id over the UID (hex, most significant byte first, any case).

    `fleet_salt` is the library's own, 8 bytes or more, the same at every site. Costs some 20 ms on a server and
    60 ms on a Pi 4. Raises ValueError as `card_uid` does.
    """
    return hash_secret_raw(
        card_uid(uid), fleet_salt, time_cost=2, memory_cost=8192, parallelism=1, hash_len=SECRET_BYTES, type=Type.ID
    )


def site_key(master: bytes, site: SiteId) -> bytes:
    """A site's own key, 32 bytes, derived so that none tells anything of another (RFC 5869 with one block)."""
    extracted = hmac.digest(b"microlib site key", master, "sha256")
    return hmac.digest(extracted, site.encode() + b"\x01", "sha256")


def card_tag(key: bytes, secret: bytes) -> CardTag:
    """The quick part: what the site with `key` calls the card with `secret`, 32 hex digits."""
    return CardTag(hmac.digest(key, secret, "sha256")[:16].hex())


def commitment(salt: bytes, tag: CardTag) -> str:
    """What stands for a card in an event's bytes, 64 hex digits; says nothing once salt and tag are erased."""
    return hashlib.sha256(salt + bytes.fromhex(tag)).hexdigest()
