"""What a title is found by: a set of tokens, made the same way for every database.

A token is a letter for the field, a letter for the kind, and the text itself: `tw红楼` is two characters in a title,
`ophongloumeng` sounds of anything. Tokens hold only letters, digits, characters beyond ASCII and `·` between two words.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from hub.directory.isbn import isbn10
from hub.search.scripts import simplified
from hub.search.sounds import syllables, unumlauted

VERSION = "1"
"""Goes up whenever the same title gives other tokens: every index is then built anew."""
LONGEST_WORD = 40
"""Letters of a word that count."""
LONGEST_WHOLE = 120
"""Letters of a whole value that count."""
LONGEST_SOUND, LONGEST_INITIALS = 24, 12
"""Letters of pinyin that count, from each syllable on; a syllable has up to six."""
SPELLED = 200
"""Words and characters of a text whose sound is kept."""
BETWEEN = "·"
"""Stands between the two words of a pair."""

_HAN = (
    r"\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = rf"(?:(?![{_HAN}])[^\W_])+"
_PIECE = re.compile(rf"(?P<han>[{_HAN}]+)|{_WORD}(?:[-'’‘.·/&+:]{_WORD})*")
_SINGLE = re.compile(_WORD)
_KANA = re.compile(r"[\u3040-\u30ff]")
_UNDECOMPOSED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t"}
)


class In(StrEnum):
    """Where a token stands."""

    ANYTHING = "o"
    TITLE = "t"
    AUTHOR = "a"
    SUBJECT = "s"
    THEME = "h"
    REGION = "r"
    CLC = "c"
    DEWEY = "d"
    NUMBER = "n"
    """ISBN in both lengths."""


class Of(StrEnum):
    """What a token is."""

    WORD = "w"
    """A word, one Chinese character, or two beside each other."""
    PAIR = "b"
    """Two words beside each other."""
    SOUND = "p"
    """Pinyin from one character on."""
    INITIAL = "i"
    """The same, each syllable's first letter."""
    WHOLE = "x"
    """All of a value, without blanks and signs."""


