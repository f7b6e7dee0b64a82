"""How a card is named without its UID (DESIGN section 5, security.md section 4).

A UID is hashed slowly once, then keyed per site: a stolen site computer links to no other site, and guessing
UIDs from its directory costs core-years instead of core-hours.
"""

import hashlib
import hmac

from argon2.low_level import Type, hash_secret_raw

from protocol.names import CardTag, SiteId

SECRET_BYTES = 16
EM_BYTES = 5


def card_uid(uid: str) -> bytes:
    """The bytes of a UID written as hex, most significant byte first, any case.

    Five bytes are a 125 kHz card's (`em_uid`). Raises ValueError when it isn't hex of 4, 5, 7 or 10 bytes, or is a
    random one: a 4-byte UID beginning 08 is drawn anew at each tap (ISO/IEC 14443-3) and names nobody.
    """
    raw = bytes.fromhex(uid)
    if len(raw) not in (4, EM_BYTES, 7, 10):
        raise ValueError(f"a card UID has 4, 5, 7 or 10 bytes, not {len(raw)}")
    if len(raw) == 4 and raw[0] == 0x08:
        raise ValueError("a 4-byte card UID beginning 08 is random at each tap")
    return raw


def em_uid(number: int, bits: int = 40) -> str:
    """What a 125 kHz card (EM4100) is called: ten hex digits of its number, whichever reader told it.

    A card holds 40 bits, a version and 32 bits of number; door readers tell the last 32 or 24 of them. Where readers of
    both kinds serve one library, all keep only what the weakest of them tells: its `bits`; the others are zero.
    """
    return (number & ((1 << bits) - 1)).to_bytes(EM_BYTES, "big").hex().upper()


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


def code_tag(key: bytes, code: str) -> str:
    """What the site with `key` knows of a code for collecting something, 32 hex digits; digits only are counted."""
    digits = "".join(c for c in code if c.isdigit())
    return hmac.digest(key, b"code " + digits.encode(), "sha256")[:16].hex()


def commitment(salt: bytes, tag: CardTag) -> str:
    """What stands for a card in an event's bytes, 64 hex digits; says nothing once salt and tag are erased."""
    return hashlib.sha256(salt + bytes.fromhex(tag)).hexdigest()
