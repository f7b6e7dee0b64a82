"""A backup in the place of the ledger: what is refused, what is kept, and what is as before."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from hub import migrations, safekeeping
from hub.app import prepare
from hub.cli import main
from hub.clock import Clock
from hub.errors import PromiseBroken
from hub.models import Cursor, LedgerRow, Login, Meta, Site, Staff
from hub.promises import Promises
from tests.hub.cast import HARBOUR, Journal, found
from tests.hub.keeping import NOON, newest
from tests.hub.running import Hub

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
RUNNING = """
import sys
from hub.claim import Claim
from hub.database import Database
from hub.shards import EVERYTHING
Claim(Database(sys.argv[1]), EVERYTHING).take(0)
print("taken", flush=True)
sys.stdin.readline()
"""


def test_a_restored_ledger_has_another_name_and_what_the_backup_held(
    hub: Hub, harbour: Journal, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", "--config", config]) == 0
    file = newest(tmp_path)
    with hub.database.read() as session:
        name = session.get_one(Meta, "ledger").value
    harbour.write(found("i3"))
    hub.deliver(harbour)
    assert main(["restore", str(file), "--config", config]) == 1
    assert "--replace puts the backup in its place" in capsys.readouterr().err
    hub.database.close()
    assert main(["restore", str(file), "--replace", "--config", config]) == 0
    assert "restored 3 events" in capsys.readouterr().out
    with hub.database.read() as session:
        assert session.get_one(Cursor, (HARBOUR, harbour.epoch)).stored == 3
        assert session.get_one(Meta, "ledger").value != name
    hub.deliver(harbour)
    assert len(hub.rows(LedgerRow)) == 4
    assert main(["check", "--config", config]) == 0


def test_a_backup_older_than_the_promise_is_not_restored_without_a_word(
    hub: Hub, harbour: Journal, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", "--config", config]) == 0
    file = newest(tmp_path)
    Promises(tmp_path / "promise.json").keep({(HARBOUR, harbour.epoch): 7})
    hub.database.close()
    assert main(["restore", str(file), "--replace", "--config", config]) == 1
    assert f"{HARBOUR} was told that events up to 7 are safe; the backup ends at 3" in capsys.readouterr().err
    assert main(["restore", str(file), "--replace", "--i-know", "--config", config]) == 0


def test_nothing_is_restored_under_a_running_hub(
    hub: Hub, harbour: Journal, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", "--config", config]) == 0
    file = newest(tmp_path)
    running = subprocess.Popen(
        [sys.executable, "-c", RUNNING, hub.database.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with running:
        assert running.stdout is not None
        assert running.stdout.readline() == "taken\n"
        assert main(["restore", str(file), "--replace", "--config", config]) == 1
        running.communicate("\n")
    assert "a hub runs on this ledger; stop every microlib-hub first" in capsys.readouterr().err


def test_what_somebody_imported_is_not_replaced_without_a_word(
    hub: Hub, harbour: Journal, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", "--config", config]) == 0
    empty(hub)
    with hub.database.write() as session:
        session.add(Site(site="annex", name_zh="\u9644\u5c5e", name_en="Annex"))
    hub.database.close()
    assert main(["restore", str(newest(tmp_path)), "--config", config]) == 1
    assert "isn't empty; --replace" in capsys.readouterr().err


def test_an_empty_database_takes_a_backup_at_once(hub: Hub, harbour: Journal, config: str, tmp_path: Path) -> None:
    assert main(["backup", "--config", config]) == 0
    empty(hub)
    hub.database.close()
    assert main(["restore", str(newest(tmp_path)), "--config", config]) == 0
    assert len(hub.rows(LedgerRow)) == 3


def test_what_was_replaced_is_kept(
    hub: Hub, harbour: Journal, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", "--config", config]) == 0
    file = newest(tmp_path)
    harbour.write(found("i3"))
    hub.deliver(harbour)
    hub.database.close()
    assert main(["restore", str(file), "--replace", "--config", config]) == 0
    (said,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("what was there is kept as ")]
    kept = said.removeprefix("what was there is kept as ").split(";")[0]
    assert main(["verify", kept, "--config", config]) == 0
    assert "whole; 4 events" in capsys.readouterr().out


def test_who_was_logged_in_then_is_not_now(hub: Hub, harbour: Journal, config: str, tmp_path: Path) -> None:
    with hub.database.write() as session:
        session.add(Staff(id=1, name="lin", password="x", created_at=NOON))
        session.flush()
        session.add(Login(token="t", staff=1, created_at=NOON, expires_at=NOON))
    assert main(["backup", "--config", config]) == 0
    hub.database.close()
    assert main(["restore", str(newest(tmp_path)), "--replace", "--config", config]) == 0
    assert (hub.rows(Login), [member.name for member in hub.rows(Staff)]) == ([], ["lin"])


def test_what_somebody_accepted_to_lose_is_not_asked_again(
    hub: Hub, harbour: Journal, config: str, tmp_path: Path
) -> None:
    assert main(["backup", "--config", config]) == 0
    promises = tmp_path / "promise.json"
    Promises(promises).keep({(HARBOUR, harbour.epoch): 7, (HARBOUR, "cd" * 16): 2})
    hub.database.close()
    assert main(["restore", str(newest(tmp_path)), "--replace", "--i-know", "--config", config]) == 0
    with hub.database.read() as session:
        assert Promises(promises).broken(session) == []
    Promises(promises).keep({(HARBOUR, harbour.epoch): 9})
    with pytest.raises(PromiseBroken, match="up to 9 are safe; this ledger ends at 3"):
        prepare(hub.settings, hub.database, Clock(), Promises(promises), False)
    prepare(hub.settings, hub.database, Clock(), Promises(promises), True)
    prepare(hub.settings, hub.database, Clock(), Promises(promises), False)


SINCE_0001 = (
    "DROP TABLE title_search",
    "DROP TABLE IF EXISTS title_words",
    "DROP TABLE contradiction",
    "DROP INDEX ix_title_clc",
    "DROP INDEX ix_title_dewey",
    "DROP INDEX ix_item_barcode",
    *(f"ALTER TABLE title DROP COLUMN {name}" for name in ("clc", "dewey", "audience")),
    *(f"ALTER TABLE item DROP COLUMN {name}" for name in ("condition", "barcode", "shelf_mark")),
    *(f"DROP TABLE {name}" for name in (
        "transfer", "stop", "run", "plan_edit", "plan_line", "plan", "campaign_site", "campaign", "theme_title",
        "theme", "tour_site", "tour", "closure", "reservation", "scan", "task",
    )),
    *(f"ALTER TABLE site DROP COLUMN {name}" for name in ("latitude", "longitude", "headroom")),
    *(f"ALTER TABLE {table} DROP COLUMN renewals" for table in ("loan", "rule")),
    "ALTER TABLE item DROP COLUMN parts",
    "DROP INDEX ix_holding_hold",
    *(f"ALTER TABLE holding DROP COLUMN {name}" for name in ("hold", "hold_since")),
    "ALTER TABLE directory_entry DROP COLUMN site",
)  # fmt: skip
"""Takes back what migrations brought since the first tables."""


def test_a_backup_from_before_an_update_is_brought_up_to_date(
    hub: Hub, harbour: Journal, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with hub.database.engine.begin() as connection:
        for change in SINCE_0001:
            connection.execute(text(change))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    safekeeping.back_up(hub.settings, hub.database, Clock(), lambda line: None, tmp_path / "backups")
    migrations.migrate(hub.database.engine)
    with hub.database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE of_a_newer_one (card INTEGER REFERENCES card (id))"))
    hub.database.close()
    assert main(["restore", str(newest(tmp_path)), "--replace", "--config", config]) == 0
    assert not migrations.is_older(hub.database.engine)
    assert main(["check", "--config", config]) == 0
    assert "3 rows of the ledger: every chain of digests holds" in capsys.readouterr().out


@ON_SQLITE
def test_a_backup_of_a_newer_version_is_refused(
    hub: Hub, harbour: Journal, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", "--config", config]) == 0
    file = newest(tmp_path).rename(tmp_path / "newer.sqlite3")
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    assert main(["restore", str(file), "--replace", "--config", config]) == 1
    assert "of a newer microlib than this one" in capsys.readouterr().err


@ON_SQLITE
def test_a_damaged_file_is_replaced_and_kept(
    hub: Hub, harbour: Journal, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", "--config", config]) == 0
    hub.database.close()
    live = tmp_path / "hub.sqlite3"
    live.write_bytes(b"not a ledger any more" * 500)
    assert main(["restore", str(newest(tmp_path)), "--config", config]) == 1
    assert main(["restore", str(newest(tmp_path)), "--replace", "--config", config]) == 0
    (kept,) = tmp_path.glob("hub.sqlite3.replaced-*")
    assert kept.read_bytes().startswith(b"not a ledger")
    assert len(hub.rows(LedgerRow)) == 3


@ON_SQLITE
def test_a_file_that_a_process_has_open_is_not_replaced(
    hub: Hub, harbour: Journal, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", "--config", config]) == 0
    with hub.database.read() as session:
        assert session.exec(select(Meta)).first()
        assert main(["restore", str(newest(tmp_path)), "--replace", "--config", config]) == 1
    assert "open; stop every microlib-hub first" in capsys.readouterr().err
    assert list(tmp_path.glob("hub.sqlite3.re*")) == []


def empty(hub: Hub) -> None:
    """A database with the hub's tables and nothing in them."""
    with hub.database.engine.begin() as connection:
        for table in ("backup_cursor", "backup", "ledger", "cursor", "site_state", "holding", "meta"):
            connection.execute(text(f"DELETE FROM {table}"))
