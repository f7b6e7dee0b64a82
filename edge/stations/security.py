"""What a station says of a tag's security: nothing while it is set as it should be at once. Pure."""

from edge.stations.effects import Effect, Record
from edge.stations.inputs import SecurityTried
from protocol.events import SecurityOpen, SecuritySet
from protocol.names import StationName


def told(given: SecurityTried, station: StationName) -> tuple[Effect, ...]:
    """What came of setting it, written down where it is news: a task for somebody, or that there is none any more."""
    if not given.tell:
        return ()
    if given.why is None:
        return (Record((SecuritySet(station=station, tag=given.tag, item=given.item, on_loan=given.on_loan),)),)
    fact = SecurityOpen(station=station, tag=given.tag, item=given.item, on_loan=given.on_loan, why=given.why)
    return (Record((fact,)),)
