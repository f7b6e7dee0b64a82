"""A station's table drawn as a state diagram in Mermaid's language, for the documentation. Pure."""

from typing import Any

from edge.stations.table import Table

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
    "MemoryDoubted": "memory doubted",
    "SelfTestAsked": "self-test",
    "SwitchMoved": "switch",
    "ClockRead": "clock",
    "PadChanged": "items",
    "Pressed": "button",
    "LoansKnown": "loans known",
    "SecurityTried": "tag written",
    "Passed": "item passes",
    "BinCounted": "bin counted",
    "CodeUnknown": "unknown code",
    "Surroundings": "who waits",
    "ItemShown": "item",
    "WrongCode": "wrong code",
    "LockTried": "board",
    "CompartmentMoved": "compartment",
}


def mermaid(table: Table, start: Any) -> str:
    """Every way from one phase to another, with the inputs that may lead there; inputs that stay are left out.

    `start` is the phase a station begins in.
    """
    ways: dict[tuple[Any, Any], list[str]] = {}
    for (phase, given), row in table.items():
        for to in sorted(row.to - {phase}):
            ways.setdefault((phase, to), []).append(_WORDS[given.__name__])
    lines = [f"    {_name(a)} --> {_name(b)}: {', '.join(inputs)}" for (a, b), inputs in ways.items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {_name(start)}", *lines])


def _name(phase: Any) -> str:
    return str(phase).replace("-", "_")
