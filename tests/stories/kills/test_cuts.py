"""The network ends in the middle of a batch, or goes on in one direction only."""

import time

import pytest

from firmware_sim.cable import State
from tests.stories.kills.whole import ON_POSTGRESQL, Whole
from tests.stories.stage import until

SITE = "east-station"
TAP_S = 3.0
"""Longer than a card is held to the reader and looked at."""
pytestmark = pytest.mark.parametrize("world", [ON_POSTGRESQL], indirect=True, ids=str)


def stored_up(world: Whole) -> int:
    """Events wait at the site, whose cable is cut; answers how many of it the ledger has."""
    site = world.sites[SITE]
    until("nothing to send", lambda: site.unrest() is None)
    site.network(False)
    before = len(world.witness.ledger(SITE))
    for _ in range(2):
        site.kill()  # each start and each end is an event, too
        until("the agent back", site.healthy)
    return before


def something_to_send(world: Whole) -> None:
    """A card nobody knows is shown until the refusal waits to be sent; the cable lets no receipt through."""
    site, again_at = world.sites[SITE], 0.0

    def waits() -> bool:
        nonlocal again_at
        if site.screen.kind == "idle" and time.monotonic() > again_at:
            world.launch.town.tap(site.spot.partner.site, world.stranger())
            again_at = time.monotonic() + TAP_S
        said = site.status()
        return said is not None and said["queue"] > 0

    until("a refusal that waits", waits)


def test_a_batch_cut_in_the_middle_is_sent_again_whole(world: Whole) -> None:
    site, before = world.sites[SITE], stored_up(world)
    site.cable.break_after(300, seen=b"/up/events")
    site.network(True)
    assert site.cable.broken.wait(30)
    site.network(False)
    assert len(world.witness.ledger(SITE)) == before
    site.network(True)
    until("all of it there", lambda: not world.misplaced())
    assert len(world.witness.ledger(SITE)) > before
    world.agrees()


def test_a_half_open_line_costs_a_repeat_only(world: Whole) -> None:
    site = world.sites[SITE]
    for state in (State.MUTE, State.DEAF):
        until("nothing to send", lambda: site.unrest() is None and site.screen.kind == "idle")
        before = len(world.witness.ledger(SITE))
        site.cable.put(state)
        something_to_send(world)
        if state is State.MUTE:
            assert len(world.witness.ledger(SITE)) == before
        else:  # it arrives, and what says so doesn't
            until("it arrived", lambda before=before: len(world.witness.ledger(SITE)) > before)  # type: ignore[misc]
        site.cable.put(State.THROUGH)
    world.agrees()
