"""Everything that goes over MQTT, as one AsyncAPI 3.0 document made from the topics and the models themselves.

Schemas say what a reader insists on; senders leave out fields that say nothing, and a reader ignores fields it
doesn't know. They keep to JSON Schema draft 7, AsyncAPI's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from protocol import __version__
from protocol.commands import Command
from protocol.directory import PAGE_ENTRIES, Ask, Entry, Page
from protocol.envelope import MAX_BATCH_BYTES, MAX_EVENTS, BatchHead, Envelope
from protocol.hello import Gone, Hello, HubHello
from protocol.names import Frozen, SiteId
from protocol.receipt import Receipt
from protocol.status import Status
from protocol.topics import HUB_HELLO, QOS, ROOT, Down, Up, shard

Json = dict[str, Any]

_SCHEMAS = "#/components/schemas/"
_BINDING = "0.2.0"
"""Version of AsyncAPI's MQTT bindings."""

SITE = SiteId("harbour-bank")
"""The site of the examples."""

INFO = """The contract between the sites of a city's micro-libraries and their hub.

MQTT 3.1.1 is enough. Both ends connect with clean sessions, everything goes with QoS 1, nothing is retained, and the
broker's acknowledgement proves nothing: only a receipt does. A site is both user name and client id at the broker; it
writes only below its own `up/` and reads only its own `down/` and the hub's hello.

Fields, facts and kinds of record are only ever added. Readers ignore fields they don't know; the hub keeps an event
it can't understand as the bytes it came in, and acknowledges it."""

FRAMING = f"""Lines of UTF-8 JSON, one newline between two, none at the end: first the head, then 1 to {MAX_EVENTS}
events in the order of their places, {MAX_BATCH_BYTES} bytes of them at most (a single larger event travels alone).
Here the lines are an array. Each event is sent as the very bytes it was written down as, which the digest runs over;
neither end ever serialises it again."""


@dataclass(frozen=True, slots=True)
class _Message:
    """One kind of message, and the channel that is its own."""

    name: str
    """Of its recorded examples, too."""
    address: str
    model: type[Frozen]
    sender: str
    """"site" or "hub"; "" when nobody sends it yet."""
    title: str
    summary: str
    answer: str = ""
    """Channel on which the other end answers it."""
    req: str = ""
    """Where in the payload the request's number stands."""


def _up(what: Up) -> str:
    return f"{ROOT}/{{shard}}/{{site}}/up/{what}"


def _down(what: Down) -> str:
    return f"{ROOT}/{{shard}}/{{site}}/down/{what}"


MESSAGES = (
    _Message(
        name="hello",
        address=_up(Up.HELLO),
        model=Hello,
        sender="site",
        title="A site makes itself known",
        summary="On connect, on the hub's hello, every 15 minutes, and again with growing pauses until answered.",
        answer="down-receipt",
        req="/req",
    ),
    _Message(
        name="batch",
        address=_up(Up.EVENTS),
        model=BatchHead,
        sender="site",
        title="A batch of events",
        summary="What the journal holds after `stored`, in order; at most four batches wait for a receipt.",
        answer="down-receipt",
        req="/0/req",
    ),
    _Message(
        name="status",
        address=_up(Up.STATUS),
        model=Status,
        sender="site",
        title="A site's heartbeat",
        summary="How the site is now, every interval and when something changes. Never the record of anything.",
    ),
    _Message(
        name="ask",
        address=_up(Up.ASK),
        model=Ask,
        sender="site",
        title="A site asks for news of the directory",
        summary="What changed since a version; answered by pages until one says that there is no more.",
        answer="down-directory",
        req="/req",
    ),
    _Message(
        name="gone",
        address=_up(Up.GONE),
        model=Gone,
        sender="site",
        title="A site is gone",
        summary="The will of a connection, sent by the broker when it dies, and by the site itself when it leaves.",
    ),
    _Message(
        name="receipt",
        address=_down(Down.RECEIPT),
        model=Receipt,
        sender="hub",
        title="Stored up to here",
        summary="Sent after the ledger has committed. Taken literally, up or down.",
        req="/req",
    ),
    _Message(
        name="page",
        address=_down(Down.DIRECTORY),
        model=Page,
        sender="hub",
        title="A page of the directory",
        summary=f"At most {PAGE_ENTRIES} cards, items and rules in the order of their versions.",
        req="/req",
    ),
    _Message(
        name="command",
        address=_down(Down.COMMAND),
        model=Command,
        sender="",
        title="The hub asks a site to do something",
        summary="Reserved: nothing sends commands and no site obeys any in this version.",
    ),
    _Message(
        name="hub-hello",
        address=HUB_HELLO,
        model=HubHello,
        sender="hub",
        title="The hub makes itself known",
        summary="At every connect; sites answer with a hello, spread over the seconds it names.",
    ),
)


