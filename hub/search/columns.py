"""How tokens are kept in a column, and how a title is asked for by them, in SQLite (FTS5) and PostgreSQL (tsvector)."""

from typing import Any

from sqlalchemy import Dialect, String, Text, bindparam
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from hub.search.wanted import Wanted, for_postgresql, for_sqlite

WORDS = "title_words"
"""SQLite's full-text table, whose own tables' names begin so too; PostgreSQL's index over the tokens."""
PLAINLY_ORDERED = String().with_variant(String(collation="C"), "postgresql")
"""Text that both databases put in the same order: by its characters' numbers."""


class Tokens(TypeDecorator[frozenset[str]]):
    """A set of tokens: a tsvector, or in SQLite all of them with blanks between."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """What the database calls it."""
        return dialect.type_descriptor(TSVECTOR() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: frozenset[str] | None, dialect: Dialect) -> str | None:
        """To the database."""
        if value is None:
            return None
        return " ".join(f"'{token}'" if dialect.name == "postgresql" else token for token in sorted(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> frozenset[str] | None:
        """From the database."""
        return None if value is None else frozenset(token.strip("'") for token in value.split())


class _Asked(TypeDecorator[Wanted]):
    """What is wanted, in the database's words."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Wanted | None, dialect: Dialect) -> str | None:
        """To the database."""
        if value is None:
            return None
        return for_postgresql(value) if dialect.name == "postgresql" else for_sqlite(value)


class matches(FunctionElement[bool]):  # noqa: N801 (written like a function)
    """`matches(id, tokens, wanted)`: whether a row of the index, told by these two columns, is wanted."""

    type: TypeEngine[Any] = NullType()  # a Boolean would be compared with 1 on SQLite, which then reads every row
    inherit_cache = True

    def __init__(self, number: Any, tokens: Any, wanted: Wanted) -> None:
        super().__init__(number, tokens, bindparam(None, wanted, type_=_Asked(), unique=True))


@compiles(matches, "sqlite")
def _in_sqlite(element: matches, compiler: Any, **more: Any) -> str:
    number, _, asked = (compiler.process(part, **more) for part in element.clauses)
    return f"{number} IN (SELECT rowid FROM {WORDS} WHERE {WORDS} MATCH {asked})"


@compiles(matches, "postgresql")
def _in_postgresql(element: matches, compiler: Any, **more: Any) -> str:
    _, tokens, asked = (compiler.process(part, **more) for part in element.clauses)
    return f"{tokens} @@ CAST({asked} AS tsquery)"
