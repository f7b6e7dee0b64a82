"""A fixed set of seeds, every fault on: every promise holds in each, and the rare paths were really reached."""

from collections import Counter

import pytest

from firmware_sim.city import faults
from firmware_sim.city.soak import Order, jobs, reports

SEEDS = tuple(range(1, 69))
"""Two hundred weeks of a site, three sites at a time."""


@pytest.fixture(scope="module")
def soaked() -> tuple[Counter[str], dict[int, list[str]]]:
    counts, bad = Counter[str](), {}
    for report in reports(Order(SEEDS, 3, 7.0, faults.named(["all"]), jobs())):
        counts.update(report.counts)
        if report.violations:
            bad[report.plan.seed] = report.violations
    return counts, bad


def test_every_promise_holds(soaked: tuple[Counter[str], dict[int, list[str]]]) -> None:
    assert soaked[1] == {}


@pytest.mark.parametrize(
    "path",
    [
        "restores",
        "epoch rewound",
        "epoch diverged",
        "epoch damaged",
        "epoch new",
        "cross-epoch duplicates",
        "destroyed",
        "lost and counted",
        "broker taken over",
        "broker lost",
        "broker doubled",
        "hub backups",
        "hub kills",
        "hub cuts",
        "people forced",
        "event undecided",
        "event borrow_reversed",
        "event clock_jumped",
        *(f"fault {name}" for name in faults.FAULTS),
    ],
)
def test_the_rare_path_was_taken(path: str, soaked: tuple[Counter[str], dict[int, list[str]]]) -> None:
    assert soaked[0][path] > 0


def test_little_is_unknowable(soaked: tuple[Counter[str], dict[int, list[str]]]) -> None:
    """What a destroyed card excuses is the exception: else the comparison would compare nothing."""
    items = 42 * len(SEEDS)
    assert soaked[0]["unknowable"] < items / 100
