"""What a row of each kind of file looks like, and what its cells must be."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

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


def _nothing(value: Any) -> Any:
    return None if value == "" else value


Whole = Annotated[int, Field(ge=0, le=2**31 - 1)]
Maybe = BeforeValidator(_nothing)
Text = Annotated[str, Field(max_length=1000)]
Named = Annotated[str, Field(min_length=1, max_length=1000)]


class Row(BaseModel):
    """One row; a column it doesn't know is an error."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)


class TitleRow(Row):
    """One work."""

    title_id: TitleId
    title: Named
    author: Text = ""
    isbn: Annotated[str, Field(pattern=r"^(\d{13})?$")] = ""
    language: Annotated[str, Field(max_length=16)] = "und"
    year: Annotated[Annotated[int, Field(ge=-3000, le=2200)] | None, Maybe] = None
    themes: Text = ""
    region: Text = ""
    subjects: Text = ""
    popularity: Annotated[Whole | None, Maybe] = None
    source: Text = ""


class ItemRow(Row):
    """One physical copy."""

    item: ItemId
    title_id: TitleId
    tag: Annotated[TagUid | None, Maybe] = None
    home: Annotated[SiteId | None, Maybe] = None
    owner: Annotated[Isil | None, Maybe] = None
    """Empty: the first of the settings' owners."""
    lending: str = Lending.NORMAL

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
            raise ValueError(said) from None


class SiteRow(Row):
    """One place at a partner."""

    site: SiteId
    name_zh: Named
    name_en: Named
    partner: Text = ""
    address: Text = ""
    capacity: Annotated[Whole, BeforeValidator(lambda value: value or 0)] = 0


class RuleRow(Row):
    """How one group of patrons is lent to."""

    group: GroupName
    loan_days: Annotated[int, Field(ge=1, le=3650)]
    limit: Annotated[int, Field(ge=0, le=1000)]


ROWS: dict[Kind, type[Row]] = {
    Kind.TITLES: TitleRow,
    Kind.ITEMS: ItemRow,
    Kind.PATRONS: PatronRow,
    Kind.SITES: SiteRow,
    Kind.RULES: RuleRow,
}
NEEDED: dict[Kind, tuple[str, ...]] = {
    Kind.TITLES: ("title_id", "title"),
    Kind.ITEMS: ("item", "title_id"),
    Kind.PATRONS: ("patron",),
    Kind.SITES: ("site", "name_zh", "name_en"),
    Kind.RULES: ("group", "loan_days", "limit"),
}
"""Columns a file must have; others may be left out."""
