"""A station's table drawn as a state diagram in Mermaid's language, for the documentation. Pure."""

from collections.abc import Mapping

from edge.stations.cabinet import TABLE, Row
from edge.stations.inputs import Input
from edge.stations.state import Phase

_WORDS = {
    "Started": "start",
    "Tapped": "card",
    "DoorMoved": "door",
    "RoundDone": "round",
    "RoundFailed": "bad round",
    "Identified": "tags known",
    "TimedOut": "time",
    "PartDown": "fault",
    "PartUp": "repaired",
    "RecountAsked": "recount",
}


def mermaid(table: Mapping[tuple[Phase, type[Input]], Row] = TABLE) -> str:
    """Every way from one phase to another, with the inputs that may lead there; inputs that stay are left out."""
    ways: dict[tuple[Phase, Phase], list[str]] = {}
    for (phase, given), row in table.items():
        for to in sorted(row.to - {phase}):
            ways.setdefault((phase, to), []).append(_WORDS[given.__name__])
    lines = [f"    {_name(a)} --> {_name(b)}: {', '.join(inputs)}" for (a, b), inputs in ways.items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {_name(Phase.STARTING)}", *lines])


def _name(phase: Phase) -> str:
    return phase.value.replace("-", "_")
