"""Watches from outside while programs die: what the broker carries, what the strikes do, what disks hold."""

import contextlib
import queue
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import Engine, create_engine, text

from edge.generation import Row, audit, reach, select
from firmware_sim.cabinet import Cabinet
from firmware_sim.town import Spot
from protocol.names import read_message
from protocol.receipt import Receipt
from protocol.topics import QOS, ROOT


class Witness:
    """`wrongs` is empty as long as nothing was seen that must not be."""

    def __init__(self, database_url: str, broker_port: int) -> None:
        self.wrongs: list[str] = []
        self.seen: Counter[str] = Counter()
        """receipts, strikes."""
        self._engine: Engine = create_engine(database_url)
        self._receipts: queue.Queue[bytes | None] = queue.Queue()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="witness", protocol=mqtt.MQTTv311)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(f"{ROOT}/+/+/down/receipt", qos=QOS)
        self._client.on_message = lambda _c, _d, message: self._receipts.put(bytes(message.payload))
        self._client.connect_async("127.0.0.1", broker_port, keepalive=10)
        self._thread = threading.Thread(target=self._compare, name="witness", daemon=True)

    @contextlib.contextmanager
    def watching(self) -> Iterator["Witness"]:
        self._client.loop_start()
        self._thread.start()
        try:
            yield self
        finally:
            self._client.disconnect()
            self._client.loop_stop()
            self._receipts.put(None)
            self._thread.join(10)
            self._engine.dispose()

    def look_at(self, spot: "Spot[Cabinet]", journal: Path) -> None:
        """From now on a strike that comes on without a stored visit is a wrong."""
        cabinet, was_on = spot.cabinet, False

        def changed(_: object) -> None:
            nonlocal was_on
            on, before = cabinet.strike_energised, was_on
            was_on = on
            if on and not before:
                self.seen["strikes"] += 1
                with contextlib.closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True, timeout=10)) as db:
                    (visits,) = db.execute("SELECT count(*) FROM keep WHERE key LIKE 'visit/%'").fetchone()
                if not visits:
                    self.wrongs.append(f"{spot.partner.site}: the strike came on without a visit on record")

        cabinet.on_change(changed)

    def ledger(self, site: str) -> list[tuple[str, int, bytes, bytes]]:
        """(epoch, seq, body, digest) of every row of the site, in order."""
        query = "SELECT epoch, seq, body, digest FROM ledger WHERE site = :site ORDER BY epoch, seq"
        with self._engine.connect() as connection:
            return [(e, s, bytes(b), bytes(d)) for e, s, b, d in connection.execute(text(query), {"site": site})]

    def _compare(self) -> None:
        while (payload := self._receipts.get()) is not None:
            told = read_message(Receipt, payload)
            self.seen["receipts"] += 1
            query = text("SELECT stored FROM cursor WHERE epoch = :epoch")
            with self._engine.connect() as connection:
                stored = connection.execute(query, {"epoch": told.epoch}).scalar()
            if stored is None or told.stored > stored or told.archived > told.stored:
                self.wrongs.append(f"a receipt says {told.stored} of {told.epoch}; stored are {stored}")


def journal_of(folder: Path) -> tuple[str, list[Row]]:
    """Epoch and rows of a site's journal, its chain verified; raises when it isn't whole."""
    with contextlib.closing(reach(f"{(folder / 'journal.db').as_uri()}?mode=ro")) as db:
        db.execute("BEGIN")
        head, _ = audit(db)
        return head.epoch, list(select(db, 0))
