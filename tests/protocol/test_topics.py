"""Where messages go."""

import pytest

from protocol.names import Malformed, SiteId
from protocol.topics import Down, Up, down, down_all, read_up, shard, up, up_all

SITE = SiteId("harbour-bank")


@pytest.mark.parametrize("what", list(Up))
def test_a_topic_names_its_site_and_kind(what: Up) -> None:
    topic = read_up(up(SITE, what))
    assert (topic.site, topic.what) == (SITE, what)


def test_a_site_listens_to_what_the_hub_sends_it() -> None:
    assert down_all(SITE).removesuffix("+") == down(SITE, Down.RECEIPT).removesuffix("receipt")
    assert up_all(shard(SITE)).split("/")[2] == up(SITE, Up.HELLO).split("/")[2]


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "microlib/1/hub/hello",
        f"microlib/1/zz/{SITE}/up/hello",
        f"microlib/1/{shard(SITE)}/{SITE}/up/gossip",
        f"microlib/1/{shard(SITE)}/{SITE}/down/receipt",
        f"microlib/2/{shard(SITE)}/{SITE}/up/hello",
        f"microlib/1/{shard(SITE)}/Harbour Bank/up/hello",
        up(SITE, Up.HELLO) + "/more",
    ],
)
def test_a_topic_no_site_writes_to_is_malformed(topic: str) -> None:
    with pytest.raises(Malformed):
        read_up(topic)


def test_a_message_under_another_sites_shard_is_malformed() -> None:
    wrong = up(SITE, Up.HELLO).replace(f"/{shard(SITE)}/", f"/{shard(SiteId('garden-school'))}/")
    with pytest.raises(Malformed):
        read_up(wrong)
