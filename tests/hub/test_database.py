"""Tables, transactions and moments, the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlmodel import SQLModel, col, select

from hub.database import Database
from hub.errors import DatabaseNotReady
from hub.migrations import ensure, migrate
from hub.models import Backup, DirectoryEntry, Gap, Item, Meta, Reservation, Rule, Title
from hub.search.columns import WORDS
from tests.hub.cast import NOON


@pytest.fixture
def older(database: Database) -> Database:
    """A database of version 0002, empty."""
    with database.engine.begin() as connection:
        SQLModel.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        connection.execute(text(f"DROP TABLE IF EXISTS {WORDS}"))  # on SQLite, and no model's
    migrate(database.engine, "0002")
    return database


def test_the_migrations_make_exactly_the_tables_of_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        ours = {"include_name": lambda name, *_: not (name or "").startswith(WORDS)}
        context = MigrationContext.configure(connection, opts=ours)
        assert compare_metadata(context, SQLModel.metadata) == []


def test_an_empty_database_is_set_up_and_a_ready_one_left_alone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'deep' / 'hub.sqlite3'}")
    ensure(database.engine)
    ensure(database.engine)
    with database.read() as session:
        assert session.exec(select(Gap)).all() == []
    database.close()


def test_tables_of_a_newer_version_are_left_alone(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseNotReady, match="of a newer microlib than this one"):
        ensure(database.engine)


def test_somebody_elses_database_is_refused(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'other.sqlite3'}")
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE cats (name TEXT)"))
    with pytest.raises(DatabaseNotReady, match="not microlib's"):
        ensure(database.engine)
    database.close()


def test_migrating_twice_is_fine(database: Database) -> None:
    migrate(database.engine)


def test_titles_and_items_of_an_older_database_are_kept(older: Database) -> None:
    with older.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO title (title_id, title, author, isbn, language, themes, region, subjects, source) "
                "VALUES ('t1', '红楼梦', '', '', 'chi', '', '', '', '')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO item (item, title_id, tag, owner, lending, withdrawn) "
                "VALUES ('i1', 't1', 'E0040001', 'CN-1', 'normal', false), ('i2', 't1', NULL, 'CN-1', 'held', true)"
            )
        )
        connection.execute(text('INSERT INTO rule ("group", loan_days, "limit") VALUES (\'adult\', 28, 5)'))
    migrate(older.engine)
    with older.read() as session:
        (title,) = session.exec(select(Title))
        (rule,) = session.exec(select(Rule))
        items = list(session.exec(select(Item).order_by(col(Item.item))))
    assert (rule.loan_days, rule.limit, rule.renewals) == (28, 5, 0)
    assert (title.title, title.clc, title.dewey, title.audience) == ("红楼梦", "", "", "")
    assert [(item.item, item.tag, item.condition, item.barcode, item.shelf_mark) for item in items] == [
        ("i1", "E0040001", "good", None, ""),
        ("i2", None, "good", None, ""),
    ]


def test_whoever_waited_before_there_were_codes_gets_one(older: Database) -> None:
    migrate(older.engine, "0005")
    with older.engine.begin() as connection:
        for line in (
            "INSERT INTO title (title_id, title, author, isbn, language, themes, region, subjects, source) "
            "VALUES ('t1', 'One', '', '', 'eng', '', '', '', '')",
            "INSERT INTO site (site, name_zh, name_en, partner, address, capacity, return_only, trust_days) "
            "VALUES ('s1', '一', 'One', '', '', 0, true, 14)",
            "INSERT INTO patron (patron, name, \"group\") VALUES ('p1', 'Wei', 'adult')",
            "INSERT INTO reservation (patron, title_id, site, made_at) VALUES ('p1', 't1', 's1', 0)",
            "INSERT INTO reservation (patron, title_id, site, made_at) VALUES ('p1', 't1', 's1', 1)",
            "INSERT INTO directory_entry (kind, key, version, body, removed) VALUES ('policy', 's1', 1, '{}', false)",
        ):
            connection.execute(text(line))
    migrate(older.engine)
    with older.read() as session:
        codes = list(session.exec(select(Reservation.code)))
        assert session.exec(select(DirectoryEntry.site)).one() == "s1"
    assert [len(code) for code in codes] == [8, 8]
    assert all(code.isdecimal() for code in codes)


def test_a_block_that_fails_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.write() as session:
            session.add(Backup(id="b", made_at=NOON))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.read() as session:
        assert session.exec(select(Backup)).all() == []


def test_moments_come_back_aware_in_utc_and_compare_as_moments(database: Database) -> None:
    beijing = timezone(timedelta(hours=8))
    early, late = datetime(2026, 3, 1, 23, tzinfo=UTC), datetime(2026, 3, 2, 8, 30, tzinfo=beijing)
    with database.write() as session:
        session.add_all([Backup(id="early", made_at=early), Backup(id="late", made_at=late)])
    with database.read() as session:
        after = session.exec(select(Backup).where(Backup.made_at > early)).all()
    assert [(row.id, row.made_at) for row in after] == [("late", datetime(2026, 3, 2, 0, 30, tzinfo=UTC))]
    assert after[0].made_at.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match="a moment needs its zone"), database.write() as session:
        session.add(Backup(id="b", made_at=datetime(2026, 3, 1)))  # noqa: DTZ001 (what is to be refused)


def test_sqlite_is_durable_and_keeps_its_references(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'hub.sqlite3'}")
    with database.engine.connect() as connection:
        asked = ("journal_mode", "synchronous", "foreign_keys")
        assert [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked] == ["wal", 2, 1]
    database.close()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseNotReady, match=r"no folder for the database .*/file/data/hub\.sqlite3"):
        Database(f"sqlite:///{tmp_path}/file/data/hub.sqlite3")


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "hub.sqlite3").write_bytes(b"no database, but long enough to be read as one" * 100)
    database = Database(f"sqlite:///{tmp_path}/hub.sqlite3")
    with pytest.raises(DatabaseNotReady, match=r"no database at .*hub\.sqlite3: file is not a database"):
        database.probe()
    database.close()


def test_a_database_that_does_not_answer_is_said_without_its_password(tmp_path: Path) -> None:
    database = Database(f"postgresql+psycopg://microlib:hidden-word@/none?host={tmp_path}")
    with pytest.raises(DatabaseNotReady, match="no database at") as wrong:
        database.probe()
    assert "hidden-word" not in str(wrong.value)


def test_who_reads_sees_one_state_while_others_write(database: Database) -> None:
    with database.read() as reader:
        assert reader.exec(select(Meta)).all() == []
        with database.write() as writer:
            writer.add(Meta(key="k", value="v"))
        assert reader.exec(select(Meta)).all() == []
    with database.read() as reader:
        assert len(reader.exec(select(Meta)).all()) == 1
