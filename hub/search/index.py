"""Keeps what titles are found by in step with the titles, makes it anew, and says where the two differ."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import asdict

from sqlalchemy import delete, insert, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from hub.ledger import chunks
from hub.models import Meta, Title, TitleSearch
from hub.search.columns import WORDS
from hub.search.tokens import VERSION, Entry, Work, entry

Progress = Callable[[int, int], None]
"""(titles done, of)."""
MADE_BY = "title_search"
"""In meta: the version of the tokens that the index was made with."""
STEP = 1000
"""Titles read at once, and between two calls of `progress`."""


def renew(session: Session, title_ids: Collection[str]) -> None:
    """Writes the rows of these titles as the titles now are; those of titles that are gone go too."""
    session.flush()
    for part in chunks(sorted(title_ids)):
        _write(session, part, session.exec(select(Title).where(col(Title.title_id).in_(part))))


def rebuild(session: Session, progress: Progress = lambda done, of: None) -> int:
    """Makes every row anew; answers how many titles there are."""
    session.flush()
    session.execute(delete(TitleSearch))
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text(f"INSERT INTO {WORDS} ({WORDS}) VALUES ('rebuild')"))  # also when it was damaged
    keys = list(session.exec(select(Title.title_id).order_by(Title.title_id)))
    for begin in range(0, len(keys), STEP):
        progress(begin, len(keys))
        part = keys[begin : begin + STEP]
        _insert(session, session.exec(select(Title).where(col(Title.title_id).in_(part))))
    progress(len(keys), len(keys))
    session.merge(Meta(key=MADE_BY, value=VERSION))
    return len(keys)


def ensure(session: Session, progress: Progress = lambda done, of: None) -> int:
    """Makes what is missing, or everything when it was made by another version; answers how many rows it wrote."""
    made_by = session.get(Meta, MADE_BY)
    if made_by is None or made_by.value != VERSION:
        return rebuild(session, progress)
    found = select(TitleSearch.title_id).where(TitleSearch.title_id == Title.title_id)
    missing = list(session.exec(select(Title.title_id).where(~found.correlate(Title).exists())))
    renew(session, missing)
    return len(missing)


def differences(session: Session, progress: Progress = lambda done, of: None) -> list[str]:
    """Where the index doesn't say what the titles do, in plain words. In a session that may write."""
    found = []
    known = list(session.exec(select(Title.title_id).order_by(Title.title_id)))
    for begin in range(0, len(known), STEP):
        progress(begin, len(known))
        part = known[begin : begin + STEP]
        rows = {row.title_id: row for row in session.exec(_rows(part))}
        for title in session.exec(select(Title).where(col(Title.title_id).in_(part)).order_by(Title.title_id)):
            row, wanted = rows.get(title.title_id), entry(work_of(title))
            if row is None:
                found.append(f"what title {title.title_id} is found by: is missing from the table")
            elif wrong := [name for name in Entry.__slots__ if getattr(row, name) != getattr(wanted, name)]:
                found.append(f"what title {title.title_id} is found by: {', '.join(wrong)} differ from the title")
        session.expunge_all()
    return found + _damage(session)


def work_of(title: Title) -> Work:
    """What of a title it is found by."""
    return Work(
        title_id=title.title_id,
        title=title.title,
        author=title.author,
        subjects=tuple(_parts(title.subjects)),
        themes=tuple(_parts(title.themes)),
        region=title.region,
        isbn=title.isbn,
        clc=title.clc,
        dewey=title.dewey,
    )


def _write(session: Session, title_ids: Collection[str], titles: Iterable[Title]) -> None:
    wanted = {title.title_id: entry(work_of(title)) for title in titles}
    for row in session.exec(_rows(title_ids)):
        now = wanted.pop(row.title_id, None)
        if now is None:
            session.delete(row)
            continue
        for name, value in _values(now).items():
            if getattr(row, name) != value:
                setattr(row, name, value)
    session.flush()
    _insert_all(session, wanted.items())


def _insert(session: Session, titles: Iterable[Title]) -> None:
    _insert_all(session, [(title.title_id, entry(work_of(title))) for title in titles])


def _insert_all(session: Session, made: Iterable[tuple[str, Entry]]) -> None:
    rows = [{"title_id": key, **_values(each)} for key, each in made]
    if rows:
        session.execute(insert(TitleSearch), rows)


def _values(made: Entry) -> dict[str, object]:
    return asdict(made)


def _rows(title_ids: Collection[str]) -> SelectOfScalar[TitleSearch]:
    return select(TitleSearch).where(col(TitleSearch.title_id).in_(title_ids))


def _parts(listed: str) -> Iterator[str]:
    return (part for part in listed.split("|") if part)


def _damage(session: Session) -> list[str]:
    """What SQLite says of its full-text table against the rows it was made of; PostgreSQL has no second table."""
    if session.get_bind().dialect.name != "sqlite":
        return []
    try:
        session.execute(text(f"INSERT INTO {WORDS} ({WORDS}, rank) VALUES ('integrity-check', 1)"))
    except DatabaseError as wrong:
        return [f"the words that titles are found by differ from the table they are made of: {wrong.orig}"]
    return []
