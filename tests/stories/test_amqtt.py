"""The same spine on the broker inside Python, which the demo falls back to: it forgets more, and nothing is lost."""

from collections.abc import Iterator

import pytest

from tests.stories.stage import Stage, staged, until


@pytest.fixture(scope="module")
def amqtt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("amqtt"), "amqtt") as stage:
        yield stage


def test_a_tap_becomes_a_loan_and_a_return_elsewhere_closes_it(amqtt: Stage) -> None:
    ada = amqtt.patron()
    (book,) = amqtt.harbour.items(1)
    amqtt.harbour.visit(ada, take=(book,))
    amqtt.becomes(book, "loan", patron=ada.patron)
    amqtt.east.visit(ada, put=(book,))
    amqtt.becomes(book, "shelf", site=amqtt.east.name)
    amqtt.agrees()


def test_what_happened_through_a_cut_and_a_killed_agent_arrives_once(amqtt: Stage) -> None:
    ada, here, mark = amqtt.patron(), amqtt.harbour, amqtt.mark()
    (book,) = here.items(1)
    here.idle()
    here.site.network(False)
    here.town.tap(here.name, ada.uid)
    here.screen("welcome")
    assert here.town.open(here.name, 3)
    here.screen("open")
    here.town.take(here.name, book, ada)
    here.leave()
    here.site.kill()
    here.site.network(True)
    here.site.start()
    amqtt.becomes(book, "loan", patron=ada.patron)
    until("one loan and no more", lambda: len(here.said("borrowed", mark)) == 1)
    amqtt.agrees()
