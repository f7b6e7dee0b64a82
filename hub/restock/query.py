"""The language that themes are asked for in: read, and written again.

    subject:"space travel" AND (audience:children OR audience:young) NOT language:eng
    clc:I2* year:2010-2020
    红楼梦 OR author:"Jane Austen"

Words beside each other are all wanted, as with AND, which binds closer than OR; NOT leaves out, brackets group. A value
with blanks or signs stands in quotes (a quote in it as \\" and a backslash as \\\\); `*` after it: what begins so.
Full-width signs are read as the plain ones they stand for, and fields also by their Chinese names.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

LONGEST = 4000
"""Characters of a query."""
DEEPEST = 20
"""Brackets and NOTs within each other."""
LONGEST_VALUE = 200
YEARS = range(-3000, 2201)
"""Years that a title may be of."""
END = "the end"
"""What QueryWrong.found says where the text is over."""


class Field(StrEnum):
    """What a value is looked for in."""

    TITLE = "title"
    AUTHOR = "author"
    SUBJECT = "subject"
    THEME = "theme"
    REGION = "region"
    LANGUAGE = "language"
    AUDIENCE = "audience"
    CLASS = "class"
    """A class number of either classification."""
    CLC = "clc"
    DEWEY = "dewey"
    ISBN = "isbn"
    YEAR = "year"


CHINESE = {
    "题名": Field.TITLE,
    "书名": Field.TITLE,
    "作者": Field.AUTHOR,
    "主题词": Field.SUBJECT,
    "主题": Field.THEME,
    "地区": Field.REGION,
    "语种": Field.LANGUAGE,
    "读者": Field.AUDIENCE,
    "分类号": Field.CLASS,
    "中图法": Field.CLC,
    "杜威": Field.DEWEY,
    "年份": Field.YEAR,
}
"""Other names of fields."""
EXACT = frozenset({Field.LANGUAGE, Field.AUDIENCE})
"""Fields with codes: no `*` behind their values."""


@dataclass(frozen=True, slots=True)
class Words:
    """Words beside each other; the last only begun when `begins`."""

    text: str
    """With a letter or digit in it, at most LONGEST_VALUE characters."""
    field: Field | None = None
    """Not YEAR. None: title, author, subjects or themes."""
    begins: bool = False
    """Never of EXACT fields."""


@dataclass(frozen=True, slots=True)
class Years:
    """Years of publication, both ends included; None: no end. At least one is there."""

    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more parts."""

    parts: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more parts."""

    parts: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What `part` doesn't find."""

    part: "Query"


Query = Words | Years | And | Or | Not


class Wrong(StrEnum):
    """What can be wrong with a query; the value is a sentence, {found} what stands there."""

    EMPTY = "there is nothing to look for"
    LONG = f"a query has at most {LONGEST} characters"
    DEEP = f"at most {DEEPEST} brackets or NOTs may stand within each other"
    VALUE = "a value was expected, but here is {found}"
    LETTERS = "a value needs a letter or a digit, but here is {found}"
    LONG_VALUE = f"a value has at most {LONGEST_VALUE} characters"
    FIELD = "no field is called {found}; there are " + ", ".join(Field)
    QUOTE = "this quote is never closed"
    OPEN = "this bracket is never closed"
    CLOSED = "this bracket was never opened"
    STAR = "* must stand right behind a value, and {found} doesn't have one there"
    CODE = "language and audience are codes: * can't stand behind {found}"
    YEAR = "a year or years like 2010-2020, 2010- or -2020 were expected, but here is {found}"
    YEARS = "the first year is after the last in {found}"
    SIGN = "{found} must stand in quotes to be looked for"


class QueryWrong(ValueError):
    """A text is no query."""

    def __init__(self, wrong: Wrong, at: int, found: str = "") -> None:
        """`at`: the character it is wrong at, from 1."""
        self.wrong, self.at, self.found = wrong, at, found
        super().__init__(f"character {at}: {wrong.format(found=found)}")


@dataclass(frozen=True, slots=True)
class _Piece:
    """One thing in a text."""

    kind: str
    text: str
    at: int
    """The character it begins at, from 1."""
    end: int
    """The character after it."""

    @property
    def shown(self) -> str:
        return END if self.kind == "end" else f"“{self.text}{':' * (self.kind == 'field')}”"


_PLAIN = str.maketrans("：（）＊“”＂＼－", ':()*"""\\-')
_PIECE = re.compile(
    r"""(?P<blank>\s+)|(?P<sign>[()*])|(?P<field>[^\W\d_]+):|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<quote>")"""
    r"""|(?P<bare>[^\s()*":\\]+)|(?P<other>.)""",
    re.DOTALL,
)
_BARE = re.compile(r'[^\s()*":\\]+')
_YEARS = re.compile(r"(?P<only>-?\d{1,4})|(?P<first>-?\d{1,4})?-(?P<last>-?\d{1,4})?")
_OPERATORS = ("AND", "OR", "NOT")


def parse(text: str) -> Query:
    """The query that `text` is; raises QueryWrong with the first thing that is wrong with it."""
    if len(text) > LONGEST:
        raise QueryWrong(Wrong.LONG, LONGEST + 1)
    return _Parser(list(_cut(text))).query()


def write(query: Query) -> str:
    """A text that `parse` reads as `query`."""
    return _written(query, 0)


