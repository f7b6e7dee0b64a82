"""Whose card a site means by a tag: each site's map from tag to card, made when first needed."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from hub import ledger
from hub.ledger import Touched, chunks
from hub.models import AsideRow, Card
from protocol.cards import card_tag, code_tag, site_key
from protocol.names import CardTag, SiteId
from protocol.phone import phone_key


@dataclass(frozen=True, slots=True)
class Holder:
    """A card and whose it is."""

    card: int
    patron: str | None


class Cards:
    """Tags of all cards, per site; read again when the card table has changed. Belongs to one thread."""

    def __init__(self, master: bytes, phone_codes: bool = False) -> None:
        """`master` is what sites' keys are derived from. `phone_codes`: patrons may show codes on a phone."""
        self._master = master
        self.phone_codes = phone_codes
        self._version = -1
        self._cards: list[tuple[bytes, Holder]] = []
        self._maps: dict[str, dict[CardTag, Holder]] = {}

    def tag(self, site: str, secret: bytes) -> CardTag:
        """What `site` calls the card with `secret`."""
        return card_tag(site_key(self._master, SiteId(site)), secret)

    def code(self, site: str, code: str) -> str:
        """What `site` knows of a code for collecting something."""
        return code_tag(site_key(self._master, SiteId(site)), code)

    def phone(self, site: str, secret: bytes) -> str | None:
        """The key that codes of this card on a phone are made with at `site`, 32 hex digits; None: they aren't used."""
        if not self.phone_codes:
            return None
        return phone_key(site_key(self._master, SiteId(site)), secret)

    def _holder(self, site: str, tag: str) -> Holder | None:
        known = self._maps.get(site)
        if known is None:
            key = site_key(self._master, SiteId(site))
            known = self._maps[site] = {card_tag(key, secret): holder for secret, holder in self._cards}
        return known.get(CardTag(tag))

    def link(self, session: Session, touched: Touched) -> None:
        """Finds the patron of every visit in `touched.openings` that has none yet."""
        if not touched.openings:
            return
        self._refresh(session)
        for part in chunks(sorted({visit for _, visit in touched.openings})):
            for row in session.exec(select(AsideRow).where(col(AsideRow.visit).in_(part))).all():
                if (row.site, row.visit) in touched.openings:
                    self._link(row)
        touched.visits |= touched.openings

    def link_all(self, session: Session, touched: Touched) -> None:
        """After cards were imported: visits whose card was unknown may have a patron now."""
        unlinked = select(AsideRow).where(col(AsideRow.card_id).is_(None), col(AsideRow.matches).is_(True))
        self._refresh(session)
        for row in session.exec(unlinked).all():
            if self._link(row) and row.visit:
                touched.openings.add((row.site, row.visit))
                touched.visits.add((row.site, row.visit))

    def _link(self, row: AsideRow) -> bool:
        if row.card_id is not None or not row.matches:
            return False
        holder = self._holder(row.site, row.card)
        if holder is None:
            return False
        row.card_id, row.patron = holder.card, holder.patron
        return True

    def _refresh(self, session: Session) -> None:
        version = ledger.cards_version(session)
        if version == self._version:
            return
        rows = session.exec(select(Card.secret, Card.id, Card.patron)).all()
        self._cards = [(bytes.fromhex(secret), Holder(number or 0, patron)) for secret, number, patron in rows]
        self._maps = {}
        self._version = version
