"""What every station's table is made of: rows from (phase, input) to a handler, and the step that a row takes. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from edge.stations.effects import Effect

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Step(Generic[State]):
    """What an input led to."""

    state: State
    effects: tuple[Effect, ...] = ()
    known: bool = True
    """The table had a row for it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One case: who handles it, and the phases it may lead to."""

    handler: Callable[[Any, Any, Any], Step[Any]]
    """(state, input, plan) -> step."""
    to: frozenset[Any]


Table = Mapping[tuple[Any, type], Row]
"""(phase, kind of input) -> row; what isn't there changes nothing."""


def row(handler: Callable[[Any, Any, Any], Step[Any]], *to: Any) -> Row:
    """A row whose handler may lead to those phases."""
    return Row(handler, frozenset(to))


def step(table: Table, state: Any, given: object, plan: Any) -> Step[Any]:
    """What the station becomes and wants done; `state` has a `phase`."""
    found = table.get((state.phase, type(given)))
    return Step(state, known=False) if found is None else found.handler(state, given, plan)
