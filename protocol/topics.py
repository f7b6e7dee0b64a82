"""Where messages go at the broker: `microlib/1/<shard>/<site>/up|down/<what>` and `microlib/1/hub/hello`.

The shard, two hex digits of a hash of the site, lets several ingest workers each take a range of sites, in order, on
any broker. A site writes only under its own up/ and reads only its own down/: one access pattern covers all.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from pydantic import TypeAdapter, ValidationError

from protocol.names import Malformed, SiteId

ROOT = "microlib/1"
HUB_HELLO = f"{ROOT}/hub/hello"
QOS = 1
_SITE: TypeAdapter[SiteId] = TypeAdapter(SiteId)


class Up(StrEnum):
    """Site to hub."""

    HELLO = "hello"
    EVENTS = "events"
    STATUS = "status"
    ASK = "ask"
    GONE = "gone"


class Down(StrEnum):
    """Hub to site."""

    RECEIPT = "receipt"
    DIRECTORY = "directory"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class UpTopic:
    """A topic of a site's, taken apart."""

    site: SiteId
    what: Up


def shard(site: SiteId) -> str:
    """Two hex digits."""
    return hashlib.sha256(site.encode()).hexdigest()[:2]


def up(site: SiteId, what: Up) -> str:
    """Where the site writes `what`."""
    return f"{ROOT}/{shard(site)}/{site}/up/{what}"


def down(site: SiteId, what: Down) -> str:
    """Where the site reads `what`."""
    return f"{ROOT}/{shard(site)}/{site}/down/{what}"


def down_all(site: SiteId) -> str:
    """The subscription a site makes for itself."""
    return f"{ROOT}/{shard(site)}/{site}/down/+"


def up_all(shard_digits: str = "+") -> str:
    """The subscription a hub's ingest makes, for one shard or for all."""
    return f"{ROOT}/{shard_digits}/+/up/+"


def read_up(topic: str) -> UpTopic:
    """The site and kind a message on `topic` claims; raises Malformed, also for a shard that isn't the site's."""
    parts = topic.split("/")
    try:
        root, version, digits, name, direction, what = parts
        site = _SITE.validate_python(name)
        if f"{root}/{version}" != ROOT or direction != "up" or digits != shard(site):
            raise ValueError
        return UpTopic(site, Up(what))
    except (ValueError, ValidationError):
        raise Malformed("topic", f"{topic[:100]!r} is none a site writes to") from None
