"""A keeper holds one station: its state, its timers and its devices. It steps the table and performs what it asks."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from edge import access, circulation, screen, tally
from edge.access import Conditions, Decision, Refused
from edge.circulation import Identity
from edge.clock import Clock
from edge.directory import Mirror
from edge.errors import StorageFailed
from edge.frames import tagdata
from edge.health import Health
from edge.journal import Journal
from edge.screen import View, ViewItem
from edge.settings import Settings, Station
from edge.shelf import Limits, Standing
from edge.stations import cabinet
from edge.stations.effects import (
    Doubt,
    Effect,
    Forget,
    Identify,
    ReadRound,
    Record,
    Relock,
    Remind,
    Show,
    Trust,
    Unlock,
)
from edge.stations.inputs import Identified, Input, Part, PartDown, Tapped, TimedOut, Timer
from edge.stations.state import Cabinet, Memory, OpenVisit, Phase, Plan
from edge.tally import Tally
from edge.watch import DoorWatch, ReaderWatch, ReadTag, RunRound
from protocol.cards import card_secret, card_tag, commitment
from protocol.directory import CardEntry, Lending
from protocol.envelope import Aside
from protocol.events import Borrowed, Fact, RefusalReason, Returned, VisitEnded
from protocol.names import CardTag, ClockTrust, ShelfName, TagUid, VisitId
from protocol.status import DoorState, ShelfStatus, StationStatus

log = logging.getLogger(__name__)

LAST_PART = 4
"""Below this part of the floor not even returns begin: the floor of the floor."""


@dataclass
class Site:
    """What all stations of a site share."""

    settings: Settings
    key: bytes
    clock: Clock
    journal: Journal
    mirror: Mirror
    health: Health
    random: Callable[[int], bytes]
    free_mb: Callable[[], int]
    secret: Callable[[str, bytes], bytes] = card_secret
    storage_ok: bool = True

    def today(self) -> date | None:
        """The date at the site; None while nobody vouches for the clock."""
        stamp = self.clock.stamp()
        if stamp.clock is ClockTrust.UNSYNCED:
            return None
        return stamp.at.astimezone(ZoneInfo(self.settings.timezone)).date()

    def directory_age_s(self) -> int | None:
        """How old the directory is; None when it can't be told."""
        age = self.mirror.age_s(self.clock.stamp())
        return None if age is None else max(0, int(age))

    def writable(self) -> bool:
        """Whether any visit may begin: its events will find room."""
        return self.storage_ok and self.free_mb() >= self.settings.storage.free_floor_mb // LAST_PART

    def roomy(self) -> bool:
        """Whether a visit may borrow (rules E5 and E7): neither the disk nor the journal nears its end."""
        return not self.journal.full and self.free_mb() >= self.settings.storage.free_floor_mb


