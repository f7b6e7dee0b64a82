"""What the librarians of the demo's city have decided before anybody looks: a theme, a campaign that runs, a plan."""

from datetime import date, timedelta

from firmware_sim.librarian import Librarian
from protocol.names import SiteId

THEME = "读史 Reading history"
QUERY = "theme:history"
AT = SiteId("harbour-bank")
ITEMS = 24
"""Copies the campaign wants there: more than stand there at first, so that the plan has something to do."""
DAYS = 28
CYCLE = 7


def prepare(librarian: Librarian, sites: list[SiteId], today: date) -> int:
    """Makes the theme and the campaign, approves it, and asks for tomorrow's plan; the plan's number."""
    theme = librarian.send("themes", {"name": THEME, "query": QUERY, "note": "microlib demo"})
    campaign = librarian.send(
        "campaigns",
        {
            "name": THEME,
            "theme": theme["id"],
            "sites": [AT],
            "begins": today.isoformat(),
            "ends": (today + timedelta(days=DAYS)).isoformat(),
            "items": ITEMS,
        },
    )
    librarian.put(f"campaigns/{campaign['id']}/state", {"state": "approved"})
    plan = librarian.send(
        "plans", {"day": (today + timedelta(days=1)).isoformat(), "cycle": CYCLE, "sites": list(sites)}
    )
    return int(plan["id"])
