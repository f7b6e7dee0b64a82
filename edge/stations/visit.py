"""A visit as a station keeps it in mind while it lasts, whatever kind of station it is. Pure."""

from protocol.events import VisitEnded, VisitKind, VisitOutcome
from protocol.names import CardTag, Frozen, StationName, VisitId


class OpenVisit(Frozen):
    """A visit that is not settled yet; kept in the journal from before anything unlocks."""

    visit: VisitId
    kind: VisitKind
    card: CardTag | None = None
    loan_days: int = 0
    limit: int | None = None
    loans: int = 0
    shared: bool = False
    """More went on than this card can be held to."""

    def ended(
        self,
        station: StationName,
        outcome: VisitOutcome,
        *,
        recovered: bool = False,
        items: int | None = None,
        people: int | None = None,
    ) -> VisitEnded:
        """The fact that it is over."""
        return VisitEnded(
            station=station,
            visit=self.visit,
            outcome=outcome,
            recovered=recovered,
            items=items,
            people=people,
            shared=self.shared or None,
        )
