"""A broker that keeps only the promises MQTT makes: it delays, doubles, loses with connections, and forgets.

One connection's messages on one topic stay in order; across topics they don't. What was on its way when a connection
ended, or when the broker did, is gone. Wills come at once, late, or after their successor's first word.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random

from paho.mqtt.client import topic_matches_sub

from firmware_sim.city.timeline import Timeline

Deliver = Callable[[str, bytes], None]


@dataclass
class Weather:
    """How the network behaves, per message."""

    delay_s: float = 0.05
    jitter_s: float = 0.1
    loss: float = 0.0
    double: float = 0.0
    slow: float = 0.0
    """Share of messages that take up to a minute."""


@dataclass(eq=False)
class Session:
    """One client's connection."""

    client: str
    topics: tuple[str, ...]
    """Subscribed, with MQTT's wildcards."""
    deliver: Deliver
    ended: Callable[[], None]
    will: tuple[str, bytes] | None
    alive: bool = True
    half_open: bool = False
    """Nothing goes through any more, and neither end knows."""
    last: dict[tuple[str, str], float] = field(default_factory=dict)
    """When the newest message of each topic arrives, each way."""


class Broker:
    """The one in the middle."""

    def __init__(self, timeline: Timeline, queue: int = 1000) -> None:
        """`queue`: messages on their way to one client, at most; the newest beyond are dropped silently."""
        self.up = True
        self.weather = Weather()
        self.counts: dict[str, int] = {"sent": 0, "lost": 0, "doubled": 0, "dropped": 0, "taken over": 0}
        self._timeline = timeline
        self._chance: Random = timeline.chance("broker")
        self._queue = queue
        self._losing = ("", 0)
        self._sessions: dict[str, Session] = {}
        self._waiting: dict[Session, int] = {}
        self.recorded: deque[tuple[str, bytes]] = deque(maxlen=50)
        """The newest messages: what somebody at the broker could play again."""

    def connect(
        self,
        client: str,
        topics: tuple[str, ...],
        deliver: Deliver,
        ended: Callable[[], None],
        will: tuple[str, bytes] | None = None,
    ) -> Session | None:
        """A clean session, which takes over an older one of that name; None while the broker is away."""
        if not self.up:
            return None
        old = self._sessions.get(client)
        if old is not None:
            self.counts["taken over"] += 1
            self._end(old, tell=True, will_after=self._chance.choice((0.0, 1.5)))
        session = self._sessions[client] = Session(client, topics, deliver, ended, will)
        self._waiting[session] = 0
        return session

    def publish(self, session: Session, topic: str, payload: bytes) -> bool:
        """Takes a message from a client; True says nothing of where it goes."""
        if not session.alive:
            return False
        self.counts["sent"] += 1
        if session.half_open:
            return True
        arrival = self._arrival(session, f"> {topic}")

        def arrive() -> None:
            if session.alive and self.up:
                self._route(topic, payload)

        self._timeline.at(arrival, arrive)
        return True

    def drop(self, client: str, *, will_after: float | None = 0.0, tell: bool = True) -> None:
        """A client's connection ends; its will is said after so long, or never (an orderly end)."""
        session = self._sessions.get(client)
        if session is not None:
            self._end(session, tell, will_after)

    def leave(self, session: Session) -> None:
        """This one connection ends in order."""
        if session.alive:
            self._end(session, False, None)

    def lose(self, ending: str, times: int) -> None:
        """The next so many messages on topics that end so are lost."""
        self._losing = (ending, times)

    def half_open(self, client: str, seconds: float) -> None:
        """The connection carries nothing any more; after `seconds` both ends notice."""
        session = self._sessions.get(client)
        if session is None:
            return
        session.half_open = True

        def noticed() -> None:
            if session.alive:
                self._end(session, True, 0.0)

        self._timeline.after(seconds, noticed)

    def crash(self, seconds: float) -> None:
        """It goes, with all it knew, and is back empty after `seconds`."""
        self.up = False
        for session in list(self._sessions.values()):
            self._end(session, True, None)
        self._timeline.after(seconds, self._return)

    def replay(self) -> None:
        """Somebody sends old messages again, as they were."""
        for topic, payload in list(self.recorded):
            self._route(topic, payload)

    def _return(self) -> None:
        self.up = True

    def _end(self, session: Session, tell: bool, will_after: float | None) -> None:
        session.alive = False
        self._waiting.pop(session, None)
        if self._sessions.get(session.client) is session:
            del self._sessions[session.client]
        if session.will is not None and will_after is not None:
            topic, payload = session.will
            self._timeline.after(will_after, lambda: self._route(topic, payload))
        if tell:
            session.ended()

    def _route(self, topic: str, payload: bytes) -> None:
        if not self.up:
            return
        if "/down/" in topic:
            self.recorded.append((topic, payload))
        for session in list(self._sessions.values()):
            if any(_matches(wanted, topic) for wanted in session.topics):
                self._hand(session, topic, payload)

    def _hand(self, session: Session, topic: str, payload: bytes) -> None:
        chance, weather = self._chance, self.weather
        ending, times = self._losing
        if times and topic.endswith(ending):
            self._losing = (ending, times - 1)
            self.counts["lost"] += 1
            return
        if weather.loss and chance.random() < weather.loss:
            self.counts["lost"] += 1
            return
        times = 1
        if weather.double and chance.random() < weather.double:
            self.counts["doubled"] += 1
            times = 2
        for _ in range(times):
            if self._waiting.get(session, 0) >= self._queue:
                self.counts["dropped"] += 1
                continue
            self._waiting[session] += 1
            self._timeline.at(self._arrival(session, f"< {topic}"), lambda: self._arrive(session, topic, payload))

    def _arrive(self, session: Session, topic: str, payload: bytes) -> None:
        if not session.alive or not self.up:
            return
        self._waiting[session] -= 1
        if not session.half_open:
            session.deliver(topic, payload)

    def _arrival(self, session: Session, way: str) -> float:
        weather = self.weather
        delay = weather.delay_s + weather.jitter_s * self._chance.random()
        if weather.slow and self._chance.random() < weather.slow:
            delay += 60 * self._chance.random()
        key = (session.client, way)
        arrival = max(self._timeline.now + delay, session.last.get(key, 0.0))
        session.last[key] = arrival
        return arrival


@lru_cache(maxsize=4096)
def _matches(wanted: str, topic: str) -> bool:
    return bool(topic_matches_sub(wanted, topic))
