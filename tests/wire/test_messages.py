"""One recorded message of every kind and released version: what was once sent is understood for ever."""

import json
from pathlib import Path
from typing import get_args

import pytest

from protocol.commands import Command, Order
from protocol.directory import Ask, Page, read_entry
from protocol.envelope import ZERO, Envelope, NotUnderstood, chain_all, read_batch, read_event
from protocol.events import Fact
from protocol.hello import Gone, Hello, HubHello
from protocol.names import Frozen, Malformed, read_message
from protocol.receipt import Receipt
from protocol.status import Status

RECORDED = Path(__file__).parent / "messages"
KINDS: dict[str, type[Frozen]] = {
    "receipt": Receipt,
    "hello": Hello,
    "gone": Gone,
    "hub-hello": HubHello,
    "status": Status,
    "ask": Ask,
    "page": Page,
}


def recorded(name: str) -> bytes:
    return (RECORDED / name).read_bytes().rstrip(b"\n")


def facts() -> dict[str, type[Frozen]]:
    return {kind.model_fields["type"].default: kind for kind in get_args(get_args(Fact)[0])}


@pytest.mark.parametrize("name", sorted(facts()))
def test_a_recorded_event_is_read_and_written_as_it_was(name: str) -> None:
    body = recorded(f"event-{name}.json")
    event = read_event(body)
    assert isinstance(event, Envelope)
    assert type(event.fact) is facts()[name]
    assert event.wire() == body


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_recorded_message_is_read_and_written_as_it_was(name: str) -> None:
    body = recorded(f"{name}.json")
    assert read_message(KINDS[name], body).wire() == body


def test_every_order_has_a_recorded_command() -> None:
    verbs = {kind.model_fields["verb"].default for kind in get_args(get_args(Order)[0])}
    assert {p.stem.removeprefix("command-") for p in RECORDED.glob("command-*.json")} == verbs
    for verb in verbs:
        body = recorded(f"command-{verb}.json")
        assert read_message(Command, body).wire() == body


def test_the_recorded_batch_chains_to_the_recorded_receipt() -> None:
    batch = read_batch(recorded("batch.ndjson"))
    receipt = read_message(Receipt, recorded("receipt.json"))
    assert batch.wire() == recorded("batch.ndjson")
    assert batch.end == receipt.stored
    assert chain_all(ZERO, batch.bodies).hex() == receipt.digest


def test_every_record_of_the_recorded_page_is_understood() -> None:
    page = read_message(Page, recorded("page.json"))
    assert [e.kind for raw in page.entries if (e := read_entry(raw))] == ["card", "item", "rule", "policy", "removed"]


@pytest.mark.parametrize("name", sorted(p.name for p in RECORDED.glob("*.json")))
def test_fields_of_a_newer_sender_are_ignored(name: str) -> None:
    newer = json.loads(recorded(name)) | {"mood": "cheerful"}
    if "fact" in newer:
        newer["fact"]["weather"] = "rain"
        assert isinstance(read_event(json.dumps(newer).encode()), Envelope)
    else:
        kind = KINDS.get(name.removesuffix(".json"), Command)
        read_message(kind, json.dumps(newer).encode())


def test_a_newer_fact_is_kept_as_not_understood_with_its_own_id() -> None:
    newer = json.loads(recorded("event-returned.json"))
    newer["fact"]["type"] = "levitated"
    raw = read_event(json.dumps(newer).encode())
    assert isinstance(raw, NotUnderstood)
    assert raw.id == newer["id"]
    assert "fact" in raw.why


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"id": 7}', b"\xff\xfe", b"[" * 5000])
def test_bytes_that_are_no_event_get_an_id_of_their_own_and_a_reason(body: bytes) -> None:
    raw, again = read_event(body), read_event(body)
    assert isinstance(raw, NotUnderstood)
    assert isinstance(again, NotUnderstood)
    assert raw.id == again.id
    assert len(raw.id) == 32
    assert raw.why


def test_a_message_that_cannot_be_read_names_its_first_wrong_field() -> None:
    wrong = json.loads(recorded("receipt.json")) | {"stored": -1}
    with pytest.raises(Malformed, match=r"receipt: stored: "):
        read_message(Receipt, json.dumps(wrong).encode())
