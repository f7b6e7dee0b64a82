"""An emulated cabinet whose board this process takes for its own."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_sim.cabinet import Cabinet

SHIMS = Path(__file__).parents[2] / "firmware_sim" / "shims"


@pytest.fixture
def cabinet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cabinet]:
    """Switched on, door shut, nothing on its shelves but the reference tags; chips twenty times as fast as real."""
    with tempfile.TemporaryDirectory(prefix="ml-") as folder:
        made = Cabinet("cabinet-1", Path(folder), speed=20)
        monkeypatch.syspath_prepend(str(SHIMS))
        monkeypatch.setenv("PYTHONPATH", str(SHIMS))
        monkeypatch.setenv("MICROLIB_BOARD", str(made.paths.board))
        made.start()
        yield made
        made.stop()
