"""The network ends in the middle of a batch, or goes on in one direction only."""

import pytest

from firmware_sim.cable import State
from tests.stories.kills.whole import ON_POSTGRESQL, Whole
from tests.stories.stage import until

SITE = "east-station"
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


def test_a_batch_cut_in_the_middle_is_sent_again_whole(world: Whole) -> None:
    site, before = world.sites[SITE], stored_up(world)
    site.cable.break_after(300, seen=b"/up/events")
    site.network(True)
    assert site.cable.broken.wait(30)
    assert len(world.witness.ledger(SITE)) == before
    until("all of it there", lambda: not world.misplaced())
    assert len(world.witness.ledger(SITE)) > before
    world.agrees()


def test_a_half_open_line_costs_a_repeat_only(world: Whole) -> None:
    site = world.sites[SITE]
    for state in (State.MUTE, State.DEAF):
        until("nothing to send", lambda: site.unrest() is None and site.screen.kind == "idle")
        before = len(world.witness.ledger(SITE))
        site.cable.put(state)
        world.launch.town.tap(site.spot.partner.site, world.stranger())
        until("the refusal", lambda: site.screen.kind == "refused")
        assert until("it waits", lambda: (said := site.status()) and said["queue"]) >= 1
        if state is State.MUTE:
            assert len(world.witness.ledger(SITE)) == before
        else:  # it arrives, and what says so doesn't
            until("it arrived", lambda before=before: len(world.witness.ledger(SITE)) > before)  # type: ignore[misc]
        site.cable.put(State.THROUGH)
    world.agrees()
