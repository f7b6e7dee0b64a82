"""What holds for every test."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")  # the machine that runs the tests may be busy with something else

HERE = Path(__file__).parent
TOGETHER = {
    "processes": ("stories", "browser", "firmware_sim/test_demo.py", "hub/test_serve.py", "hub/test_worker.py"),
    "seeds": ("city/test_seeds.py",),
    "mutants": ("city/test_mutants.py",),
}
"""Tests that one worker runs, one after the other: what real time passes in, and what shares a long preparation."""


@pytest.hookimpl(tryfirst=True)  # the marks must be there before the workers read them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Says which tests belong together, for `--dist loadgroup`."""
    for item in items:
        where = item.path.relative_to(HERE).as_posix()
        for group, places in TOGETHER.items():
            if where.startswith(places):
                item.add_marker(pytest.mark.xdist_group(group))
