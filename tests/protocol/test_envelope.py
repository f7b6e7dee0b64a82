"""Batches and the chain over exact bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.envelope import (
    MAX_BATCH_BYTES,
    MAX_EVENTS,
    ZERO,
    Batch,
    BatchHead,
    chain,
    chain_all,
    cut,
    read_batch,
    read_event,
)
from protocol.names import BootId, DigestHex, EpochId, Malformed

LINES = st.lists(st.binary(min_size=1, max_size=80).map(lambda b: b.replace(b"\n", b" ")), min_size=1, max_size=50)


def head(count: int, **changes: object) -> BatchHead:
    whole = BatchHead(
        epoch=EpochId("e0" * 16),
        boot=BootId("b0" * 16),
        req=1,
        base=1,
        last=count,
        first=1,
        digest=DigestHex(ZERO.hex()),
    )
    return whole.model_copy(update=changes)


@given(LINES)
def test_a_batch_carries_its_events_byte_for_byte(bodies: list[bytes]) -> None:
    batch = Batch(head(len(bodies)), tuple(bodies))
    assert read_batch(batch.wire()) == batch


@pytest.mark.parametrize(
    "changes", [{"first": 0}, {"base": 2}, {"last": 1}, {"first": 2}], ids=["from-0", "below-base", "past-last", "late"]
)
def test_a_batch_whose_places_do_not_fit_is_malformed(changes: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        read_batch(Batch(head(2, **changes), (b"{}", b"{}")).wire())


@pytest.mark.parametrize("payload", [b"", b"{}", b"\n", head(1).wire(), head(1).wire() + b"\n"])
def test_a_batch_without_a_head_or_an_event_is_malformed(payload: bytes) -> None:
    with pytest.raises(Malformed):
        read_batch(payload)


@given(st.binary(max_size=300))
def test_no_bytes_make_a_reader_raise_anything_but_malformed(payload: bytes) -> None:
    read_event(payload)
    try:
        read_batch(payload)
    except Malformed:
        pass


@given(LINES, st.data())
def test_the_chain_tells_every_other_history_apart(bodies: list[bytes], data: st.DataObject) -> None:
    other = list(bodies)
    place = data.draw(st.integers(0, len(bodies) - 1))
    other[place] = other[place] + b"!"
    assert chain_all(ZERO, bodies) != chain_all(ZERO, other)
    assert chain_all(chain_all(ZERO, bodies[:place]), bodies[place:]) == chain_all(ZERO, bodies)
    assert len(chain(ZERO, bodies[0])) == 16


@given(st.lists(st.integers(1, 30_000), min_size=1, max_size=80))
def test_a_cut_is_as_large_as_allowed_and_never_empty(sizes: list[int]) -> None:
    bodies = [b"x" * size for size in sizes]
    taken = cut(bodies)
    weight = sum(size + 1 for size in sizes[:taken])
    assert 1 <= taken <= MAX_EVENTS
    assert taken == 1 or weight <= MAX_BATCH_BYTES
    if taken < min(len(bodies), MAX_EVENTS):
        assert weight + sizes[taken] + 1 > MAX_BATCH_BYTES


def test_a_single_event_larger_than_a_batch_still_travels() -> None:
    assert cut([b"x" * (MAX_BATCH_BYTES * 2), b"y"]) == 1
