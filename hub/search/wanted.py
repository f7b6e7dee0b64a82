"""What is asked of the index: tokens with and, or; made of what somebody types, and told to either database."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import pairwise

from hub.search.sounds import cuts, unumlauted
from hub.search.tokens import In, Of, Piece, beside, folded, pieces, token, words

MOST_WORDS = 8
"""Words of what is typed that are looked at."""
MOST_CHARACTERS = 32
"""Chinese characters in a row that are looked at."""

_MAYBE_PINYIN = re.compile(r"[0-9]*[a-z][0-9a-z]*")
_ISBN = re.compile(r"\d{9}[\dx]|\d{13}")


@dataclass(frozen=True, slots=True)
class Term:
    """One token, or all that begin with it."""

    token: str
    begins: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """Every part; at least one."""

    parts: tuple["Wanted", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """One part or more; at least one."""

    parts: tuple["Wanted", ...]


Wanted = Term | All | Any

NEVER = Term("z")
"""No title has it: no field's letter is z."""


def typed(text: str, fields: Collection[In] = (In.ANYTHING,)) -> Wanted | None:
    """Titles with every word of `text` in one of `fields`; None when there is no word in it.

    A word may be the beginning of one, in pinyin, its initials or a mixture; fields other than ANYTHING, TITLE and
    AUTHOR have no pinyin.
    """
    plain = folded(text)
    parts = [_piece(piece, fields) for chunk in plain.split()[:MOST_WORDS] for piece in pieces(chunk)]
    if not parts:
        return None
    number = re.sub(r"[\s-]", "", plain)
    if len(parts) > 1 and _ISBN.fullmatch(number):
        return any_of([all_of(parts), *_words([number], fields, begins=True)])
    return all_of(parts)


def phrase(text: str, field: In, begins: bool = False) -> Wanted:
    """Titles with the words of `text` beside each other in `field`; the last only begun when `begins`."""
    row = words(folded(text))[: MOST_WORDS * 4]
    if not row:
        return NEVER
    if len(row) == 1:
        return Term(token(field, Of.WORD, row[0][0]), begins and not row[0][1])
    pairs = [beside(*pair) for pair in pairwise(row)]
    *most, (kind, last) = pairs
    ending = Term(token(field, kind, last), begins and kind is Of.PAIR)
    return all_of([*(Term(token(field, kind, both)) for kind, both in most), ending])


def whole(text: str, field: In, begins: bool = False) -> Wanted:
    """Titles with just this value in `field`, whatever its blanks and signs; or one that begins so."""
    joined = "".join(word for word, _ in words(folded(text)))
    return Term(token(field, Of.WHOLE, joined), begins) if joined else NEVER


def all_of(parts: Iterable[Wanted]) -> Wanted:
    """All of `parts`, which are one or more, without needless nesting."""
    return _joined(All, parts)


def any_of(parts: Iterable[Wanted]) -> Wanted:
    """Any of `parts`, which are one or more, without needless nesting."""
    return _joined(Any, parts)


def is_met(wanted: Wanted, tokens: Collection[str]) -> bool:
    """Whether a title with `tokens` is asked for: what the databases must agree with."""
    match wanted:
        case Term(wanted_token, begins):
            return any(each.startswith(wanted_token) for each in tokens) if begins else wanted_token in tokens
        case All(parts):
            return all(is_met(part, tokens) for part in parts)
        case Any(parts):
            return any(is_met(part, tokens) for part in parts)


def for_sqlite(wanted: Wanted) -> str:
    """As FTS5 reads it."""
    return _told(wanted, lambda term: f'"{term.token}"{" *" if term.begins else ""}', " AND ", " OR ")


def for_postgresql(wanted: Wanted) -> str:
    """As a tsquery."""
    return _told(wanted, lambda term: f"'{term.token}'{':*' if term.begins else ''}", " & ", " | ")


def _piece(piece: Piece, fields: Collection[In]) -> Wanted:
    if not piece.han:
        separate = all_of(any_of(_word(word, fields)) for word in piece.words)
        joined = _word("".join(piece.words), fields) if len(piece.words) > 1 else []
        return any_of([separate, *joined])
    characters = piece.words[:MOST_CHARACTERS]
    looked = [one + two for one, two in pairwise(characters)] or list(characters)
    return all_of(any_of(_words([each], fields)) for each in looked)


def _word(word: str, fields: Collection[In]) -> list[Wanted]:
    """A word or its beginning, which may be pinyin."""
    found = _words([word], fields, begins=True)
    if not _MAYBE_PINYIN.fullmatch(word):
        return found
    letters = unumlauted(word)
    for field in fields:
        found += [Term(token(field, Of.SOUND, letters), True), Term(token(field, Of.INITIAL, letters), True)]
        for mixed in cuts(letters):
            runs = [Term(token(field, Of.SOUND, run), True) for run in mixed.runs]
            found.append(all_of([Term(token(field, Of.INITIAL, mixed.initials), True), *runs]))
    return found


def _words(texts: Iterable[str], fields: Collection[In], begins: bool = False) -> list[Wanted]:
    return [Term(token(field, Of.WORD, text), begins) for text in texts for field in fields]


def _joined(kind: type[All] | type[Any], parts: Iterable[Wanted]) -> Wanted:
    flat: dict[Wanted, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if isinstance(part, kind) else (part,)))
    found = tuple(flat)
    return found[0] if len(found) == 1 else kind(found)


def _told(wanted: Wanted, term: Callable[[Term], str], both: str, either: str) -> str:
    if isinstance(wanted, Term):
        return term(wanted)
    joint = both if isinstance(wanted, All) else either
    return "(" + joint.join(_told(part, term, both, either) for part in wanted.parts) + ")"
