"""Backups: made, restored somewhere, checked, counted; and put back, on SQLite and on PostgreSQL."""

import hashlib
import os
import subprocess
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url
from sqlmodel import select

from hub import backups, dumps, ledger, safekeeping
from hub.cli import main
from hub.clock import Clock
from hub.database import Database
from hub.errors import BackupUnfit
from hub.ledger import IncidentKind
from hub.models import Backup, BackupCursor, Incident, LedgerRow, Meta
from hub.settings import Keeping, load
from protocol.receipt import Receipt
from protocol.topics import Up
from tests.databases import of_kind
from tests.hub.cast import HARBOUR, Journal, borrowed, found, opened, settings_in
from tests.hub.keeping import NOON, change, copy, count
from tests.hub.running import Hub


def archived(hub: Hub, journal: Journal) -> int:
    """What the next receipt tells."""
    payload = hub.send(journal.site, Up.HELLO, journal.hello())
    assert payload is not None
    return Receipt.model_validate_json(payload).archived


def test_only_the_second_newest_checked_backup_moves_archived(hub: Hub, harbour: Journal, tmp_path: Path) -> None:
    count(hub, copy(hub, tmp_path / "b"))
    assert archived(hub, harbour) == 0
    harbour.visit("v1", borrowed("i1", "v1"))
    hub.deliver(harbour)
    count(hub, copy(hub, tmp_path / "b", hours=24))
    assert archived(hub, harbour) == 3
    count(hub, copy(hub, tmp_path / "b", hours=48))
    assert archived(hub, harbour) == len(harbour.bodies)


def test_a_backup_counts_once_however_often_it_is_checked(hub: Hub, harbour: Journal, tmp_path: Path) -> None:
    verified = copy(hub, tmp_path / "b")
    count(hub, verified)
    count(hub, verified)
    assert (len(hub.rows(Backup)), archived(hub, harbour)) == (1, 0)


