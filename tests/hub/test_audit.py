"""`microlib-hub check`: what somebody changed in the ledger or beside it is found, named and explained."""

from typing import Any

import pytest
from sqlmodel import select

from hub.cli import main
from hub.models import Holding, LedgerRow, Loan, SiteState
from protocol.topics import Up
from tests.hub.cast import HARBOUR, Journal, borrowed, carried, found, opened
from tests.hub.keeping import change
from tests.hub.running import Hub


def check(config: str, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    """The command's exit code and what it said."""
    capsys.readouterr()
    code = main(["check", *more, "--config", config])
    return code, capsys.readouterr().out


def edit(hub: Hub, seq: int, **columns: Any) -> None:
    """Somebody changes columns of a row of the ledger."""
    with hub.database.write() as session:
        row = session.exec(select(LedgerRow).where(LedgerRow.seq == seq)).one()
        for name, value in columns.items():
            setattr(row, name, value)


def test_check_finds_a_changed_event_and_says_what_to_do(
    hub: Hub, harbour: Journal, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--config", config]) == 0
    assert "every chain of digests holds" in capsys.readouterr().out
    change(hub, 2)
    assert main(["check", "--config", config]) == 1
    said = capsys.readouterr().out
    assert f"{HARBOUR}, journal {harbour.epoch[:8]}: event 2 isn't what the site sent" in said
    assert "restore a backup" in said


def test_check_finds_a_missing_row_and_a_cursor_that_runs_ahead(
    hub: Hub, harbour: Journal, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with hub.database.write() as session:
        session.delete(session.exec(select(LedgerRow).where(LedgerRow.seq == 2)).one())
    assert main(["check", "--config", config]) == 1
    assert "place 2 is missing" in capsys.readouterr().out
    with hub.database.write() as session:
        session.delete(session.exec(select(LedgerRow).where(LedgerRow.seq == 3)).one())
    assert main(["check", "--config", config]) == 1
    assert "its rows end at 1, its cursor says 3" in capsys.readouterr().out


def test_check_tells_of_losses_and_passes_over_gaps(
    hub: Hub, harbour: Journal, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    harbour.write(found("i3"), found("i4"), found("i5"))
    harbour.base = 5
    hub.send(HARBOUR, Up.EVENTS, harbour.batch(5))
    assert main(["check", "--config", config]) == 0
    said = capsys.readouterr().out
    assert "events 4 to 4 are lost" in said
    assert "1 losses on record" in said


@pytest.mark.parametrize(("column", "value"), [("item", "i2"), ("up_ms", 7), ("event_id", "ab" * 16)])
def test_a_row_that_says_otherwise_than_its_event_is_named(
    hub: Hub, harbour: Journal, config: str, capsys: pytest.CaptureFixture[str], column: str, value: Any
) -> None:
    edit(hub, 2, **{column: value})
    code, said = check(config, capsys)
    assert code == 1
    assert f"event 2: {column} in its row isn't what the event says" in said


def test_an_event_that_counts_twice_or_never_is_named(
    hub: Hub, harbour: Journal, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    later = carried(harbour, "second", 1)
    hub.deliver(later)
    assert check(config, capsys)[0] == 0
    with hub.database.write() as session:
        copies = session.exec(select(LedgerRow).where(LedgerRow.epoch == later.epoch)).all()
        copies[1].duplicate_of = None
        copies[2].duplicate_of = copies[0].id
    code, said = check(config, capsys)
    assert code == 1
    assert "counts 2 times" in said
    assert f"journal {later.epoch[:8]}: event 3 is called a copy of one that it isn't" in said
    edit_all(hub, duplicate_of=1)
    assert "counts 0 times" in check(config, capsys)[1]


def test_rows_of_a_journal_without_a_cursor_are_named(
    hub: Hub, harbour: Journal, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(hub, 3, epoch="cd" * 16)
    assert f"{HARBOUR}, journal cdcdcdcd: 1 rows, but the ledger has no cursor of it" in check(config, capsys)[1]


def test_losses_of_a_closed_journal_are_counted(
    hub: Hub, harbour: Journal, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh = Journal(HARBOUR, "second")
    fresh.write(opened(harbour.epoch, 8, "new"))
    hub.deliver(fresh)
    code, said = check(config, capsys)
    assert code == 0
    assert f"{HARBOUR}, journal {harbour.epoch[:8]}: 5 events are lost with the journal that held them" in said


def test_a_site_whose_journal_went_another_way_is_named(
    hub: Hub, harbour: Journal, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.send(HARBOUR, Up.HELLO, harbour.hello(stored=2))
    assert "differs" not in check(config, capsys)[1].replace("differences", "")
    other = Journal(HARBOUR)
    other.write(opened(), found("i8"), found("i9"))
    hub.send(HARBOUR, Up.HELLO, other.hello(stored=2))
    code, said = check(config, capsys)
    assert code == 0
    assert f"journal {harbour.epoch[:8]}: the site's own differs from the ledger up to event 2" in said


def test_what_differs_is_explained_and_repaired(
    hub: Hub, harbour: Journal, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    harbour.visit("v1", borrowed("i1", "v1"))
    hub.deliver(harbour)
    with hub.database.write() as session:
        session.get_one(Holding, "i2").shelf = "B"
        session.delete(session.exec(select(Loan)).one())
        session.get_one(SiteState, HARBOUR).last_visit = "v0"
    code, said = check(config, capsys)
    assert code == 1
    assert "where item i2: shelf is B, the ledger says A" in said
    assert "1 × where item: pages and the directory sent to sites have items in places where they aren't" in said
    assert "1 × loan: patrons may be asked for what they don't have" in said
    assert "1 × the newest visit of: the site's page shows" in said
    assert "no backup counts: sites keep every event" in said
    code, said = check(config, capsys, "--repair")
    assert code == 0
    assert "3 differences repaired" in said
    assert check(config, capsys)[0] == 0


def test_every_kind_of_difference_has_its_meaning(
    hub: Hub, harbour: Journal, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with hub.database.write() as session:
        for table in ("boot", "holding"):
            session.connection().exec_driver_sql(f"DELETE FROM {table}")
    said = check(config, capsys)[1]
    assert "1 × the clock of boot: times shown" in said
    assert "2 × where item" in said


def edit_all(hub: Hub, **columns: Any) -> None:
    """Somebody changes columns of every row."""
    with hub.database.write() as session:
        for row in session.exec(select(LedgerRow)):
            for name, value in columns.items():
                setattr(row, name, value)
