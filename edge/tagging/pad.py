"""A person at the desk: which item's tag to put on the pad, what became of it, and the next.

Whatever goes wrong with a tag, the same item is asked for again. A tag that stays on the pad and fails is tried a few
times, then only after it left the pad: memory wears out. Stopping is heard between tags, never in the middle of one.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from edge.devices.kinds import TagMemory, TagWriter
from edge.errors import DeviceError, TagError
from edge.tagging.batch import ASKED_BYTES, Batch, Order, Refuse, Wanted, Write, judge
from edge.tagging.report import Report
from protocol.names import TagUid

LOOK_S = 0.15
"""Between two looks at the pad."""
AGAIN_S = 1.0
"""Before a reader that failed is opened again."""
TRIES = 5
"""Times in a row that a reader may fail."""
WRITES = 3
"""Times that a tag is written while it stays on the pad."""


class Pad:
    """One batch at one connected reader. `say` gets a sentence again only after another one, or an empty pad."""

    def __init__(
        self,
        reader: TagWriter,
        order: Order,
        batch: Batch,
        report: Report,
        say: Callable[[str], None],
        utc: Callable[[], datetime],
        stop: threading.Event,
    ) -> None:
        self._reader, self._order, self._batch, self._report = reader, order, batch, report
        self._say, self._utc, self._stop = say, utc, stop
        self._said = ""
        self._settled: TagUid | None = None
        """A tag that was dealt with and hasn't left the pad since."""
        self._failures = 0
        """Of tags on the pad since it was last seen empty."""

    def write(self, wanted: Sequence[Wanted]) -> int:
        """Asks for each item in turn; how many were written when all are, or it was stopped.

        Raises DeviceError when the reader failed TRIES times in a row, and StorageFailed when the report can't be
        written: the tag in question is then written, but doesn't count.
        """
        for done, one in enumerate(wanted):
            self._tell(f"{done + 1} of {len(wanted)}: put the tag of {one} on the pad")
            if not self._write_one(one):
                return done
        return len(wanted)

    def _write_one(self, wanted: Wanted) -> bool:
        """Whether it was written; False: stopped."""
        failures = 0
        while not self._stop.is_set():
            try:
                if failures:
                    self._reader.connect()
                if self._tried(wanted):
                    return True
                failures = 0
                self._stop.wait(LOOK_S)
            except DeviceError as failed:
                self._reader.close()
                failures += 1
                if failures == TRIES:
                    raise
                self._tell(f"  {failed}; trying again")
                self._stop.wait(AGAIN_S)
        return False

    def _tried(self, wanted: Wanted) -> bool:
        """One look at the pad and, when a tag lies there alone, all that is done with it."""
        found = self._reader.round()
        if self._settled not in found.tags and found.complete:
            self._settled = None
        if len(found.tags) > 1 or not found.complete:
            self._tell("  several tags lie on the pad: leave the one of the item that is asked for")
            return False
        tag = next(iter(found.tags), None)
        if tag is None:
            self._said, self._failures = "", 0
        if tag is None or tag == self._settled:
            return False
        try:
            memory = self._reader.read(tag, ASKED_BYTES)
        except TagError as unread:
            self._tell(f"  {unread}")
            return False
        write = judge(wanted, self._order, self._batch, tag, memory)
        if isinstance(write, Refuse):
            self._tell(f"  tag {tag} is refused: {write.why}")
            return False
        return self._done(wanted, tag, memory, write)

    def _done(self, wanted: Wanted, tag: TagUid, memory: TagMemory, write: Write) -> bool:
        """Writes, reads back, reports."""
        try:
            self._reader.write(tag, write.data, memory.block_size)
            if memory.dsfid != write.dsfid:
                self._reader.write_dsfid(tag, write.dsfid)
            if write.afi is not None and memory.afi != write.afi:
                self._reader.write_afi(tag, write.afi)
            missed = write.missed(self._reader.read(tag, ASKED_BYTES))
        except TagError as failed:
            missed = failed.why
        except DeviceError:
            self._batch = self._batch.failed(tag, wanted.item)
            raise
        if missed:
            self._batch = self._batch.failed(tag, wanted.item)
            self._failures += 1
            if self._failures >= WRITES:
                self._settled, self._failures = tag, 0
            self._tell(f"  tag {tag} is NOT written: {missed}. Lift it and put it on the pad again, or take another")
            return False
        self._settled = tag
        self._report.add(wanted.item, tag, self._utc())
        self._batch = self._batch.wrote(tag, wanted.item)
        self._tell(f"  item {wanted.item} is written on tag {tag}; lift it")
        return True

    def _tell(self, sentence: str) -> None:
        if sentence != self._said:
            self._said = sentence
            self._say(sentence)
