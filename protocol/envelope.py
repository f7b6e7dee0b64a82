"""An event's bytes, the chain over them, and the batch they travel in (delivery.md sections 1 and 2).

An event is written once, as one line of JSON, and from then on is those bytes: stored, digested and sent as they
are, never serialised again. Its place in an epoch is where it stands in the batch; `epoch` and `seq` inside it say
where it was first written, which differs once a new epoch carries it on.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, ValidationError

from protocol.events import Fact
from protocol.names import (
    BootId,
    CardTag,
    ClockTrust,
    Count,
    DigestHex,
    EpochId,
    EventId,
    Frozen,
    Malformed,
    Moment,
    Seq,
    read_message,
)

VERSION = 1
DIGEST_BYTES = 16
ZERO = bytes(DIGEST_BYTES)
"""The digest before the first event."""
MAX_EVENTS = 50
"""Events in a batch, at most."""
MAX_BATCH_BYTES = 64 * 1024
"""Bytes of events in a batch, at most; a single larger event still travels, alone."""


class Envelope(Frozen):
    """One event: its identity, where and when it was first written, and the fact."""

    v: int = VERSION
    id: EventId
    epoch: EpochId
    seq: Seq
    boot: BootId
    up_ms: Count
    """Monotonic milliseconds since `boot` began: order and distance that no clock can spoil."""
    at: Moment
    clock: ClockTrust
    fact: Fact


class Aside(Frozen):
    """What a commitment commits to. Travels beside the event, outside the chain, so that it can be erased."""

    salt: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    card: CardTag


class BatchHead(Frozen):
    """First line of a batch."""

    v: int = VERSION
    epoch: EpochId
    boot: BootId
    req: Count
    base: Seq
    """Oldest place the site still holds."""
    last: Seq
    """Newest place it holds."""
    first: Seq
    """Place of the first event in this batch."""
    digest: DigestHex
    """The chain's value before `first`."""
    asides: Mapping[EventId, Aside] = {}


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch: its head, and the events' exact bytes for the places `head.first` and up."""

    head: BatchHead
    bodies: tuple[bytes, ...]

    @property
    def end(self) -> int:
        """Place of the last event in it; `first - 1` when it holds none."""
        return self.head.first + len(self.bodies) - 1

    def wire(self) -> bytes:
        """Head and events as lines of UTF-8 JSON, no newline at the end."""
        return b"\n".join([self.head.wire(), *self.bodies])


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """An event whose bytes arrived whole but mean nothing to this version (rule H6): kept, counted, acknowledged."""

    id: EventId
    """Its own id where it could be read, else one derived from its bytes, so that a repeat is still recognised."""
    why: str


def chain(digest: bytes, body: bytes) -> bytes:
    """The running digest after `body`: the first 16 bytes of SHA-256 over the digest before it and its bytes."""
    return hashlib.sha256(digest + body).digest()[:DIGEST_BYTES]


def chain_all(digest: bytes, bodies: Iterable[bytes]) -> bytes:
    """The running digest after all `bodies`."""
    for body in bodies:
        digest = chain(digest, body)
    return digest


def read_batch(payload: bytes) -> Batch:
    """The batch in `payload`; raises Malformed. Its events are not looked into: see `read_event`."""
    lines = payload.split(b"\n")
    head = read_message(BatchHead, lines[0])
    bodies = tuple(lines[1:])
    if not bodies or not all(bodies):
        raise Malformed("batch", "an event line is empty, or there is none")
    if not head.base <= head.first or head.first < 1 or head.first + len(bodies) - 1 > head.last:
        raise Malformed("batch", f"{len(bodies)} events from {head.first} don't fit into {head.base}..{head.last}")
    return Batch(head, bodies)


def read_event(body: bytes) -> Envelope | NotUnderstood:
    """The event in `body`. Never raises: what can't be understood comes back as such, with the reason."""
    try:
        return Envelope.model_validate_json(body)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "event"
        return NotUnderstood(_own_id(body), f"{where}: {first['msg']}"[:500])


def cut(bodies: Sequence[bytes]) -> int:
    """How many of `bodies`, from the front, make one batch: at most MAX_EVENTS and MAX_BATCH_BYTES, at least one."""
    size = 0
    for number, body in enumerate(bodies[:MAX_EVENTS]):
        size += len(body) + 1
        if size > MAX_BATCH_BYTES and number:
            return number
    return min(len(bodies), MAX_EVENTS)


def _own_id(body: bytes) -> EventId:
    try:
        read = json.loads(body)
        own = read["id"]
        if isinstance(own, str) and len(own) == 32:
            return EventId(bytes.fromhex(own).hex())
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    return EventId(hashlib.sha256(body).hexdigest()[:32])
