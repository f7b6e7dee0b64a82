"""The ports of one demo, all on this machine, and whether they are free."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from random import SystemRandom

HOST = "127.0.0.1"
QUIET = (20_000, 32_000)
"""Ports that neither well-known services nor Linux's own choice for outgoing connections use."""
TRIES = 200


class PortTaken(RuntimeError):
    """Something else listens where the demo wants to; the message says where and what to do."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens."""

    hub: int = 8000
    bench: int = 8100
    kiosks: tuple[int, ...] = (8101, 8102, 8103)
    broker: int = 18830

    def named(self) -> Iterator[tuple[str, int]]:
        """Each with what it is for."""
        yield "the hub", self.hub
        yield "the bench page", self.bench
        for number, port in enumerate(self.kiosks, 1):
            yield f"kiosk {number}", port
        yield "the broker", self.broker


def read(text: str, sites: int = 3) -> Ports:
    """Ports of a demo with so many sites from "hub=8000,bench=8100,kiosk=8101,broker=18830", each part optional.

    Kiosks count up from theirs; "free" takes whatever is free. Raises ValueError.
    """
    if text == "free":
        return _free(sites)
    given: dict[str, int] = {}
    for part in filter(None, text.split(",")):
        name, _, number = part.partition("=")
        if name not in ("hub", "bench", "kiosk", "broker") or not number.isdigit() or not 0 < int(number) < 65536:
            raise ValueError(f"{part!r}: say hub=…, bench=…, kiosk=… or broker=…, each with a port number, or free")
        given[name] = int(number)
    default = Ports()
    first = given.get("kiosk", default.kiosks[0])
    kiosks = tuple(first + n for n in range(sites))
    return Ports(
        given.get("hub", default.hub), given.get("bench", default.bench), kiosks, given.get("broker", default.broker)
    )


def claim(ports: Ports) -> None:
    """Makes sure that all are free and different; raises PortTaken."""
    seen: dict[int, str] = {}
    for what, port in ports.named():
        if port in seen:
            raise PortTaken(f"{what} and {seen[port]} can't both be at port {port}; see --ports")
        seen[port] = what
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                raise PortTaken(
                    f"port {port} on {HOST}, wanted for {what}, is taken: does another demo run? "
                    "Stop it, or choose others with --ports (--ports free takes any)"
                ) from None


def listens(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0


def free_port() -> int:
    """A port nobody listens on, below the range that the system gives to connections going out: it stays free."""
    chance = SystemRandom()
    for _ in range(TRIES):
        port = chance.randrange(*QUIET)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        return port
    raise PortTaken(f"no port from {QUIET[0]} to {QUIET[1]} on {HOST} is free")


def _free(sites: int) -> Ports:
    found: list[int] = []
    while len(found) < sites + 3:
        port = free_port()
        if port not in found:
            found.append(port)
    hub, bench, *kiosks, broker = found
    return Ports(hub, bench, tuple(kiosks), broker)
