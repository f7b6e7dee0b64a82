"""`microlib-hub` as a person or a script calls it."""

import io
import re
import time
from pathlib import Path

import pytest
from sqlmodel import select

from hub.cli import main
from hub.database import Database
from hub.models import Holding, Staff
from hub.promises import Promises
from hub.settings import load
from protocol.events import CountedAnew
from tests.hub.cast import HARBOUR, MASTER, OWNER, SALT, Journal, borrowed, found, opened, returned, settings_in
from tests.hub.running import Hub


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> str:
    """A settings file for the fresh database."""
    (tmp_path / "master.key").write_text(MASTER.hex())
    path = tmp_path / "hub.toml"
    path.write_text(
        f'data_dir = "{tmp_path}"\ndatabase_url = "{database_url}"\nfleet_salt = "{SALT.hex()}"\n'
        f'master_key_file = "{tmp_path}/master.key"\nowners = ["{OWNER}"]\n[broker]\ntls = false\nport = 1\n'
    )
    return str(path)


@pytest.fixture
def told(config: str, database: Database, tmp_path: Path) -> Journal:
    """i1 was found, borrowed and brought back at the harbour."""
    journal = Journal(HARBOUR)
    journal.write(opened(), found("i1"))
    journal.visit("v1", borrowed("i1", "v1"))
    journal.visit("v2", returned("i1", "v2"))
    Hub(settings_in(tmp_path, database.url), database).deliver(journal)
    return journal


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["serve"], ["import"], ["check"], ["replay"], ["backup"], ["verify"], ["restore"], ["staff"]):
        with pytest.raises(SystemExit) as done:
            main([*words, "--help"])
        assert done.value.code == 0
        assert "usage: microlib-hub" in capsys.readouterr().out


