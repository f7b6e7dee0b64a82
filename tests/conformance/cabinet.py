"""An emulated cabinet whose board this process takes for its own."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.cabinet import Cabinet

SHIMS = Path(__file__).parents[2] / "firmware_sim" / "shims"


@contextmanager
def standing(reader: str = "feig-obid", **makes: Any) -> Iterator[Cabinet]:
    """Switched on, door shut, nothing on its shelves but the reference tags; chips twenty times as fast as real.

    `makes` are those of its other devices (`Cabinet`).
    """
    with tempfile.TemporaryDirectory(prefix="ml-") as folder:
        made = Cabinet("cabinet-1", Path(folder), speed=20, reader=reader, **makes)
        made.start()
        yield made
        made.stop()


@contextmanager
def cabinet_of(monkeypatch: pytest.MonkeyPatch, **makes: Any) -> Iterator[Cabinet]:
    """One whose board this process takes for its own."""
    with standing(**makes) as made:
        monkeypatch.syspath_prepend(str(SHIMS))
        monkeypatch.setenv("PYTHONPATH", str(SHIMS))
        monkeypatch.setenv("MICROLIB_BOARD", str(made.paths.board))
        yield made


@pytest.fixture
def cabinet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cabinet]:
    """A cabinet of the usual makes."""
    with cabinet_of(monkeypatch) as made:
        yield made