class Keeper:
    """One cabinet at work."""

    def __init__(
        self,
        site: Site,
        station: Station,
        door: DoorWatch,
        readers: Mapping[ShelfName, ReaderWatch],
        show: Callable[[str], None],
    ) -> None:
        self.site = site
        self.station = station
        self.plan = plan_of(station, site.settings)
        self.unknown = 0
        """Inputs the table had no row for."""
        self.last_visit_at: datetime | None = None
        self._door = door
        self._readers = readers
        self._show = show
        self._view = View(screen.ViewKind.STARTING)
        self._shown = ""
        self._timers: dict[Timer, float] = {}
        self._asked: dict[TagUid, Identity | None] = {}
        self._directory = site.mirror.version
        """The version the shelf was last looked at with."""
        self._kept = site.journal.kept(f"visit/{station.name}") | site.journal.kept(f"shelf/{station.name}")
        visit = self._kept.get(f"visit/{station.name}")
        memory = self._kept.get(f"shelf/{station.name}")
        self.state: Cabinet = cabinet.boot(
            self.plan,
            Memory.model_validate_json(memory) if memory else None,
            OpenVisit.model_validate_json(visit) if visit else None,
        )
        self.refresh()

    def take(self, given: Input) -> None:
        """One input: step the table, do what it asks, in order."""
        before = self.state
        after = cabinet.step(before, given, self.plan)
        if not after.known:
            self.unknown += 1
            log.debug("%s: %s has no row for %s", self.station.name, before.phase, type(given).__name__)
            return
        self.state = after.state
        failed = undone = False
        for effect in after.effects:
            try:
                self._perform(effect)
            except StorageFailed as error:
                failed = True
                log.error("%s: cannot record: %s", self.station.name, error)
                if isinstance(effect, Record) and effect.promise:
                    undone, self.state = True, before
                    break
        if undone or (failed and self.site.storage_ok):
            self.site.storage_ok = False
            self.take(PartDown(Part.STORAGE))

    def tapped(self, uid: str | None) -> None:
        """A card was shown: its UID, or None when none could be read."""
        name = VisitId(self.site.random(16).hex())
        try:
            secret = None if uid is None else self.site.secret(uid, bytes.fromhex(self.site.settings.fleet_salt))
        except ValueError:
            secret = None
        if secret is None:
            self.take(Tapped(Refused(RefusalReason.UNREADABLE), name))
            return
        tag = card_tag(self.site.key, secret)
        card = self.site.mirror.card(tag)
        salt = self.site.random(16)
        self.take(
            Tapped(
                self._decide(card, tag),
                name,
                card=tag,
                who=commitment(salt, tag),
                aside=Aside(salt=salt.hex(), card=tag),
                directory_version=self.site.mirror.version,
                directory_age_s=self.site.directory_age_s(),
            )
        )

    def tick(self, now: float) -> None:
        """Fires the timers that are due; a directory that tells whose a strange tag is has the shelf counted anew."""
        if self._directory != self.site.mirror.version and self.state.phase is Phase.IDLE:
            self._directory = self.site.mirror.version  # a page that came during a count is looked at after it
            if self._recognises():
                self._timers[Timer.RECOUNT] = now
        for timer in [t for t, at in self._timers.items() if at <= now]:
            if self._timers.pop(timer, None) is not None:
                self.take(TimedOut(timer))

    def next_due(self) -> float | None:
        """When the next timer runs out."""
        return min(self._timers.values(), default=None)

    def read(self, tag: TagUid, count: int, memory: tagdata.Content | None) -> None:
        """What a tag holds that an Identify asked about; None when it couldn't be read."""
        state = self.state
        if state.count is None or state.count.number != count or tag not in self._asked:
            return
        self._asked[tag] = self._identity(tag, memory)
        self._answer_identify(count)

    def refresh(self) -> None:
        """Draws the screen again where its surroundings changed."""
        languages = self.site.settings.languages
        drawn = screen.render(self._view, self._name, languages).model_copy(
            update={
                "site": tuple(screen.Text(lang=lang, text=self.site.settings.name[lang]) for lang in languages),
                "stale": screen.stale(self.site.directory_age_s(), self.site.mirror.version, languages),
            }
        )
        text = drawn.model_dump_json()
        if text != self._shown:
            self._shown = text
            stamp = self.site.clock.stamp().at.astimezone(ZoneInfo(self.site.settings.timezone))
            self._show(drawn.model_copy(update={"at": stamp.isoformat(timespec="seconds")}).model_dump_json())

    def status(self) -> StationStatus:
        """The station as its heartbeat tells it."""
        state = self.state
        door = DoorState.UNKNOWN if state.door_open is None or Part.DOOR in state.down else DoorState.SHUT
        if state.door_open and Part.DOOR not in state.down:
            door = DoorState.OPEN
        capacities = {s.name: s.capacity for s in self.station.shelves}
        return StationStatus(
            station=self.station.name,
            kind=self.station.kind,
            phase=state.phase,
            door=door,
            shelves=tuple(
                ShelfStatus(
                    shelf=s.name,
                    present=sum(x.foreign is None for x in s.present),
                    undecided=len(s.standings) - len(s.present),
                    foreign=sum(x.foreign is not None for x in s.present),
                    capacity=capacities[s.name],
                )
                for s in state.memory.shelves
            ),
            last_visit_at=self.last_visit_at,
            out_of_order=", ".join(sorted(state.down)) if state.phase is Phase.OUT else None,
        )

    # --- effects ---

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Record(facts, aside):
                self._record(facts, aside)
            case Unlock():
                self._door.unlock()
            case Relock():
                self._door.relock()
            case ReadRound(shelf, count):
                self._readers[shelf].order(RunRound(shelf, count))
            case Identify(tags, count):
                self._identify(tags, count)
            case Doubt(shelf, why):
                self._say(self.site.health.doubt(self._readers[shelf].name, why, self.site.clock.now()))
            case Trust():
                for watch in self._readers.values():
                    self._say(self.site.health.trust(watch.name, self.site.clock.now()))
            case Show(view):
                self._view = view
                self.refresh()
            case Remind(timer, seconds):
                self._timers[timer] = self.site.clock.now() + seconds
            case Forget(timer):
                self._timers.pop(timer, None)

    def _say(self, fact: Fact | None) -> None:
        if fact is not None:
            self.site.journal.commit((fact,), self.site.clock.stamp())

    def _record(self, facts: tuple[Fact, ...], aside: Aside | None) -> None:
        state, name = self.state, self.station.name
        wanted = {
            f"visit/{name}": state.visit.model_dump_json() if state.visit else None,
            f"shelf/{name}": state.memory.model_dump_json(),
            **self._tallied(facts),
        }
        keep = {key: value for key, value in wanted.items() if self._kept.get(key) != value}
        stamp = self.site.clock.stamp()
        self.site.journal.commit(facts, stamp, keep=keep, asides={0: aside} if aside else {})
        for key, value in keep.items():
            if value is None:
                self._kept.pop(key, None)
            else:
                self._kept[key] = value
        if any(isinstance(f, VisitEnded) for f in facts):
            self.last_visit_at = stamp.at

    def _tallied(self, facts: tuple[Fact, ...]) -> dict[str, str | None]:
        """The tally of the card whose visit these facts settle, when they say what it took or brought."""
        moved = [f for f in facts if isinstance(f, Borrowed | Returned)]
        visit = self._visit_kept()
        if not moved or visit is None or visit.card is None:
            return {}
        key = f"tally/{visit.card}"
        kept = self.site.journal.kept(key).get(key)
        card = self.site.mirror.card(visit.card)
        known = Tally.model_validate_json(kept) if kept else None
        return {key: tally.after(known, card.loans if card else 0, moved).model_dump_json()}

    def _visit_kept(self) -> OpenVisit | None:
        """The visit that is being settled, as it was last written down."""
        visit = self._kept.get(f"visit/{self.station.name}")
        if visit:
            return OpenVisit.model_validate_json(visit)
        memory = self._kept.get(f"shelf/{self.station.name}")
        return Memory.model_validate_json(memory).pending if memory else None

    def _decide(self, card: CardEntry | None, tag: CardTag) -> Decision:
        mirror = self.site.mirror
        kept = self.site.journal.kept(f"tally/{tag}").get(f"tally/{tag}")
        known = Tally.model_validate_json(kept) if kept else None
        here = Conditions(
            today=self.site.today(),
            directory_version=mirror.version,
            directory_age_s=self.site.directory_age_s(),
            policy=mirror.policy(),
            writable=self.site.writable(),
            roomy=self.site.roomy(),
            working=not self.state.down,
        )
        rule = mirror.rule(card.group) if card else None
        return access.decide(card, rule, tally.since(known, card.loans if card else 0), here)

    # --- whose tag is it ---

    def _identify(self, tags: tuple[TagUid, ...], count: int) -> None:
        """Answers from the directory and the settled shelf where they know, else asks the reader that saw the tag."""
        self._asked = {tag: self._known(tag) for tag in tags}
        for tag in [tag for tag, identity in self._asked.items() if identity is None]:
            shelf = self._seen_on(tag)
            if shelf is None:
                self._asked[tag] = self._identity(tag, None)
            else:
                self._readers[shelf].order(ReadTag(tag, count))
        self._answer_identify(count)

    def _answer_identify(self, count: int) -> None:
        found = {tag: identity for tag, identity in self._asked.items() if identity is not None}
        if len(found) == len(self._asked):
            self._asked = {}
            self.take(Identified(count, found, self.site.today()))

    def _known(self, tag: TagUid) -> Identity | None:
        mirror = self.site.mirror
        if mirror.item_of_tag(tag) is not None:
            return self._identity(tag, None)
        for shelf in self.state.memory.shelves:
            standing = shelf.of(tag)
            if standing is not None:
                return self._as_stood(standing)
        return None

    def _as_stood(self, standing: Standing) -> Identity:
        """Whose a settled tag was found to be; ours after all where its owner has turned out to be ours."""
        mirror = self.site.mirror
        policy = mirror.policy()
        ours = standing.foreign is None or (policy is not None and standing.owner in policy.owners)
        entry = mirror.item(standing.item) if standing.item and ours else None
        return Identity(
            standing.item,
            standing.owner,
            None if ours else standing.foreign,
            entry.lending if entry else Lending.NORMAL,
        )

    def _recognises(self) -> bool:
        """A tag on the shelf that was nobody's can be told by now."""
        strange = [s for shelf in self.state.memory.shelves for s in shelf.standings if s.foreign and not s.undecided]
        return any((known := self._known(s.tag)) is not None and known.foreign is None for s in strange)

    def _seen_on(self, tag: TagUid) -> ShelfName | None:
        found = self.state.count.found if self.state.count else None
        return next((name for name, seen in (found or {}).items() if any(s.tag == tag and s.seen for s in seen)), None)

    def _identity(self, tag: TagUid, content: tagdata.Content | None) -> Identity:
        mirror = self.site.mirror
        policy = mirror.policy()
        by_item = mirror.item(content.item) if isinstance(content, tagdata.ItemContent) else None
        return circulation.identify(content, mirror.item_of_tag(tag), by_item, policy.owners if policy else ())

    def _name(self, item: ViewItem) -> tuple[str, str] | None:
        mirror = self.site.mirror
        entry = mirror.item(item.item) if item.item else mirror.item_of_tag(item.tag)
        return (entry.title, entry.author) if entry else None


def plan_of(station: Station, settings: Settings) -> Plan:
    """A cabinet's fixed facts, from its settings."""
    timing, counting = settings.timing, settings.counting
    return Plan(
        station=station.name,
        shelves={s.name: s.reference_tag for s in station.shelves},
        limits=Limits(counting.rounds, counting.absent_rounds, counting.max_rounds, counting.max_failures),
        unlock_s=timing.unlock_s,
        held_warn_s=timing.held_warn_s,
        held_alarm_s=timing.held_alarm_s,
        quiet_s=timing.quiet_s,
        receipt_s=timing.receipt_s,
        refusal_s=timing.refusal_s,
        recount_s=timing.recount_s,
        second_look_s=timing.second_look_s,
    )
