"""The code that a patron's phone shows at one site instead of a card: text and picture, new each minute."""

import io
from datetime import datetime, timedelta
from typing import Any

import segno
from pydantic import ConfigDict
from sqlmodel import Session, col, select

from hub.models import Card, Patron, Site
from hub.restocking.errors import Refused, Unknown
from hub.settings import Settings
from hub.views.view import View
from protocol.cards import site_key
from protocol.directory import Block, CardClass
from protocol.names import SiteId
from protocol.phone import MINUTE_S, SLACK, code, phone_key

MARGIN, SCALE = 4, 8
"""White modules around the picture, as the standard asks for, and units a module."""


class PhoneCodeView(View):
    """What the phone shows; ask again each minute, since each code opens once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "patron": "P000017",
                    "site": "harbour-bank",
                    "code": "ML1.HARBOUR-BANK.HTDG0.4XOL.O3KCTM25AH",
                    "next_at": "2026-11-23T12:01:00Z",
                    "good_until": "2026-11-23T12:03:00Z",
                }
            ]
        }
    )

    patron: str
    site: str
    code: str
    """To be shown as QR."""
    next_at: datetime
    """When there is another one."""
    good_until: datetime
    """After this the site refuses it."""


def phone_code(session: Session, settings: Settings, patron: str, site: str, now: datetime) -> PhoneCodeView:
    """The code of `now`.

    Raises Unknown where there is no such patron or site, Refused where phones aren't used or the patron has no card
    that counts: the site decides about the rest, as when the card itself is shown.
    """
    if not settings.phone_codes:
        raise Refused("phone-codes-off", "this library doesn't use codes on phones: phone_codes in hub.toml")
    holder = session.get(Patron, patron)
    if holder is None:
        raise Unknown("patron", patron)
    if session.get(Site, site) is None:
        raise Unknown("site", site)
    cards = select(Card).where(col(Card.patron) == patron, col(Card.klass) == CardClass.PATRON)
    kept = [card for card in session.exec(cards.order_by(col(Card.id))) if card.block != Block.LOST]
    if not kept or holder.block == Block.LOST:
        raise Refused("no-card", f"{patron} has no card, or reported it lost", patron=patron)
    key = phone_key(site_key(settings.master_key(), SiteId(site)), bytes.fromhex(kept[0].secret))
    began = datetime.fromtimestamp(now.timestamp() // MINUTE_S * MINUTE_S, now.tzinfo)
    ends = began + timedelta(seconds=MINUTE_S)
    return PhoneCodeView(
        patron=patron,
        site=site,
        code=code(key, SiteId(site), now),
        next_at=ends,
        good_until=ends + timedelta(seconds=SLACK * MINUTE_S),
    )


def drawn(text: str) -> bytes:
    """The QR code of a text, as SVG; black on white whatever the page's colours are, since scanners ask for it."""
    picture = io.BytesIO()
    options: dict[str, Any] = {"scale": SCALE, "border": MARGIN, "dark": "#000", "light": "#fff", "title": text}
    segno.make_qr(text, error="m", boost_error=False).save(picture, kind="svg", **options)
    return picture.getvalue()
