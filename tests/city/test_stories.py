"""Seeds that once broke a promise, made small: each is here for the bug it found."""

from firmware_sim.city.city import Plan, run
from firmware_sim.city.faults import Occurrence


def test_a_new_site_counts_its_shelves_before_its_directory_has_come() -> None:
    """Every item was taken for another library's for good."""
    story = Plan(seed=1, sites=1, days=1.0, rough=False)
    assert run(story).violations == []


def test_a_reader_missing_at_the_start_does_not_keep_the_agent_from_starting() -> None:
    """The grace ended at a moment that the loop took for not yet over."""
    story = Plan(
        seed=1,
        sites=1,
        days=0.5,
        rough=False,
        occurrences=(
            Occurrence(at=100.0, fault="reader-gone", site=0, dice=1),
            Occurrence(at=101.0, fault="process-killed", site=0, dice=1),
        ),
    )
    assert run(story).violations == []
