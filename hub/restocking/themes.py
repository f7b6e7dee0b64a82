"""Themes: which titles they are."""

from sqlmodel import Session, col, or_, select

from hub.models import Theme, ThemeTitle, Title
from hub.restock.query import parse
from hub.restocking.errors import Unknown
from hub.search.select import chosen


def titles_of(session: Session, theme: int) -> list[str]:
    """What the query finds and what was picked, less what was left out by hand; in order. Raises Unknown."""
    row = session.get(Theme, theme)
    if row is None:
        raise Unknown("theme", theme)
    by_hand = select(ThemeTitle.title_id).where(ThemeTitle.theme == theme)
    picked = col(Title.title_id).in_(by_hand.where(col(ThemeTitle.chosen).is_(True)))
    left_out = by_hand.where(col(ThemeTitle.chosen).is_(False))
    wanted = or_(picked, chosen(parse(row.query))) if row.query else picked
    query = select(Title.title_id).where(wanted, col(Title.title_id).not_in(left_out)).order_by(Title.title_id)
    return list(session.exec(query))
