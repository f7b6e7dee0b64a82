"""No bytes make a decoder raise what it doesn't declare, hang, or hold more than it says. `make fuzz` tries longer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, seeds

GOLDEN = seeds()
near = st.builds(
    lambda frame, at, noise, cut: (frame[: at % (len(frame) + 1)] + noise + frame[at % (len(frame) + 1) :])[:cut],
    st.sampled_from(GOLDEN),
    st.integers(0, 64),
    st.binary(max_size=6),
    st.integers(1, 200),
)
"""A manual's frame with something put in, or its end cut off."""
anything = st.lists(st.one_of(st.binary(max_size=64), st.sampled_from(GOLDEN), near), max_size=6).map(b"".join)


@pytest.mark.parametrize("name", TARGETS)
@given(data=anything)
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_borne(name: str, data: bytes) -> None:
    TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_the_manuals_frames_are_borne_whole_and_run_together(name: str) -> None:
    for frame in GOLDEN:
        TARGETS[name](frame)
    TARGETS[name](b"".join(GOLDEN))
