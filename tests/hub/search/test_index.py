"""The index says what the titles say, whatever happens to them, and when it doesn't somebody hears of it."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from hub import cli
from hub.database import Database
from hub.directory.rows import Kind
from hub.models import Meta, Title, TitleSearch
from hub.search import index
from hub.search.find import find
from hub.views.view import Cut
from tests.hub.cast import settings_in
from tests.hub.keeping import config
from tests.hub.running import Hub
from tests.hub.search.works import WORKS, fill

__all__ = ["config"]


@pytest.fixture
def hub(database: Database, tmp_path: Path) -> Hub:
    return Hub(settings_in(tmp_path, database.url), database)


def found(session: Session, words: str) -> tuple[str, ...]:
    return find(session, words, Cut()).rows


def test_what_is_imported_is_found_and_what_is_changed_is_found_anew(hub: Hub, tmp_path: Path) -> None:
    hub.bring(Kind.TITLES, "title_id,title,author\na,红楼梦,曹雪芹\nb,Pride,Zoboi\n", tmp_path)
    hub.bring(Kind.TITLES, "title_id,title,author\nb,Prejudice,Zoboi\nc,Emma,Austen\n", tmp_path)
    with hub.database.write() as session:
        assert [found(session, words) for words in ("hlm", "pride", "prejud", "emma")] == [("a",), (), ("b",), ("c",)]
        assert index.differences(session) == []


def test_a_dry_run_changes_nothing_of_it(hub: Hub, tmp_path: Path) -> None:
    hub.bring(Kind.TITLES, "title_id,title\na,Emma\n", tmp_path, apply=False)
    assert hub.rows(TitleSearch) == []


def test_titles_from_before_the_index_are_found_after_a_start(database: Database) -> None:
    with database.write() as session:
        session.add_all(Title(**title.model_dump()) for title in WORKS)
        session.add(Meta(key=index.MADE_BY, value="0"))
    with database.write() as session:
        assert found(session, "hlm") == ()
        assert index.ensure(session) == len(WORKS)
        assert index.ensure(session) == 0
        session.add(Title(title_id="new", title="New"))
        assert index.ensure(session) == 1
        assert (found(session, "hlm"), found(session, "new")) == (("t01", "t02"), ("new",))


def test_a_title_that_goes_takes_its_row_with_it(database: Database) -> None:
    fill(database)
    with database.write() as session:
        session.delete(session.get_one(Title, "t01"))
    with database.write() as session:
        assert found(session, "hlm") == ("t02",)
        assert index.differences(session) == []


def test_a_title_changed_behind_its_back_is_named_and_made_anew(database: Database) -> None:
    fill(database)
    with database.write() as session:
        session.get_one(Title, "t06").title = "Emma"
        session.add(Title(title_id="t99", title="Unknown"))
        session.flush()
        assert index.differences(session) == [
            "what title t06 is found by: name, place, tokens differ from the title",
            "what title t99 is found by: is missing from the table",
        ]
        assert index.rebuild(session) == len(WORKS) + 1
        assert index.differences(session) == []
        assert found(session, "emma") == ("t06",)


def test_words_that_differ_from_their_table_are_noticed_and_made_anew(tmp_path: Path, sqlite_template: Path) -> None:
    (tmp_path / "hub.sqlite3").write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{tmp_path / 'hub.sqlite3'}")
    fill(database)
    with database.write() as session:
        session.execute(text("DROP TRIGGER title_words_changed"))
        session.execute(text("UPDATE title_search SET tokens = 'owlost' WHERE title_id = 't01'"))
    with database.write() as session:
        assert any("the words that titles are found by differ" in line for line in index.differences(session))
        index.rebuild(session)
        assert index.differences(session) == []
        assert found(session, "hlm") == ("t01", "t02")
    database.close()


def test_check_tells_of_it_and_reindex_puts_it_right(
    hub: Hub, tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.bring(Kind.TITLES, "title_id,title\na,Emma\n", tmp_path)
    with hub.database.write() as session:
        session.execute(text("DELETE FROM title_search"))
    assert cli.main(["check", "--config", config]) == 1
    said = capsys.readouterr().out
    assert "what title a is found by: is missing from the table" in said
    assert "the search differs from the titles in 1 places; microlib-hub reindex makes them anew" in said
    assert cli.main(["reindex", "--config", config]) == 0
    assert "1 titles can be found" in capsys.readouterr().out
    assert cli.main(["check", "--config", config]) == 0
    assert "the search agrees with the titles" in capsys.readouterr().out
    with hub.database.read() as session:
        assert session.exec(select(TitleSearch.name)).all() == ["emma"]