class _Plain(GenerateJsonSchema):
    """Without a title for every field, which only repeats its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def document(recorded: Mapping[str, Sequence[Any]], words: Mapping[str, Mapping[str, str]]) -> Json:
    """The document as plain JSON values.

    `recorded` holds example payloads by message name, a batch as the list of its lines; `words` what the source says
    of a model's fields and an enumeration's values, by class.
    """
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "microlib: sites and hub",
            "version": __version__,
            "description": INFO,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": {_channel_name(message): _channel(message) for message in MESSAGES},
        "operations": {name: what for message in MESSAGES for name, what in _operations(message)},
        "components": {
            "messages": {message.name: _message(message, recorded[message.name]) for message in MESSAGES},
            "schemas": _schemas(words),
            "parameters": {
                "shard": {
                    "description": "Two hex digits: the first byte of SHA-256 over the site's name.",
                    "examples": [shard(SITE)],
                },
                "site": {
                    "description": "A place at a partner; its user name and client id at the broker.",
                    "examples": [SITE],
                },
            },
            "securitySchemes": {
                "certificate": {"type": "X509", "description": "The certificate's common name is the site's name."}
            },
        },
    }


def _server() -> Json:
    return {
        "host": "{host}:8883",
        "protocol": "secure-mqtt",
        "protocolVersion": "3.1.1",
        "description": "The library's own broker, MQTT over TLS.",
        "variables": {"host": {"description": "Where it runs.", "default": "localhost"}},
        "security": [{"$ref": "#/components/securitySchemes/certificate"}],
        "bindings": {"mqtt": {"cleanSession": True, "bindingVersion": _BINDING}},
    }


def _channel_name(message: _Message) -> str:
    return "-".join(message.address.split("/")[-2:])


def _channel(message: _Message) -> Json:
    channel = {
        "address": message.address,
        "title": message.title,
        "description": message.summary,
        "messages": {message.name: {"$ref": f"#/components/messages/{message.name}"}},
        "parameters": {
            name: {"$ref": f"#/components/parameters/{name}"}
            for name in ("shard", "site")
            if f"{{{name}}}" in message.address
        },
    }
    return {key: value for key, value in channel.items() if value}


def _operations(message: _Message) -> list[tuple[str, Json]]:
    """What the sender does and what the reader does; nothing for a message that nobody sends yet."""
    if not message.sender:
        return []
    reader = "site" if message.sender == "hub" else "hub"
    return [
        (f"{message.sender}-sends-{message.name}", _operation(message, "send", message.sender)),
        (f"{reader}-receives-{message.name}", _operation(message, "receive", reader)),
    ]


def _operation(message: _Message, action: str, who: str) -> Json:
    channel = _channel_name(message)
    bindings: Json = {"qos": QOS, "retain": False, "bindingVersion": _BINDING}
    if action == "receive":
        del bindings["retain"]
    operation: Json = {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "title": message.title,
        "tags": [{"name": who}],
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message.name}"}],
        "bindings": {"mqtt": bindings},
    }
    if message.answer:
        operation["reply"] = {"channel": {"$ref": f"#/channels/{message.answer}"}}
    return operation


def _message(message: _Message, examples: Sequence[Any]) -> Json:
    batch = message.model is BatchHead
    made: Json = {
        "name": message.name,
        "title": message.title,
        "summary": message.summary,
        "contentType": "application/x-ndjson" if batch else "application/json",
        "payload": _batch() if batch else {"$ref": _SCHEMAS + message.model.__name__},
        "examples": [{"payload": example} for example in examples],
    }
    if message.req:
        made["correlationId"] = {
            "description": "The request's number, counted per boot; the answer echoes it.",
            "location": f"$message.payload#{message.req}",
        }
    return made


def _batch() -> Json:
    return {
        "description": FRAMING,
        "type": "array",
        "items": [{"$ref": _SCHEMAS + BatchHead.__name__}],
        "additionalItems": {"$ref": _SCHEMAS + Envelope.__name__},
        "minItems": 2,
        "maxItems": 1 + MAX_EVENTS,
    }


def _schemas(words: Mapping[str, Mapping[str, str]]) -> Json:
    """Every model and what it is made of, by class name."""
    models: list[type[Frozen]] = [Envelope, *(message.model for message in MESSAGES)]
    kinds = {model.__name__: TypeAdapter[Any](model) for model in models} | {"Entry": TypeAdapter[Any](Entry)}
    made, shared = TypeAdapter.json_schemas(
        [(name, "validation", kind) for name, kind in kinds.items()],
        ref_template=_SCHEMAS + "{model}",
        schema_generator=_Plain,
    )
    schemas: Json = shared["$defs"]
    for name, schema in schemas.items():
        _explain(schema, words.get(name, {}))
    schemas[Page.__name__]["properties"]["entries"]["items"] = made["Entry", "validation"]
    drafted: Json = _draft7(schemas)
    return dict(sorted(drafted.items()))


def _explain(schema: Json, words: Mapping[str, str]) -> None:
    """Puts what the source says of fields and values into the schema of their class."""
    for field, shape in schema.get("properties", {}).items():
        if field in words:
            shape["description"] = words[field]
    values = [f"- `{value}`: {words[value]}" for value in schema.get("enum", ()) if value in words]
    if values:
        schema["description"] = "\n".join([schema.get("description", ""), "", *values])


def _draft7(value: Any) -> Any:
    """The schema without what draft 7 reads otherwise: words beside a reference, OpenAPI's discriminator object."""
    if isinstance(value, list):
        return [_draft7(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _draft7(each) for key, each in value.items() if key != "discriminator"}
    if "$ref" in kept and len(kept) > 1:
        return {"allOf": [{"$ref": kept.pop("$ref")}], **kept}
    return kept
