"""Who goes first where several processes write one ledger.

A transaction that takes messages in first takes the turn of every site they come from, all at once and in one order,
and holds it to its end: whatever is keyed by a site (cursors also before their first row, presence, incidents, boots,
visits, foreign tags) is then its own. Items, which sites share, are locked later and in an order of their own
(`hub.refold`), the directory last (`hub.directory.feed`): so no two wait for each other.

SQLite needs none of it: BEGIN IMMEDIATE lets one process write at a time.
"""

import hashlib
from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlmodel import Session

SITES = 0x736974
"""First half of these advisory locks' names; the second is a hash of the site."""
LEDGER = 0x6C656467
"""The lock that whoever takes messages in shares with others, and whoever changes everything doesn't."""
LOST_RACES = frozenset({"40001", "40P01"})
"""PostgreSQL's words for a transaction that was chosen to give way (SQLSTATE class 40)."""
_TAKE = text("SELECT pg_advisory_xact_lock(:space, key) FROM unnest(CAST(:keys AS integer[])) AS key")


def take(session: Session, sites: Iterable[str]) -> None:
    """Waits until nobody else takes messages of `sites` in, and keeps others waiting until the session's end."""
    if session.get_bind().dialect.name != "postgresql":
        return
    session.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": LEDGER})
    keys = sorted({int.from_bytes(hashlib.sha256(site.encode()).digest()[:4], signed=True) for site in sites})
    session.execute(_TAKE, {"space": SITES, "keys": keys})


def alone(session: Session) -> None:
    """Waits until nobody takes messages in, and keeps all from it until the session's end.

    For what concerns every site: an import, after which an old visit's card may be known; a rebuild; a start.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LEDGER})


def lost_race(error: Exception) -> bool:
    """Whether another process was merely quicker: it wrote the same row first, or this one gave way in a deadlock."""
    if isinstance(error, IntegrityError):
        return True
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in LOST_RACES


def is_away(error: Exception) -> bool:
    """Whether the database, not what was to be written, is at fault: it can't be reached, is busy, full or stopped."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated
