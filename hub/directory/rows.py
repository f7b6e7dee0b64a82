"""What a row of each kind of file looks like, and what its cells must be."""

import re
import unicodedata
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from hub.directory.isbn import bare, isbn13
from protocol.cards import card_uid
from protocol.directory import Block, CardClass, Lending
from protocol.names import GroupName, Isil, ItemId, SiteId, TagUid, TitleId

WITHDRAWN = "withdrawn"
"""In the column `lending`: the item is taken out of stock."""


class Kind(StrEnum):
    """What a file can hold."""

    TITLES = "titles"
    ITEMS = "items"
    PATRONS = "patrons"
    SITES = "sites"
    RULES = "rules"


class Audience(StrEnum):
    """Whom a title is for; empty where nobody knows."""

    CHILDREN = "children"
    YOUNG = "young"
    ADULT = "adult"
    ALL = "all"


class Condition(StrEnum):
    """What shape an item is in."""

    NEW = "new"
    GOOD = "good"
    WORN = "worn"
    DAMAGED = "damaged"


_NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """Composed characters (NFC) and plain line ends; raises ValueError for characters no text has."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    if found := _NO_TEXT.search(text):
        raise ValueError(f"holds the control character U+{ord(found.group()):04X}")
    return text


def _nothing(value: Any) -> Any:
    return None if value == "" else value


Whole = Annotated[int, Field(ge=0, le=2**31 - 1)]
Maybe = BeforeValidator(_nothing)
Text = Annotated[str, Field(max_length=1000)]
Named = Annotated[str, Field(min_length=1, max_length=1000)]
Short = Annotated[str, Field(max_length=64)]


class Row(BaseModel):
    """One row; a column it doesn't know is an error."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _clean(cls, value: Any) -> Any:
        return clean(value).strip() if isinstance(value, str) else value


class TitleRow(Row):
    """One work."""

    title_id: TitleId
    title: Named
    author: Text = ""
    isbn: Annotated[str, Field(pattern=r"^(\d{13})?$")] = ""
    language: Annotated[str, Field(max_length=16), BeforeValidator(lambda value: value or "und")] = "und"
    year: Annotated[Annotated[int, Field(ge=-3000, le=2200)] | None, Maybe] = None
    themes: Text = ""
    region: Text = ""
    subjects: Text = ""
    popularity: Annotated[Whole | None, Maybe] = None
    source: Text = ""
    clc: Short = ""
    dewey: Short = ""
    audience: Annotated[Audience | None, Maybe] = None

    @field_validator("isbn", mode="before")
    @classmethod
    def _isbn(cls, value: Any) -> Any:
        """Ten digits become thirteen; thirteen are taken as they are, for misprinted ones are on real books."""
        digits = bare(value) if isinstance(value, str) else value
        return (isbn13(digits) or digits) if isinstance(digits, str) and len(digits) == 10 else digits

    @field_validator("themes", "subjects")
    @classmethod
    def _listed(cls, value: str) -> str:
        """Each part once, none empty."""
        return "|".join(dict.fromkeys(part.strip() for part in value.split("|") if part.strip()))

    @field_validator("dewey")
    @classmethod
    def _dewey(cls, value: str) -> str:
        """Without the marks of where it may be shortened."""
        return value.replace("/", "").replace("'", "").strip()


class ItemRow(Row):
    """One physical copy."""

    item: ItemId
    title_id: TitleId = TitleId("")
    """Only of items that are known already may a file not say it."""
    tag: Annotated[TagUid | None, Maybe] = None
    home: Annotated[SiteId | None, Maybe] = None
    owner: Annotated[Isil | None, Maybe] = None
    """Empty: the first of the settings' owners."""
    lending: str = Lending.NORMAL
    parts: Annotated[Annotated[int, Field(ge=1, le=1000)], BeforeValidator(lambda value: value or 1)] = 1
    """Tags that belong to it: a set is lent and returned whole."""
    condition: Annotated[Condition, BeforeValidator(lambda value: value or Condition.GOOD)] = Condition.GOOD
    barcode: Annotated[ItemId | None, Maybe] = None
    """What is printed on it, where that isn't `item`."""
    shelf_mark: Short = ""
    """Empty: by the title's class number."""

    @field_validator("tag", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("lending")
    @classmethod
    def _lending(cls, value: str) -> str:
        known = [*Lending, WITHDRAWN]
        if value and value not in known:
            raise ValueError(f"is one of {', '.join(known)}, or empty")
        return value or Lending.NORMAL


class PatronRow(Row):
    """One patron with one card; further cards are further rows with the same patron."""

    patron: Text = ""
    """Empty for a courier's or service card that belongs to no patron."""
    name: Text = ""
    group: Annotated[GroupName | None, Maybe] = None
    until: Annotated[date | None, Maybe] = None
    block: Annotated[Block | None, Maybe] = None
    card_uid: Annotated[str | None, Maybe] = None
    card_class: Annotated[CardClass, BeforeValidator(lambda value: value or CardClass.PATRON)] = CardClass.PATRON
    label: Text = ""

    @field_validator("card_uid")
    @classmethod
    def _uid(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            return card_uid(value.replace(":", "").replace("-", "").replace(" ", "")).hex().upper()
        except ValueError as wrong:
            said = "isn't hexadecimal" if "fromhex" in str(wrong) else str(wrong)
            if "," in value:
                said = "looks like what is printed on the card; docs/hub.md says how to make its ten hex digits of it"
            raise ValueError(said) from None


class SiteRow(Row):
    """One place at a partner."""

    site: SiteId
    name_zh: Named
    name_en: Named
    partner: Text = ""
    address: Text = ""
    capacity: Annotated[Whole, BeforeValidator(lambda value: value or 0)] = 0
    latitude: Annotated[Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None, Maybe] = None
    """WGS84; runs are put in order by it."""
    longitude: Annotated[Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None, Maybe] = None
    headroom: Annotated[Whole, BeforeValidator(lambda value: value or 0)] = 0
    """Places kept free after a restock."""


class RuleRow(Row):
    """How one group of patrons is lent to."""

    group: GroupName
    loan_days: Annotated[int, Field(ge=1, le=3650)]
    limit: Annotated[int, Field(ge=0, le=1000)]
    renewals: Annotated[Annotated[int, Field(ge=0, le=1000)], BeforeValidator(lambda value: value or 0)] = 0
    """How often a loan may be renewed."""


ROWS: dict[Kind, type[Row]] = {
    Kind.TITLES: TitleRow,
    Kind.ITEMS: ItemRow,
    Kind.PATRONS: PatronRow,
    Kind.SITES: SiteRow,
    Kind.RULES: RuleRow,
}
NEEDED: dict[Kind, tuple[str, ...]] = {
    Kind.TITLES: ("title_id", "title"),
    Kind.ITEMS: ("item",),
    Kind.PATRONS: ("patron",),
    Kind.SITES: ("site", "name_zh", "name_en"),
    Kind.RULES: ("group", "loan_days", "limit"),
}
"""Columns a file must have; others may be left out."""
PASSED_OVER: dict[Kind, frozenset[str]] = {Kind.ITEMS: frozenset({"written_at"})}
"""Columns that are for people only: when `microlib-edge tags` wrote the tag."""
