"""What sites were told is safe, kept beside the database: a ledger restored from too old a copy is noticed (H9)."""

import fcntl
import json
import os
from pathlib import Path

from sqlmodel import Session

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
        self._path.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)  # other workers keep their promises in the same file
            for key, value in _read_promises(self._path).items():
                self._told[key] = max(value, self._told.get(key, 0))
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

    def told(self) -> dict[tuple[str, str], int]:
        """(site, epoch) -> the highest `archived` it was told."""
        return dict(self._told)

    def broken(self, session: Session) -> list[str]:
        """A sentence for each epoch of which the ledger holds less than was promised."""
        sentences = []
        for (site, epoch), told in sorted(self._told.items()):
            at = session.get(Cursor, (site, epoch))
            stored = at.stored if at else 0
            if stored < told:
                sentences.append(f"{site} was told that events up to {told} are safe; this ledger ends at {stored}")
        return sentences


def _read_promises(path: Path) -> dict[tuple[str, str], int]:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {(site, epoch): int(n) for site, epochs in raw["archived"].items() for epoch, n in epochs.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as wrong:
        raise PromiseBroken(f"{path} can't be read ({wrong}): what sites were promised is not known") from None
