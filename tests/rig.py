"""The emulated world for tests in this process: cabinets in a short folder, and the shims in place of `spidev` and
`RPi.GPIO`, so that the drivers and the packages they use run unchanged.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.cabinet import Cabinet

SHIMS = Path(__file__).parents[1] / "firmware_sim" / "shims"
"""To be put on PYTHONPATH of programs that are started."""
_SHADOWED = ("spidev", "RPi", "boardline", "mfrc522")
FAST = 50.0


@contextmanager
def cabinet(name: str = "cabinet-1", speed: float = FAST, **more: Any) -> Iterator[Cabinet]:
    """A cabinet that is switched on, its wires in a folder of its own. Its chips are `speed` times as fast."""
    folder = Path(tempfile.mkdtemp(prefix="rig-"))
    built = Cabinet(name, folder, speed=speed, **more)
    try:
        built.start()
        yield built
    finally:
        built.stop()
        shutil.rmtree(folder)


@contextmanager
def shims(board: Path) -> Iterator[None]:
    """Inside, `import spidev`, `RPi.GPIO` and `mfrc522` reach that board; afterwards they are as they were."""
    with pytest.MonkeyPatch.context() as patch:
        before = _forget()
        patch.setenv("MICROLIB_BOARD", str(board))
        patch.syspath_prepend(str(SHIMS))
        try:
            yield
        finally:
            gpio = sys.modules.get("RPi.GPIO")
            if gpio is not None:
                gpio._hang_up()
            _forget()
            sys.modules.update(before)


def _forget() -> dict[str, Any]:
    """Takes the shadowed modules out of the list of imported ones, and gives them back."""
    names = [name for name in sys.modules if name.partition(".")[0] in _SHADOWED]
    return {name: sys.modules.pop(name) for name in names}
