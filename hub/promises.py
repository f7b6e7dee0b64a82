"""What sites were told is safe, kept beside the database: a ledger restored from too old a copy is noticed (H9)."""

import fcntl
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlmodel import Session, select

from hub.errors import PromiseBroken
from hub.models import Cursor


class Promises:
    """The highest `archived` ever told, per site and epoch, in a small file beside the database (rule H9).

    Written before a receipt tells it, so that a ledger restored from an older copy is noticed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._told = _read_promises(path)

    def keep(self, told: dict[tuple[str, str], int]) -> None:
        """Writes down, synced, what is about to be told; does nothing when none of it is higher."""
        higher = {key: value for key, value in told.items() if value > self._told.get(key, 0)}
        if not higher:
            return
        self._told.update(higher)
        self._change(lambda written: {key: max(n, written.get(key, 0)) for key, n in (written | self._told).items()})

    def lower(self, held: Mapping[tuple[str, str], int]) -> None:
        """What is told from now on is no more than `held`: somebody who knows accepts what is lost beyond it."""
        self._change(lambda written: {key: least for key, n in written.items() if (least := min(n, held.get(key, 0)))})

    def _change(self, new: Callable[[dict[tuple[str, str], int]], dict[tuple[str, str], int]]) -> None:
        """Makes of what is written what `new` makes of it, synced."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)  # other workers keep their promises in the same file
            self._told = new(_read_promises(self._path))
            self._write()
            os.fsync(folder)
        finally:
            os.close(folder)

    def _write(self) -> None:
        nested: dict[str, dict[str, int]] = {}
        for (site, epoch), value in sorted(self._told.items()):
            nested.setdefault(site, {})[epoch] = value
        fresh = self._path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as out:
            json.dump({"archived": nested}, out)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self._path)

    def broken(self, session: Session) -> list[str]:
        """A sentence for each epoch of which the ledger holds less than was promised."""
        return self.beyond({(at.site, at.epoch): at.stored for at in session.exec(select(Cursor))}, "this ledger")

    def beyond(self, held: Mapping[tuple[str, str], int], name: str) -> list[str]:
        """A sentence for each epoch of which `held`, called `name`, has less than was promised."""
        return [
            f"{site} was told that events up to {told} are safe; {name} ends at {stored}"
            for (site, epoch), told in sorted(self._told.items())
            if (stored := held.get((site, epoch), 0)) < told
        ]


def _read_promises(path: Path) -> dict[tuple[str, str], int]:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {(site, epoch): int(n) for site, epochs in raw["archived"].items() for epoch, n in epochs.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as wrong:
        raise PromiseBroken(
            f"{path} can't be read ({wrong}): what sites were promised is not known; "
            "put the newest copy of it there, or move it away to accept that nobody knows"
        ) from None
