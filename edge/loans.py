"""Which items are on loan, and to whom, as far as a site can know: its directory, and before it what happened here."""

from collections.abc import Collection, Mapping, Sequence

from edge.directory import Mirror
from edge.journal import Journal
from edge.lent import AFI, HERE, LENT, Heard, News, Whose, Wrong, caught_up, heard, news, outstanding, stands, wrong
from protocol.directory import Out
from protocol.events import Fact
from protocol.names import CardTag, ItemId, StationName, TagUid


class Loans:
    """What all stations of a site know together."""

    def __init__(self, journal: Journal, mirror: Mirror, desks: Collection[StationName]) -> None:
        """`desks` are the stations with open shelves."""
        self._journal = journal
        self._mirror = mirror
        self._desks = desks
        self._heard: dict[str, Heard] = {}

    def news(self, item: ItemId) -> News | None:
        """What happened to an item here that the directory can't have heard of."""
        kept = self._journal.value(f"{LENT}{item}")
        return None if kept is None else News.model_validate_json(kept)

    def lent(self, item: ItemId) -> bool:
        """Whether it is on loan."""
        last = self.news(item)
        return self._in_directory(item) if last is None else last.lent

    def wrong(self, tag: TagUid) -> Wrong | None:
        """What a tag's security should say and doesn't; None when nothing is known to be wrong.

        What was left to be set here is no longer when the item has been lent or brought back elsewhere since.
        """
        kept = self._journal.value(f"{AFI}{tag}")
        left = None if kept is None else Wrong.model_validate_json(kept)
        return None if left is None or self._overtaken(left) else left

    def out(self, card: CardTag) -> tuple[Out, ...] | None:
        """What a card's patron has out, soonest due first; None when nobody tells this site."""
        entry = self._mirror.card(card)
        kept = self._journal.kept(LENT)
        known = {ItemId(key.removeprefix(LENT)): News.model_validate_json(value) for key, value in kept.items()}
        return outstanding(card, entry.out if entry else None, known)

    def here(self, item: ItemId) -> StationName | None:
        """The desk on whose open shelves it stands, as far as desks have seen it."""
        kept = self._journal.value(f"{HERE}{item}")
        return None if kept is None else StationName(kept)

    def standing(self, desk: StationName) -> int:
        """Items on a desk's open shelves, as far as it has seen them."""
        return sum(where == desk for where in self._journal.kept(HERE).values())

    def after(
        self, facts: Sequence[Fact], whose: Whose, others: Mapping[TagUid, Collection[TagUid]]
    ) -> dict[str, str | None]:
        """Journal keys and values that belong into one transaction with these facts."""
        return {
            **news(facts, whose, lambda item: self._renewals(item, whose.card)),
            **wrong(facts, others),
            **stands(facts, self._desks),
        }

    def settled(self, now: float) -> dict[str, None]:
        """Keys whose time is over: to be called every minute or so, `now` in monotonic seconds."""
        journal, version = self._journal, self._mirror.version
        kept = journal.kept(LENT)
        self._heard = {key: mark for key, mark in self._heard.items() if kept.get(key) == mark.value}
        if journal.stored == journal.last:
            self._heard = heard(kept, self._heard, now, version)
        over = [
            key
            for key, mark in self._heard.items()
            if caught_up(mark, now, version, self._in_directory(ItemId(key.removeprefix(LENT))))
        ]
        over += [key for key, value in journal.kept(AFI).items() if self._overtaken(Wrong.model_validate_json(value))]
        over += [key for key in journal.kept(HERE) if self.lent(ItemId(key.removeprefix(HERE)))]
        return dict.fromkeys(over)

    def _overtaken(self, left: Wrong) -> bool:
        return (
            left.item is not None and self._mirror.item(left.item) is not None and self.lent(left.item) != left.on_loan
        )

    def _in_directory(self, item: ItemId) -> bool:
        entry = self._mirror.item(item)
        return entry is not None and entry.lent

    def _renewals(self, item: ItemId, card: CardTag | None) -> int:
        out = self.out(card) if card is not None else None
        return next((one.renewals for one in out or () if one.item == item), 0)
