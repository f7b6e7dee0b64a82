"""What the hub can ask of a site. Types only: issuing, signing and obeying them come with the staff's pages.

A command is signed over its exact bytes, bound to the nonce of the site's connection, lives in the site's monotonic
seconds and acts at most once (delivery.md section 6).
"""

from typing import Annotated, Literal

from pydantic import Field

from protocol.names import Count, Frozen, SiteId, StationName


class Recount(Frozen):
    """Count the shelves now."""

    verb: Literal["recount"] = "recount"
    station: StationName | None = None


class UnlockForService(Frozen):
    """Open the door without a card."""

    verb: Literal["unlock_for_service"] = "unlock_for_service"
    station: StationName


class RefreshDirectory(Frozen):
    """Ask for the directory now, from the start when `whole`."""

    verb: Literal["refresh_directory"] = "refresh_directory"
    whole: bool = False


class Restart(Frozen):
    """Restart the agent between visits."""

    verb: Literal["restart"] = "restart"


class Update(Frozen):
    """Install a version between visits."""

    verb: Literal["update"] = "update"
    version: str


class ShowMessage(Frozen):
    """Show a text on the kiosk until the time is up; by language tag."""

    verb: Literal["show_message"] = "show_message"
    text: dict[str, str]
    for_s: Count


class Close(Frozen):
    """Turn patrons away, with a reason they see, by language tag."""

    verb: Literal["close"] = "close"
    reason: dict[str, str]


class Open(Frozen):
    """Let patrons in again."""

    verb: Literal["open"] = "open"


Order = Annotated[
    Recount | UnlockForService | RefreshDirectory | Restart | Update | ShowMessage | Close | Open,
    Field(discriminator="verb"),
]


class Command(Frozen):
    """What is signed: an order to one site, for one connection, for so many seconds."""

    v: int = 1
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    site: SiteId
    nonce: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    lifetime_s: Annotated[int, Field(ge=1, le=3600)]
    issuer: str
    order: Order
