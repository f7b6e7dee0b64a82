"""Setting tags' security for a station that can: what is to be set, what is being set, and what is tried again later.

The loan is written down long before; this only makes the tag say so. What other stations of the site left wrong is
mended when the tag is next in reach.
"""

import logging
from collections.abc import Callable, Collection

from edge.errors import StorageFailed
from edge.lent import AFI
from edge.site import Site
from edge.stations.inputs import SecurityTried
from edge.watch import ReaderWatch, WriteAfi
from protocol.names import TagUid

log = logging.getLogger(__name__)

AGAIN_S = 10.0
"""Between attempts to set a tag that couldn't be set, while it stays in reach."""


class Security:
    """One station's way to the tags in its readers' fields."""

    def __init__(self, site: Site, take: Callable[[SecurityTried], None]) -> None:
        """`take` is told what came of each attempt."""
        self._site = site
        self._take = take
        self._setting: dict[TagUid, bool] = {}
        """Tags that are being written, and whether they were left wrong before."""
        self._again_at: dict[TagUid, float] = {}

    def set(self, reader: ReaderWatch, tag: TagUid, on_loan: bool, *, late: bool = False) -> None:
        """Orders it; while the tag is being written already, what it should say is looked up again afterwards."""
        if tag not in self._setting:
            self._setting[tag] = late
            tags = self._site.settings.tags
            reader.order(WriteAfi(tag, tags.afi_on_loan if on_loan else tags.afi_in_stock))

    def mend(self, reader: ReaderWatch, tag: TagUid) -> None:
        """A tag whose security was left wrong is set, now that it is in reach."""
        wrong, now = self._site.loans.wrong(tag), self._site.clock.now()
        if wrong is not None and now >= self._again_at.get(tag, now):
            self.set(reader, tag, wrong.on_loan, late=True)

    def tried(self, tag: TagUid, afi: int, why: str | None) -> None:
        """What came of it. A failure is news once; a success where the tag was wrong for more than a moment."""
        on_loan = afi == self._site.settings.tags.afi_on_loan
        late = self._setting.pop(tag, False)
        wrong = self._site.loans.wrong(tag)
        said = wrong is not None and wrong.said
        item = wrong.item if wrong else None
        right = wrong is not None and wrong.on_loan == on_loan  # else the item has come back, or gone, meanwhile
        if why is not None:
            self._again_at[tag] = self._site.clock.now() + AGAIN_S
            self._take(SecurityTried(tag, on_loan, why, item, tell=right and not said))
            return
        news = right and (late or said)
        if right and not news:
            self._forget(tag)
        self._take(SecurityTried(tag, on_loan, None, item, tell=news))

    def reach(self, tags: Collection[TagUid]) -> None:
        """These are in reach: another that comes back is tried at once."""
        self._again_at = {tag: at for tag, at in self._again_at.items() if tag in tags}

    def _forget(self, tag: TagUid) -> None:
        """It says what it should. Where that can't be written down, it is set once more than needed."""
        try:
            self._site.journal.commit((), self._site.clock.stamp(), keep={f"{AFI}{tag}": None})
        except StorageFailed as failed:
            log.warning("%s is set, which can't be written down: %s", tag, failed)