def test_an_import_looks_first_and_writes_when_told(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rules.csv"
    path.write_text("group,loan_days,limit\nadult,28,5\n")
    assert main(["import", "rules", str(path), "--config", config]) == 0
    assert "nothing imported without --apply" in capsys.readouterr().out
    assert main(["import", "rules", str(path), "--apply", "--config", config]) == 0
    assert "1 rows of rules imported" in capsys.readouterr().out
    path.write_text("group,loan_days,limit\nadult,0,many\n")
    assert main(["import", "rules", str(path), "--apply", "--config", config]) == 1
    said = capsys.readouterr()
    assert re.findall(r"^rules.csv, line 2, (\w+):", said.out, re.MULTILINE) == ["limit", "loan_days"]
    assert "nothing was imported" in said.err


def test_several_files_are_imported_one_after_the_other_up_to_the_first_that_can_not_be(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules, sites, more = tmp_path / "rules.csv", tmp_path / "sites.csv", tmp_path / "more.csv"
    rules.write_text("group,loan_days,limit\nadult,28,5\n")
    sites.write_text("site,name_zh,name_en\nUPPER CASE,a,b\n")
    more.write_text("group,loan_days,limit\nchild,28,5\n")
    words = ["rules", str(rules), "sites", str(sites), "rules", str(more)]
    assert main(["import", *words, "--apply", "--config", config]) == 1
    said = capsys.readouterr()
    assert ("1 rows of rules imported" in said.out, "sites.csv" in said.err) == (True, True)
    assert "more.csv" not in said.out + said.err
    for wrong, why in (
        (["rules"], "a file is missing"),
        ([str(rules)], "is no kind"),
        (["rules", "a", "b"], "is no kind"),
    ):
        with pytest.raises(SystemExit, match="2"):
            main(["import", *wrong, "--config", config])
        assert why in capsys.readouterr().err


def test_importing_a_file_that_is_not_there_says_so(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "rules", "nowhere.csv", "--config", config]) == 1
    assert "nowhere.csv: No such file" in capsys.readouterr().err


def test_check_agrees_says_what_differs_and_repairs_it(
    config: str, told: Journal, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--config", config]) == 0
    with database.write() as session:
        session.get_one(Holding, "i1").state = "missing"
    assert main(["check", "--config", config]) == 1
    assert "where item i1: state is missing, the ledger says shelf" in capsys.readouterr().out
    assert main(["check", "--repair", "--config", config]) == 0
    assert main(["check", "--config", config]) == 0
    with database.read() as session:
        assert session.get_one(Holding, "i1").state == "shelf"


def test_replay_tells_an_items_history_and_where_everything_was(
    config: str, told: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", "--item", "i1", "--config", config]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[:3]] == ["found", "borrowed", "returned"]
    assert "seen 4/4 before, 0/8 after" in lines[1]
    assert lines[3].startswith("i1: shelf, harbour-bank")
    assert lines[4].endswith("returned")
    assert main(["replay", "--until", "2026-03-02T12:04+08:00", "--config", config]) == 0
    assert capsys.readouterr().out.startswith("i1: loan, harbour-bank cabinet-1 shelf A, since 2026-03-02T12:03:00")


def replay(config: str, capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """What the command says."""
    assert main(["replay", *words, "--config", config]) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("until", "state"),
    [
        ("2026-03-02T11:59+08:00", "library"),
        ("2026-03-02T12:01+08:00", "shelf"),
        ("2026-03-02T04:02:59Z", "shelf"),
        ("2026-03-02T04:03Z", "loan"),
        ("2026-03-01T23:04-05:00", "loan"),
        ("2026-03-02T12:05+08:00", "shelf"),
        ("2036-01-01T00:00Z", "shelf"),
    ],
)
def test_replay_shows_the_past_at_any_time_of_any_zone(
    config: str, told: Journal, capsys: pytest.CaptureFixture[str], until: str, state: str
) -> None:
    (line,) = replay(config, capsys, "--until", until)
    assert re.split("[:,]", line)[1].strip() == state


def test_replay_ends_an_items_history_at_the_time_asked_for(
    config: str, told: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(config, capsys, "--item", "i1", "--until", "2026-03-01T00:00Z") == ["i1: library"]
    lines = replay(config, capsys, "--item", "i1", "--until", "2026-03-02T04:03Z")
    assert [line.split()[1] for line in lines] == ["found", "borrowed", "loan,", "from"]
    assert lines[-1].endswith(": open")


def test_a_time_without_a_zone_is_the_computers_own(
    config: str, told: Journal, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        assert replay(config, capsys, "--until", "2026-03-02T12:03")[0].startswith("i1: loan")
        assert replay(config, capsys, "--until", "2026-03-02T04:03") == ["i1: library"]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_time_that_is_none_is_refused(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["replay", "--until", "yesterday", "--config", config])
    assert done.value.code == 2
    assert "'yesterday' is no time like 2026-11-23T10:00+08:00" in capsys.readouterr().err


def test_replay_agrees_with_the_tables_about_what_a_count_missed(
    config: str, told: Journal, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh = Journal(HARBOUR, "second", boot="b2", up_ms=3_600_000)
    fresh.write(opened(told.epoch, len(told.bodies)), CountedAnew(station="cabinet-1", items=0))
    Hub(settings_in(tmp_path, database.url), database).deliver(fresh)
    with database.read() as session:
        assert session.get_one(Holding, "i1").state == "missing"
    assert replay(config, capsys)[0].startswith("i1: missing, harbour-bank")
    lines = replay(config, capsys, "--item", "i1")
    assert lines[3].endswith("not found by the count anew of harbour-bank")
    assert lines[4].startswith("i1: missing")


def test_migrate_may_be_called_at_any_time(config: str) -> None:
    assert main(["migrate", "--config", config]) == 0


def test_staff_are_added_with_a_password_from_input(
    config: str, database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a shelf is the truth\n"))
    assert main(["staff", "add", "lin", "--password-stdin", "--config", config]) == 0
    with database.read() as session:
        assert session.exec(select(Staff.name)).all() == ["lin"]
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert main(["staff", "add", "mei", "--password-stdin", "--config", config]) == 1
    assert "microlib-hub: " in capsys.readouterr().err


def test_a_ledger_older_than_promised_is_not_served_without_a_word(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Promises(load(Path(config)).promise_file).keep({(HARBOUR, "ab" * 16): 9})
    assert main(["serve", "--config", config]) == 1
    assert "harbour-bank was told that events up to 9 are safe; this ledger ends at 0" in capsys.readouterr().err


def test_a_promise_that_cannot_be_read_stops_the_start(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    load(Path(config)).promise_file.write_text("{")
    assert main(["serve", "--config", config]) == 1
    assert "what sites were promised is not known" in capsys.readouterr().err


def test_wrong_settings_are_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--config", str(tmp_path / "none.toml")]) == 1
    assert capsys.readouterr().err.startswith("microlib-hub: ")
