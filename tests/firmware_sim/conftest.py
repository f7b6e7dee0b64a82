"""The emulated world for these tests."""

from collections.abc import Iterator

import pytest

from firmware_sim.cabinet import Cabinet
from tests import rig


@pytest.fixture
def cabinet() -> Iterator[Cabinet]:
    """A cabinet that is switched on, its chips fifty times as fast as real ones, nothing on its shelves."""
    with rig.cabinet() as built:
        yield built


@pytest.fixture
def shims(cabinet: Cabinet) -> Iterator[None]:
    """`spidev`, `RPi.GPIO` and `mfrc522` of this process reach that cabinet."""
    with rig.shims(cabinet.paths.board):
        yield
