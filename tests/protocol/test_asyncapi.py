"""docs/asyncapi.json says what the models and topics say, in the form that AsyncAPI 3.0 asks for."""

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from protocol import topics
from protocol.asyncapi import MESSAGES, SITE, document
from protocol.commands import Order
from protocol.directory import Entry
from protocol.envelope import Envelope, read_batch, read_event
from protocol.events import Fact
from protocol.names import read_message
from tests.wire.asyncapi import WRITTEN, files, recorded, text, words

DOCUMENT = json.loads(text())
KEY = re.compile(r"^[A-Za-z0-9._-]+$")
"""What AsyncAPI lets things be called that others refer to."""


def walk(value: Any, where: str = "#") -> Iterator[tuple[str, Any]]:
    """Every value within, with its address."""
    yield where, value
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from walk(inner, f"{where}/{step}")


def references(whole: Any) -> dict[str, str]:
    """Where a reference stands, and to what."""
    return {where: value["$ref"] for where, value in walk(whole) if isinstance(value, dict) and "$ref" in value}


def dangling(whole: Any) -> list[str]:
    """References to nothing."""
    there = {where for where, _ in walk(whole)}
    return [f"{where} -> {to}" for where, to in references(whole).items() if to not in there]


def compact(example: Any) -> bytes:
    return json.dumps(example, ensure_ascii=False, separators=(",", ":")).encode()


def test_the_written_document_is_what_the_models_say() -> None:
    assert WRITTEN.read_text(encoding="utf-8") == text(), "protocol/ has changed: run `make docs` and commit"


def test_a_changed_model_would_show() -> None:
    changed = document(recorded(), words() | {"Receipt": {"stored": "something else"}})
    assert changed["components"]["schemas"]["Receipt"] != DOCUMENT["components"]["schemas"]["Receipt"]


def test_the_frame_is_that_of_asyncapi_3() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(DOCUMENT["info"])
    assert set(DOCUMENT) == {
        "asyncapi",
        "info",
        "defaultContentType",
        "servers",
        "channels",
        "operations",
        "components",
    }
    named = [DOCUMENT["channels"], DOCUMENT["operations"], DOCUMENT["servers"], *DOCUMENT["components"].values()]
    assert [key for group in named for key in group if not KEY.match(key)] == []


def test_every_reference_leads_somewhere() -> None:
    assert len(references(DOCUMENT)) > 100
    assert dangling(DOCUMENT) == []


def test_a_reference_to_nothing_is_found() -> None:
    assert dangling({"here": {}, "a": {"$ref": "#/here"}, "b": [{"$ref": "#/gone"}]}) == ["#/b/0 -> #/gone"]


def test_everything_described_is_used() -> None:
    described = {f"#/components/{kind}/{name}" for kind, group in DOCUMENT["components"].items() for name in group}
    assert described - set(references(DOCUMENT).values()) == set()


def test_there_is_a_channel_for_every_topic_and_no_other() -> None:
    known = {topics.up(SITE, what) for what in topics.Up} | {topics.down(SITE, what) for what in topics.Down}
    addresses = [channel["address"] for channel in DOCUMENT["channels"].values()]
    filled = [a.replace("{shard}", topics.shard(SITE)).replace("{site}", SITE) for a in addresses]
    assert sorted(filled) == sorted(known | {topics.HUB_HELLO})


@pytest.mark.parametrize("name", sorted(DOCUMENT["channels"]))
def test_a_channel_has_a_message_and_explains_its_parameters(name: str) -> None:
    channel = DOCUMENT["channels"][name]
    assert len(channel["messages"]) == 1
    assert set(channel.get("parameters", {})) == set(re.findall(r"{(\w+)}", channel["address"]))


@pytest.mark.parametrize("name", sorted(set(DOCUMENT["channels"]) - {"down-command"}))
def test_one_end_sends_and_the_other_receives_once_kept_by_nobody(name: str) -> None:
    on_it = {
        who: what for who, what in DOCUMENT["operations"].items() if what["channel"]["$ref"] == f"#/channels/{name}"
    }
    ends = {who.partition("-")[0]: what["action"] for who, what in on_it.items()}
    sender, reader = ("site", "hub") if name.startswith("up-") else ("hub", "site")
    assert ends == {sender: "send", reader: "receive"}
    for operation in on_it.values():
        assert operation["messages"][0]["$ref"].startswith(f"#/channels/{name}/messages/")
        assert operation["bindings"]["mqtt"]["qos"] == topics.QOS == 1
        assert not operation["bindings"]["mqtt"].get("retain")


def test_an_operation_names_a_channel_and_nothing_sends_commands_yet() -> None:
    used = {operation["channel"]["$ref"] for operation in DOCUMENT["operations"].values()}
    assert {f"#/channels/{name}" for name in DOCUMENT["channels"]} - used == {"#/channels/down-command"}


def test_sessions_are_clean() -> None:
    assert DOCUMENT["servers"]["broker"]["bindings"]["mqtt"]["cleanSession"] is True


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
def test_the_examples_are_the_recorded_messages_and_fit_their_models(message: Any) -> None:
    examples = [example["payload"] for example in DOCUMENT["components"]["messages"][message.name]["examples"]]
    assert examples
    for example, path in zip(examples, files(message.name), strict=True):
        body = b"\n".join(map(compact, example)) if message.name == "batch" else compact(example)
        assert body == path.read_bytes().rstrip(b"\n")
        if message.name == "batch":
            assert all(isinstance(read_event(line), Envelope) for line in read_batch(body).bodies)
        else:
            read_message(message.model, body)


@pytest.mark.parametrize(
    ("union", "tag", "where"),
    [
        (Fact, "type", ("Envelope", "fact")),
        (Order, "verb", ("Command", "order")),
        (Entry, "kind", ("Page", "entries")),
    ],
)
def test_every_kind_of_a_union_is_described(union: Any, tag: str, where: tuple[str, str]) -> None:
    schemas = DOCUMENT["components"]["schemas"]
    field = schemas[where[0]]["properties"][where[1]]
    said = {each["$ref"].rpartition("/")[2] for each in field.get("items", field)["oneOf"]}
    kinds = get_args(get_args(union)[0])
    assert said == {kind.__name__ for kind in kinds}
    for kind in kinds:
        assert schemas[kind.__name__]["properties"][tag]["const"] == kind.model_fields[tag].default


def test_the_request_number_stands_where_the_document_says() -> None:
    for message in DOCUMENT["components"]["messages"].values():
        if "correlationId" in message:
            value = message["examples"][0]["payload"]
            for step in message["correlationId"]["location"].removeprefix("$message.payload#/").split("/"):
                value = value[int(step)] if isinstance(value, list) else value[step]
            assert isinstance(value, int)


def test_schemas_keep_to_draft_7() -> None:
    for where, value in walk(DOCUMENT["components"]["schemas"]):
        if isinstance(value, dict):
            assert not {"$defs", "prefixItems", "unevaluatedProperties"} & set(value), where
            assert not isinstance(value.get("discriminator"), dict), where
            assert "$ref" not in value or len(value) == 1, where


def test_fields_and_values_are_explained_in_the_words_of_their_source() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["Envelope"]["properties"]["up_ms"]["description"].startswith("Monotonic milliseconds")
    assert schemas["Found"]["properties"]["late"]["description"].startswith("Explained by a later count")
    assert "- `busy`: Another visit is open." in schemas["RefusalReason"]["description"]