def test_a_copy_made_while_the_hub_writes_is_whole(hub: Hub, harbour: Journal, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            harbour.write(found("i3"))
            hub.deliver(harbour)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        copies = [copy(hub, tmp_path / "b", hours) for hours in range(4)]
    finally:
        stop.set()
        writer.join()
    assert copies[-1].events > 3
    for verified in copies:
        count(hub, verified)


def test_a_file_with_a_flipped_byte_is_refused_in_a_sentence(hub: Hub, harbour: Journal, tmp_path: Path) -> None:
    made = backups.make(hub.database, tmp_path / "b", NOON)
    whole = made.file.read_bytes()
    for place in range(100, len(whole), len(whole) // 20):
        content = bytearray(whole)
        content[place] ^= 0x01
        made.file.write_bytes(content)
        with pytest.raises(BackupUnfit, match=f"{made.file.name}: its content has changed"):
            backups.verify(made.file, tmp_path / "b", hub.settings.zone, NOON, hub.database)
    assert hub.rows(Backup) == []


def test_a_flipped_event_is_found_under_any_name(hub: Hub, harbour: Journal, tmp_path: Path) -> None:
    made = backups.make(hub.database, tmp_path / "b", NOON)
    content = bytearray(made.file.read_bytes())
    body = content.index(harbour.bodies[1][:60] if hub.database.is_sqlite else b"\x78\x9c")  # zlib's beginning
    content[body + 20] ^= 0xFF
    renamed = tmp_path / f"brought{made.file.suffix}"
    renamed.write_bytes(content)
    with pytest.raises(BackupUnfit, match=renamed.name if hub.database.is_sqlite else "pg_restore"):
        backups.verify(renamed, tmp_path / "b", hub.settings.zone, NOON, hub.database)
    assert hub.rows(Backup) == []


def test_what_is_no_backup_is_refused(
    hub: Hub, tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stray = tmp_path / "stray.sqlite3"
    stray.write_bytes(b"hello")
    assert main(["verify", str(stray), "--config", config]) == 1
    assert "is no backup of a hub's ledger" in capsys.readouterr().err
    assert main(["verify", str(tmp_path / "nowhere"), "--config", config]) == 1
    assert "No such file" in capsys.readouterr().err


def test_a_backup_of_another_ledger_does_not_count(
    hub: Hub, harbour: Journal, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    (tmp_path / "other").mkdir()
    kind = "sqlite" if hub.database.is_sqlite else "postgresql"
    with of_kind(kind, request, tmp_path / "other") as url:
        database = Database(url)
        other = Hub(settings_in(tmp_path / "other", url), database)
        stranger = Journal(HARBOUR, name=harbour.name)
        stranger.write(opened(), found("i8"), found("i9"))
        other.deliver(stranger)
        verified = copy(other, tmp_path / "b")
        database.close()
    with pytest.raises(BackupUnfit, match="this ledger doesn't continue"):
        count(hub, verified)
    assert hub.rows(BackupCursor) == []


def test_the_command_makes_checks_counts_and_lets_go_of_old_ones(
    hub: Hub, harbour: Journal, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        assert main(["backup", "--config", config]) == 0
        harbour.write(found("i3"))
        hub.deliver(harbour)
    said = capsys.readouterr()
    first, second, third = [line for line in said.out.splitlines() if "count" in line]
    assert first.endswith("sites keep every event until there is a second")
    assert second.endswith("sites may forget 3 of 4 events")
    assert third.startswith("2 backups count, the newest of 20")
    assert third.endswith("sites may forget 4 of 5 events")
    assert "restoring hub-" in said.err
    kept = sorted((tmp_path / "backups").glob("hub-*"))
    assert len(kept) == len(hub.rows(Backup)) == 2
    assert main(["verify", str(kept[0]), "--config", config]) == 0
    assert "whole; 4 events of 1 journals" in capsys.readouterr().out


def test_the_habit_waits_for_the_newest_that_counts_to_be_old_enough(
    hub: Hub, harbour: Journal, tmp_path: Path
) -> None:
    settings = hub.settings.model_copy(update={"backup": Keeping(folder=tmp_path / "b", every_hours=24)})
    passed: list[Any] = [0.0, NOON]
    keeper = safekeeping.Safekeeper(settings, hub.database, Clock(lambda: passed[1], lambda: passed[0]))
    backups.make(hub.database, tmp_path / "b", NOON)
    assert keeper.attempt() == safekeeping.FIRST_S
    passed[0] = safekeeping.FIRST_S
    assert keeper.attempt() == 0
    assert len(hub.rows(Backup)) == 1
    assert keeper.attempt() == safekeeping.LOOK_S
    passed[1] = NOON + timedelta(hours=23, minutes=50)
    assert keeper.attempt() == 600
    passed[1] = NOON + timedelta(hours=24)
    assert keeper.attempt() == 0
    assert len(hub.rows(Backup)) == 2


def test_a_habit_that_fails_says_why_and_goes_on(
    hub: Hub, harbour: Journal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = hub.settings.model_copy(update={"backup": Keeping(folder=tmp_path / "b")})
    count(hub, copy(hub, tmp_path / "b"))
    keeper = safekeeping.Safekeeper(settings, hub.database, Clock(lambda: NOON + timedelta(days=3), lambda: 0.0))
    change(hub, 2)
    assert keeper.attempt() == safekeeping.AGAIN_S
    (line,) = [record for record in caplog.records if record.name == "hub.safekeeping"]
    assert "event 2 isn't what the site sent" in line.getMessage()
    assert line.exc_info is None
    (noticed,) = hub.rows(Incident)
    assert (noticed.site, noticed.kind, noticed.times) == ("", IncidentKind.NO_BACKUP, 1)
    assert "event 2 isn't what the site sent" in noticed.detail
    assert keeper.attempt() == safekeeping.AGAIN_S
    assert hub.rows(Incident)[0].times == 2


def test_the_settings_of_backups_are_read(config: str) -> None:
    settings = load(Path(config))
    assert (settings.backup.every_hours, settings.backup.keep) == (0, 2)
    assert settings.backup_folder == settings.data_dir / "backups"


def test_the_name_tells_time_and_ledger_and_only_the_owner_reads_it(hub: Hub, harbour: Journal, tmp_path: Path) -> None:
    file = backups.make(hub.database, tmp_path / "b", NOON).file
    name = hub.rows(Meta)[0].value
    content = hashlib.sha256(file.read_bytes()).hexdigest()
    assert file.stem == f"hub-20261123T120000.000000Z-{name[:8]}-{content[:12]}"
    assert file.stat().st_mode & 0o777 == 0o600
    moved = file.rename(tmp_path / file.name)
    os.utime(moved, (0, 0))
    assert backups.verify(moved, tmp_path / "b", hub.settings.zone, NOON, hub.database).made_at == NOON


def test_a_copy_of_what_was_restored_since_does_not_count(hub: Hub, harbour: Journal, tmp_path: Path) -> None:
    verified = copy(hub, tmp_path / "b")
    with hub.database.write() as session:
        ledger.renew_ledger_id(session)
    with pytest.raises(BackupUnfit, match="another ledger"):
        count(hub, verified)


def test_a_copy_that_ends_at_a_gap_counts_when_the_ledger_went_on(hub: Hub, harbour: Journal, tmp_path: Path) -> None:
    harbour.write(*(found(f"i{number}") for number in range(4, 8)))
    harbour.base = 6
    hub.send(HARBOUR, Up.HELLO, harbour.hello(stored=5))
    verified = copy(hub, tmp_path / "b")
    assert verified.events == 5
    hub.send(HARBOUR, Up.EVENTS, harbour.batch(6))
    count(hub, verified)
    false = replace(verified, id="ab" * 16, held={(HARBOUR, harbour.epoch): (5, b"x" * 16)})
    with pytest.raises(BackupUnfit, match="doesn't continue"):
        count(hub, false)


def test_copies_that_fail_do_not_push_out_those_that_count(hub: Hub, harbour: Journal, tmp_path: Path) -> None:
    now = [NOON]

    def back_up() -> None:
        now[0] += timedelta(hours=1)
        safekeeping.back_up(hub.settings.model_copy(update={"backup": Keeping(keep=2)}), hub.database, clock, str)

    clock = Clock(lambda: now[0], lambda: 0.0)
    back_up()
    back_up()
    good = sorted((tmp_path / "backups").glob("hub-*"))
    change(hub, 2)
    for _ in range(3):
        with pytest.raises(BackupUnfit, match="event 2 isn't what the site sent"):
            back_up()
    held = sorted((tmp_path / "backups").glob("hub-*"))
    assert (held[:2], [file.suffix for file in held[2:]]) == (good, [".unchecked"])
    with hub.database.write() as session:
        session.exec(select(LedgerRow).where(LedgerRow.seq == 2)).one().body = harbour.bodies[1]
    left = backups.make(hub.database, tmp_path / "backups", now[0]).file
    anothers = left.with_name(f"hub-20260101T000000.000000Z-notours0{left.suffix}")
    anothers.touch()
    back_up()
    assert not left.exists()
    assert anothers.exists()
    assert good[1].exists()
    assert not good[0].exists()
    assert len(hub.rows(Backup)) == 2


def test_what_a_killed_backup_left_behind_is_removed(hub: Hub, harbour: Journal, tmp_path: Path) -> None:
    scratch = tmp_path / "backups" / backups.CHECKED_IN
    scratch.mkdir(parents=True)
    (scratch / "hub.sqlite3-wal").write_bytes(b"left")
    partial = tmp_path / "backups" / "hub-1.sqlite3.partial"
    partial.write_bytes(b"left")
    if not hub.database.is_sqlite:
        url = make_url(hub.database.url)
        with psycopg.connect(dbname="postgres", host=url.query["host"], user=url.username, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {url.database}{dumps.SCRATCH}")
    safekeeping.back_up(hub.settings, hub.database, Clock(), str)
    assert not partial.exists()
    if hub.database.is_sqlite:
        assert list(scratch.iterdir()) == []
    else:
        with hub.database.read() as session:
            names = session.connection().exec_driver_sql("SELECT datname FROM pg_database").scalars().all()
        assert [name for name in names if dumps.SCRATCH in name] == []


def test_the_backup_goes_where_it_is_told(hub: Hub, harbour: Journal, config: str, tmp_path: Path) -> None:
    assert main(["backup", "--folder", str(tmp_path / "stick"), "--config", config]) == 0
    assert len(list((tmp_path / "stick").glob("hub-*"))) == 1
    assert not (tmp_path / "backups").exists()


def test_a_folder_nobody_can_write_is_said_in_a_sentence(
    hub: Hub, harbour: Journal, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["backup", "--folder", str(tmp_path / "file"), "--config", config]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"microlib-hub: {tmp_path}/file")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_missing_program_is_named(
    hub: Hub, harbour: Journal, config: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["backup", "--config", config]) == 1
    assert "pg_dump isn't installed; on Debian: apt install postgresql-client" in capsys.readouterr().err


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_password_stands_in_no_command_line(
    hub: Hub, harbour: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[list[str], str]] = []
    run = subprocess.run

    def listen(command: list[str], **more: Any) -> Any:
        told.append((command, more["env"].get("PGPASSWORD", "")))
        return run(command, **more)

    monkeypatch.setattr(subprocess, "run", listen)
    for secret in ("microlib:s3cret@/", "microlib@/"):
        url = hub.database.url.replace("microlib@/", secret) + ("" if ":s3" in secret else "&password=s3cret")
        database = Database(url)
        made = backups.make(database, tmp_path / "b", NOON)
        backups.verify(made.file, tmp_path / "b", hub.settings.zone, NOON, database)
        database.close()
    assert [Path(command[0]).name for command, _ in told] == ["pg_dump", "pg_restore"] * 2
    assert {password for _, password in told} == {"s3cret"}
    assert not any("s3cret" in word for command, _ in told for word in command)
