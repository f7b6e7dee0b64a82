"""A hub with backups for the tests: one site has told three events; `config` is its settings file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from hub import backups
from hub.backups import Verified
from hub.database import Database
from hub.models import LedgerRow
from tests.hub.cast import HARBOUR, MASTER, OWNER, SALT, Journal, found, opened, settings_in
from tests.hub.running import Hub

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def hub(database: Database, tmp_path: Path) -> Hub:
    return Hub(settings_in(tmp_path, database.url), database)


@pytest.fixture
def harbour(hub: Hub) -> Journal:
    journal = Journal(HARBOUR)
    journal.write(opened(), found("i1"), found("i2"))
    hub.deliver(journal)
    return journal


@pytest.fixture
def config(hub: Hub, tmp_path: Path) -> str:
    (tmp_path / "master.key").write_text(MASTER.hex())
    path = tmp_path / "hub.toml"
    path.write_text(
        f'data_dir = "{tmp_path}"\ndatabase_url = "{hub.database.url}"\nfleet_salt = "{SALT.hex()}"\n'
        f'master_key_file = "{tmp_path}/master.key"\nowners = ["{OWNER}"]\n[broker]\ntls = false\nport = 1\n'
        "[backup]\nevery_hours = 0\nkeep = 2\n"
    )
    return str(path)


def copy(hub: Hub, folder: Path, hours: float = 0) -> Verified:
    """A backup, made and checked."""
    now = NOON + timedelta(hours=hours)
    made = backups.make(hub.database, folder, now)
    return backups.verify(made.file, folder, hub.settings.zone, now, hub.database)


def count(hub: Hub, verified: Verified) -> None:
    with hub.database.write() as session:
        backups.record(session, verified)


def newest(folder: Path) -> Path:
    """The newest file in the folder of backups."""
    return max((folder / "backups").glob("hub-*"))


def change(hub: Hub, seq: int) -> None:
    """Somebody changes an event in the ledger."""
    with hub.database.write() as session:
        row = session.exec(select(LedgerRow).where(LedgerRow.seq == seq)).one()
        row.body = row.body.replace(b"i1", b"i2")
