"""The words for where an item is and how a loan stands."""

from enum import StrEnum


class HoldingState(StrEnum):
    """Where an item is, as its own history says."""

    LIBRARY = "library"
    """At the central library: no site ever reported it, or it was scanned in there."""
    SHELF = "shelf"
    """On a shelf of a station."""
    LOAN = "loan"
    """With a patron."""
    TRANSIT = "transit"
    """With a courier; taken from a site, or scanned out at the library."""
    MISSING = "missing"
    """No longer seen, and no patron's visit explains it."""
    UNDECIDED = "undecided"
    """The reader can't say yet whether it is there."""
    WITHDRAWN = "withdrawn"
    """Taken out of stock at the central library."""


class LoanState(StrEnum):
    """How a loan stands."""

    OPEN = "open"
    RETURNED = "returned"
    """The item was seen on a shelf again, by whoever's hand; or scanned at the library."""
    REVERSED = "reversed"
    """The site found that the item had never been taken."""
    SUPERSEDED = "superseded"
    """Somebody else borrowed the item and no return had been seen: a contradiction to look into."""


class ForeignState(StrEnum):
    """Whether a foreign tag is still on the shelf."""

    PRESENT = "present"
    GONE = "gone"
