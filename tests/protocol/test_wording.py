"""Faults of settings and fields are told in sentences, with where they are."""

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from protocol.wording import complaints


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    port: Annotated[int, Field(ge=1, le=65535)] = 1


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    needed: str
    inner: Inner = Inner()
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    salt: Annotated[str, Field(pattern="^[0-9a-f]+$", min_length=2, max_length=4)] = "00"
    names: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)] = ("a",)
    on: bool = False
    colour: Colour = Colour.RED
    mode: Literal["a", "b"] = "a"
    file: Path = Path("x")
    day: date | None = None
    at: datetime | None = None

    @field_validator("needed")
    @classmethod
    def _no_blank(cls, value: str) -> str:
        if " " in value:
            raise ValueError("must not have blanks")
        return value


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "needed: is missing"),
        ({"needed": 5}, "needed: must be text in quotes"),
        ({"needed": "a b"}, "needed: must not have blanks"),
        ({"needed": "a", "more": 1}, "more: no such setting"),
        ({"needed": "a", "inner": 3}, "inner: must be a table"),
        ({"needed": "a", "inner": {"port": "x"}}, "inner.port: must be a whole number"),
        ({"needed": "a", "inner": {"port": 1.5}}, "inner.port: must be a whole number"),
        ({"needed": "a", "inner": {"port": 0}}, "inner.port: must be 1 or more"),
        ({"needed": "a", "inner": {"port": 70000}}, "inner.port: must be 65535 or less"),
        ({"needed": "a", "inner": {"prot": 1}}, "inner.prot: no such setting"),
        ({"needed": "a", "share": "x"}, "share: must be a number"),
        ({"needed": "a", "share": 0}, "share: must be more than 0.0"),
        ({"needed": "a", "share": 1}, "share: must be less than 1.0"),
        ({"needed": "a", "salt": "zz"}, "salt: must look like ^[0-9a-f]+$"),
        ({"needed": "a", "salt": "0"}, "salt: is too short; 2 at least"),
        ({"needed": "a", "salt": "00000"}, "salt: is too long; 4 at most"),
        ({"needed": "a", "names": "x"}, "names: must be a list"),
        ({"needed": "a", "names": []}, "names: is too short; 1 at least"),
        ({"needed": "a", "names": ["a", "b", "c"]}, "names: is too long; 2 at most"),
        ({"needed": "a", "on": "perhaps"}, "on: must be true or false"),
        ({"needed": "a", "colour": "green"}, "colour: must be one of 'red' or 'blue'"),
        ({"needed": "a", "mode": "c"}, "mode: must be one of 'a' or 'b'"),
        ({"needed": "a", "file": 1}, "file: must be a path in quotes"),
        ({"needed": "a", "day": "soon"}, "day: must be a date such as 2026-11-23"),
        ({"needed": "a", "at": "soon"}, "at: must be a time such as 2026-11-23T08:00:00Z"),
        (3, "all: must be a table"),
    ],
)
def test_each_fault_says_where_and_what(given: Any, said: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        Outer.model_validate(given)
    assert complaints(wrong.value, "all") == said


def test_every_fault_is_told() -> None:
    with pytest.raises(ValidationError) as wrong:
        Outer.model_validate({"needed": 1, "on": []})
    assert complaints(wrong.value, "all") == "needed: must be text in quotes; on: must be true or false"
