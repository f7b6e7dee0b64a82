"""How many people are in a room, as far as anybody can know. Pure.

Whoever comes in is counted, by a barrier or as one for each card. Who leaves is seen by a door that opens from inside,
and how many by nothing, so that everybody counts as gone after a while, too. The number is an estimate: it shuts the
door politely when the room is full, and nothing else hangs on it. No clock needs to be right for it.
"""

from datetime import datetime, timedelta

from protocol.names import Frozen


class Party(Frozen):
    """People who came in together."""

    people: int
    left_s: float
    """Seconds the agent must run until they count as gone."""
    until: datetime | None = None
    """When they do, by a clock that was trusted: it also runs while the agent doesn't."""


Inside = tuple[Party, ...]
"""Everybody in the room, who came first first."""


def count(inside: Inside) -> int:
    """How many that is."""
    return sum(party.people for party in inside)


def enter(inside: Inside, people: int, stay_s: float, now: datetime | None) -> Inside:
    """With `people` more, who stay so long; `now` is None while nobody vouches for the clock."""
    if people <= 0:
        return inside
    until = None if now is None else now + timedelta(seconds=stay_s)
    return (*inside, Party(people=people, left_s=stay_s, until=until))


def leave(inside: Inside, people: int) -> Inside:
    """Without so many, those who came first."""
    rest = []
    for party in inside:
        gone = min(people, party.people)
        people -= gone
        if party.people > gone:
            rest.append(party.model_copy(update={"people": party.people - gone}))
    return tuple(rest)


def wait(inside: Inside, seconds: float, now: datetime | None) -> Inside:
    """As it is so many seconds later; `now` as for `enter`."""
    later = (party.model_copy(update={"left_s": party.left_s - seconds}) for party in inside)
    return tuple(p for p in later if p.left_s > 0 and (now is None or p.until is None or now < p.until))
