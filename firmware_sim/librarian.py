"""Asks and tells the hub over its REST interface, as any librarian's program would: a login, nothing else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx

from firmware_sim.truth import Answer
from protocol.names import ItemId

API = "/api/v1"
PAGE = 500


@dataclass(frozen=True, slots=True)
class Figures:
    """What the hub counts."""

    on_loan: int
    brought_back: int
    undecided: int
    missing: int
    online: Mapping[str, bool]
    """Site -> heard of lately."""
    queues: Mapping[str, int | None]
    """Site -> events it said it still had to send."""


class Librarian:
    """Somebody with a login. Every question raises httpx.HTTPError when the hub doesn't answer as it should."""

    def __init__(self, web: httpx.Client) -> None:
        self._web = web

    @classmethod
    def at(cls, address: str, name: str, password: str) -> Self:
        """A librarian of the hub at `address`."""
        return cls(httpx.Client(base_url=address, auth=(name, password), timeout=10.0, trust_env=False))

    def close(self) -> None:
        """Lets go of the connection."""
        self._web.close()

    def healthy(self) -> bool:
        """Whether the hub serves at all."""
        try:
            return self._web.get("/health").is_success
        except httpx.HTTPError:
            return False

    def answers(self) -> tuple[Answer, ...]:
        """What the hub says of every item it knows."""
        return tuple(_answer(row) for row in self._rows("items"))

    def sites(self) -> tuple[dict[str, Any], ...]:
        """Every site as the hub shows it."""
        return tuple(self._rows("sites"))

    def figures(self) -> Figures:
        """The numbers of the summary."""
        sites = self.sites()
        return Figures(
            on_loan=self._total("loans", state="open"),
            brought_back=self._total("loans", state="returned"),
            undecided=self._total("items", state="undecided"),
            missing=self._total("items", state="missing"),
            online={s["site"]: bool(s["online"]) for s in sites},
            queues={s["site"]: s["queue"] for s in sites},
        )

    def send(self, what: str, said: Mapping[str, Any]) -> dict[str, Any]:
        """Makes something new; the hub's answer."""
        return dict(self._web.post(f"{API}/{what}", json=said).raise_for_status().json())

    def put(self, what: str, said: Mapping[str, Any]) -> dict[str, Any]:
        """Changes something; the hub's answer."""
        return dict(self._web.put(f"{API}/{what}", json=said).raise_for_status().json())

    def waiting(self, site: str) -> tuple[dict[str, Any], ...]:
        """Who waits for what at a site, or can collect it there."""
        return tuple(self._rows("reservations", site=site, waiting="true"))

    def phone_code(self, patron: str, site: str) -> str:
        """What the library's app shows on a patron's phone."""
        return str(self._get(f"{API}/patrons/{patron}/phone-code", {"site": site})["code"])

    def _total(self, what: str, **asked: str) -> int:
        return int(self._get(f"{API}/{what}", {**asked, "limit": "1"})["total"])

    def _rows(self, what: str, **asked: str) -> Iterator[dict[str, Any]]:
        page = self._get(f"{API}/{what}", {**asked, "limit": str(PAGE)})
        yield from page["rows"]
        while page["next"]:
            page = self._get(page["next"], {})
            yield from page["rows"]

    def _get(self, path: str, asked: Mapping[str, str]) -> Any:
        found = self._web.get(path, params=asked) if asked else self._web.get(path)
        return found.raise_for_status().json()


def _answer(row: Mapping[str, Any]) -> Answer:
    held = row["holding"]
    return Answer(ItemId(row["item"]), held["state"], held["site"], held["shelf"], held["patron"])
