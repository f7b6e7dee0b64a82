"""Power, readers, doors, tags and networks fail; nobody is blamed, nothing is lost, nothing is counted twice."""

from tests.stories.stage import Stage


def test_a_card_reader_unplugged_and_back_serves_again_without_a_restart(stage: Stage) -> None:
    ada, here, mark = stage.patron(), stage.harbour, stage.mark()
    here.idle()
    here.cabinet.unplug("card", True)
    here.screen("out-of-order")
    here.cabinet.unplug("card", False)
    here.screen("idle")
    here.visit(ada)
    assert not here.said("agent_started", mark)