_LONGEST = {
    Of.WORD: LONGEST_WORD,
    Of.PAIR: 2 * LONGEST_WORD + len(BETWEEN),
    Of.SOUND: LONGEST_SOUND,
    Of.INITIAL: LONGEST_INITIALS,
    Of.WHOLE: LONGEST_WHOLE,
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that were written without a blank between, or Chinese characters in a row."""

    words: tuple[str, ...]
    """Single characters where `han`."""
    han: bool


@dataclass(frozen=True, slots=True)
class Work:
    """What is known of a title that it can be found by."""

    title_id: str
    title: str
    author: str = ""
    subjects: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    region: str = ""
    isbn: str = ""
    clc: str = ""
    dewey: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One title's row of the index."""

    name: str
    """The title without blanks and signs, folded."""
    spelled: str
    """The same with Chinese in pinyin; empty where there is none."""
    initials: str
    """First letters of syllables and words; empty where there is no Chinese."""
    place: str
    """What titles are put in order by: by letters, Chinese by its pinyin."""
    tokens: frozenset[str]


def token(where: In, what: Of, text: str) -> str:
    """The token for `text`, cut to what counts."""
    return f"{where}{what}{text[: _LONGEST[what]]}"


def folded(text: str) -> str:
    """Small letters without marks, simplified characters, the plain form of every letter and digit."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", bare.translate(_UNDECOMPOSED))


def pieces(text: str) -> list[Piece]:
    """The words of a folded text, Chinese character by character and simplified."""
    found = []
    for match in _PIECE.finditer(text):
        if match["han"]:
            found.append(Piece(tuple(simplified(match["han"])), han=True))
        else:
            found.append(Piece(tuple(word[:LONGEST_WORD] for word in _SINGLE.findall(match.group())), han=False))
    return found


def words(text: str) -> list[tuple[str, bool]]:
    """Every word and Chinese character of a folded text in a row, and whether it is one of the latter."""
    return [(word, piece.han) for piece in pieces(text) for word in piece.words]


def squeezed(text: str) -> str:
    """The text folded, without blanks and signs."""
    return "".join(word for word, _ in words(folded(text)))


def beside(first: tuple[str, bool], second: tuple[str, bool]) -> tuple[Of, str]:
    """Kind and text of the token for two neighbours among `words`."""
    (one, one_han), (two, two_han) = first, second
    return (Of.WORD, one + two) if one_han and two_han else (Of.PAIR, one + BETWEEN + two)


def entry(work: Work) -> Entry:
    """What `work` is found by."""
    found: set[str] = set()
    for where, texts in (
        (In.TITLE, (work.title,)),
        (In.AUTHOR, (work.author,)),
        (In.SUBJECT, work.subjects),
        (In.THEME, work.themes),
        (In.REGION, (work.region,)),
    ):
        for text in texts:
            found.update(_of_text(where, folded(text)))
    numbers = [(In.NUMBER, number) for number in isbns(work.isbn)]
    for where, value in (*numbers, (In.CLC, work.clc), (In.DEWEY, work.dewey), (In.NUMBER, work.title_id)):
        if whole := squeezed(value):
            found |= {token(where, Of.WHOLE, whole), token(In.ANYTHING, Of.WORD, whole)}
    title = folded(work.title)
    sounds = _sounds(title, simply=True) if _speaks(title) else []
    return Entry(
        name=squeezed(work.title),
        spelled="".join(sounds),
        initials="".join(sound[0] for sound in sounds),
        place=" ".join(sounds or [word for word, _ in words(title)])[:LONGEST_WHOLE],
        tokens=frozenset(found),
    )


def isbns(number: str) -> tuple[str, ...]:
    """An ISBN of thirteen digits and, where it has one, its form of ten; nothing of nothing."""
    bare = squeezed(number)
    ten = isbn10(bare)
    return (bare, ten.lower()) if ten else (bare,) if bare else ()


def _of_text(where: In, text: str) -> Iterator[str]:
    """Tokens of a folded text."""
    cut = pieces(text)
    for piece in cut:
        joined = () if piece.han or len(piece.words) == 1 else ("".join(piece.words),)
        yield from _both(where, Of.WORD, (*piece.words, *joined))
    row = [(word, piece.han) for piece in cut for word in piece.words]
    for pair in pairwise(row):
        kind, both = beside(*pair)
        yield from _both(where, kind, [both]) if kind is Of.WORD else (token(where, kind, both),)
    if row and where not in (In.TITLE, In.AUTHOR):
        yield token(where, Of.WHOLE, "".join(word for word, _ in row))
    if _speaks(text):
        for simply in {True, simplified(text) == text}:
            sounds = _sounds(text, simply)[:SPELLED]
            for begin in range(len(sounds)):
                run = sounds[begin : begin + LONGEST_INITIALS]
                yield from _both(where, Of.SOUND, ["".join(run)])
                yield from _both(where, Of.INITIAL, ["".join(sound[0] for sound in run)])


def _both(where: In, what: Of, texts: Iterable[str]) -> Iterator[str]:
    """As found in its field, if anybody asks for that, and anywhere."""
    fielded = what in (Of.WORD, Of.PAIR) or where in (In.TITLE, In.AUTHOR)
    for text in texts:
        yield token(In.ANYTHING, what, text)
        if fielded:
            yield token(where, what, text)


def _speaks(text: str) -> bool:
    """Some of a folded text is Chinese, and not in kana."""
    return any(match["han"] and not _KANA.fullmatch(match["han"]) for match in _PIECE.finditer(text))


def _sounds(text: str, simply: bool) -> list[str]:
    """How each word and character of a folded text sounds, dumb ones left out; `simply`: as if it were simplified."""
    found: list[str] = []
    for match in _PIECE.finditer(text):
        if match["han"]:
            found += syllables(simplified(match["han"]) if simply else match["han"])
        else:
            found += [unumlauted(word[:LONGEST_WORD]) for word in _SINGLE.findall(match.group())]
    return [sound for sound in found if sound]