class _Parser:
    """Reads pieces from the left; every method takes what it reads."""

    def __init__(self, pieces: list[_Piece]) -> None:
        self._pieces = pieces
        self._next = 0
        self._depth = 0

    def query(self) -> Query:
        if self._here.kind == "end":
            raise QueryWrong(Wrong.EMPTY, 1)
        found = self._either()
        if self._here.kind != "end":  # only a bracket stops before the end
            raise QueryWrong(Wrong.CLOSED, self._here.at)
        return found

    @property
    def _here(self) -> _Piece:
        return self._pieces[self._next]

    def _take(self) -> _Piece:
        piece = self._here
        self._next += 1
        return piece

    def _is(self, kind: str, text: str) -> bool:
        return self._here.kind == kind and self._here.text == text

    def _either(self) -> Query:
        parts = [self._both()]
        while self._is("bare", "OR"):
            self._take()
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _both(self) -> Query:
        parts = [self._one()]
        while not (self._here.kind == "end" or self._is("sign", ")") or self._is("bare", "OR")):
            if self._is("bare", "AND"):
                self._take()
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self) -> Query:
        if self._is("bare", "NOT") or self._is("sign", "("):
            return self._deeper()
        piece = self._take()
        if piece.kind == "field":
            field = _field(piece)
            return _years(self._take()) if field is Field.YEAR else self._value(self._take(), field)
        return self._value(piece, None)

    def _deeper(self) -> Query:
        piece = self._take()
        self._depth += 1
        if self._depth > DEEPEST:
            raise QueryWrong(Wrong.DEEP, piece.at)
        if piece.text == "NOT":
            found: Query = Not(self._one())
        else:
            found = self._either()
            if not self._is("sign", ")"):
                raise QueryWrong(Wrong.OPEN, piece.at)
            self._take()
        self._depth -= 1
        return found

    def _value(self, piece: _Piece, field: Field | None) -> Words:
        text = piece.text
        if piece.kind == "sign" and text == "*":
            raise QueryWrong(Wrong.STAR, piece.at, piece.shown)
        if piece.kind == "other" or (piece.kind == "quote"):
            raise QueryWrong(Wrong.QUOTE if piece.kind == "quote" else Wrong.SIGN, piece.at, piece.shown)
        if piece.kind not in ("bare", "quoted") or (piece.kind == "bare" and text in _OPERATORS):
            raise QueryWrong(Wrong.VALUE, piece.at, piece.shown)
        if not any(letter.isalnum() for letter in text):
            raise QueryWrong(Wrong.LETTERS, piece.at, piece.shown)
        if len(text) > LONGEST_VALUE:
            raise QueryWrong(Wrong.LONG_VALUE, piece.at)
        begins = self._is("sign", "*") and self._here.at == piece.end
        if begins and field in EXACT:
            raise QueryWrong(Wrong.CODE, self._here.at, piece.shown)
        if begins:
            self._take()
        return Words(text, field, begins)


def _cut(text: str) -> Iterator[_Piece]:
    plain = text.translate(_PLAIN)
    for match in _PIECE.finditer(plain):
        kind, at, end = str(match.lastgroup), match.start() + 1, match.end() + 1
        if kind == "quoted":  # what stands in quotes is taken as it was typed
            yield _Piece(kind, re.sub(r"[\\＼](.)", r"\1", text[at : end - 2], flags=re.DOTALL), at, end)
        elif kind != "blank":
            yield _Piece(kind, match[kind], at, end)
    yield _Piece("end", "", len(text) + 1, len(text) + 1)


def _field(piece: _Piece) -> Field:
    name = piece.text.lower()
    if name in CHINESE:
        return CHINESE[name]
    try:
        return Field(name)
    except ValueError:
        raise QueryWrong(Wrong.FIELD, piece.at, f"“{piece.text}”") from None


def _years(piece: _Piece) -> Years:
    read = _YEARS.fullmatch(piece.text) if piece.kind == "bare" else None
    if read is None or piece.text == "-":
        raise QueryWrong(Wrong.YEAR, piece.at, piece.shown)
    if read["only"] and not piece.text.startswith("-"):
        return _checked(Years(int(read["only"]), int(read["only"])), piece)
    if read["only"]:
        return _checked(Years(None, int(read["only"][1:])), piece)
    first, last = (int(read[name]) if read[name] else None for name in ("first", "last"))
    return _checked(Years(first, last), piece)


def _checked(years: Years, piece: _Piece) -> Years:
    if any(year is not None and year not in YEARS for year in (years.first, years.last)):
        raise QueryWrong(Wrong.YEAR, piece.at, piece.shown)
    if years.first is not None and years.last is not None and years.first > years.last:
        raise QueryWrong(Wrong.YEARS, piece.at, piece.shown)
    return years


def _written(query: Query, inside: int) -> str:
    """`inside`: 0 nothing or brackets, 1 OR, 2 AND, 3 NOT."""
    match query:
        case Words(text, field, begins):
            return f"{field}:{_quoted(text)}{'*' * begins}" if field else f"{_quoted(text)}{'*' * begins}"
        case Years(first, last):
            only = first is not None and first == last and first >= 0
            return f"year:{first}" if only else f"year:{_end(first)}-{_end(last)}"
        case Not(part):
            return f"NOT {_written(part, 3)}"
        case Or(parts):
            told = " OR ".join(_written(part, 1) for part in parts)
            return f"({told})" if inside >= 1 else told
        case And(parts):
            told = " AND ".join(_written(part, 2) for part in parts)
            return f"({told})" if inside >= 2 else told


def _end(year: int | None) -> str:
    return "" if year is None else str(year)


def _quoted(text: str) -> str:
    plain = _BARE.fullmatch(text) and text == text.translate(_PLAIN) and text not in _OPERATORS
    if plain:
        return text
    return '"' + re.sub(r'(["“”＂\\＼])', r"\\\1", text) + '"'
