"""What the hub answers to every batch and hello: "stored up to n" (delivery.md sections 1 and 2)."""

from protocol.names import BootId, Count, DigestHex, EpochId, Frozen, LedgerId, Moment, Seq


class Receipt(Frozen):
    """Taken literally by the site, up or down, when epoch and boot are its own and `req` is news (rule E3)."""

    v: int = 1
    epoch: EpochId
    boot: BootId
    """Echo of the request."""
    req: Count
    """Echo of the request: the receipt answers this one and says nothing of later ones."""
    stored: Seq
    """Highest place of the epoch in the live ledger with nothing missing before it: stop sending."""
    digest: DigestHex
    """The chain's value at `stored`."""
    archived: Seq = 0
    """The same, in a backup that was restored and checked: may be forgotten. Never above `stored`."""
    ledger: LedgerId
    hub_time: Moment
