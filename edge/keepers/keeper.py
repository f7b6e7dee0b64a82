"""A keeper holds one station: its state, its timers and its devices. It steps the table and performs what it asks.

What every kind of station needs is here; each kind's own module adds its table, its devices and its own effects.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from edge import access, circulation, screen, tally
from edge.access import Conditions, Decision, Refused
from edge.circulation import Identity
from edge.contents import understood
from edge.devices.kinds import TagMemory
from edge.errors import StorageFailed
from edge.frames import tagdata
from edge.keepers import trial
from edge.keepers.trial import Nights
from edge.lent import Whose
from edge.notices import CardShown, CodeScanned, Notice, Up
from edge.screen import View, ViewItem
from edge.site import Site
from edge.stations import selftest
from edge.stations.effects import Effect, Forget, Record, Remind, Show
from edge.stations.inputs import (
    DoorMoved,
    Input,
    KeptItem,
    Part,
    PartDown,
    PartUp,
    Pressed,
    SwitchMoved,
    Tapped,
    TimedOut,
    Timer,
)
from edge.stations.table import Step
from edge.stations.visit import OpenVisit
from edge.tally import Tally
from edge.watch import Watch
from protocol import phone
from protocol.cards import card_tag, commitment
from protocol.directory import CardEntry
from protocol.envelope import Aside
from protocol.events import Borrowed, Fact, RefusalReason, Returned, Tested, VisitEnded
from protocol.names import CardTag, DeviceName, Frozen, StationName, TagUid, VisitId
from protocol.status import StationStatus

log = logging.getLogger(__name__)

MOST_UNSAID = 200
"""Facts that wait for a disk that can be written again: far more than a station has while nobody is let in."""

PHONE_S = 15.0
"""A phone that is still held before the scanner after it was accepted is no second tap."""
PHONES = {
    phone.Refused.NO_CODE: RefusalReason.STRANGE_CODE,
    phone.Refused.OTHER_SITE: RefusalReason.CODE_ELSEWHERE,
    phone.Refused.UNTIMED: RefusalReason.CODE_UNTIMED,
    phone.Refused.EXPIRED: RefusalReason.STALE_CODE,
    phone.Refused.EARLY: RefusalReason.STALE_CODE,
    phone.Refused.USED: RefusalReason.STALE_CODE,
    phone.Refused.UNKNOWN: RefusalReason.UNKNOWN_CARD,
}
"""What the patron is told of a code that doesn't open."""


class Kept(Protocol):
    """What the keeper must know of any station's state; each is a frozen dataclass with more in it."""

    @property
    def phase(self) -> Any: ...
    @property
    def visit(self) -> OpenVisit | None:
        """Kept in the journal, as `visit/<station>`."""
        ...

    @property
    def memory(self) -> Frozen:
        """Kept in the journal with every fact, as `shelf/<station>`."""
        ...

    @property
    def down(self) -> frozenset[Part]: ...


S = TypeVar("S", bound=Kept)


class Keeper(ABC, Generic[S]):
    """One station at work."""

    kind: ClassVar[str]
    """As in site.toml."""
    resting: ClassVar[Any]
    """The phase in which nobody is there and all is well."""

    def __init__(
        self,
        site: Site,
        station: Any,
        watches: Mapping[DeviceName, Watch[Any]],
        show: Callable[[StationName, str], None],
    ) -> None:
        """`station` is the station's part of the settings (`edge.furniture`); `watches` mind its devices."""
        self.site = site
        self.station = station
        self.name: StationName = station.name
        self.watches = watches
        self.devices = frozenset(station.uses())
        self.unknown = 0
        """Inputs the table had no row for."""
        self.last_visit_at: datetime | None = None
        self._show = show
        self._views = {"": View(screen.ViewKind.STARTING)}
        """What each of its pages shows; "" is the one all see."""
        self._shown: dict[str, str] = {}
        self._timers: dict[Timer | tuple[Timer, DeviceName], float] = {}
        """When each runs out, monotonic seconds; a door's own is kept with its door."""
        self._kept = site.journal.kept(f"visit/{self.name}") | site.journal.kept(f"shelf/{self.name}")
        self._nights = Nights(site, self.name)
        self._phone, self._phone_until = "", 0.0
        """The code accepted last, and until when showing it again is still the same."""
        self._unsaid: tuple[Fact, ...] = ()
        """Facts of what went on though it couldn't be written down; said with the next that can."""
        self.state: S = self.boot(self._kept.get(f"shelf/{self.name}"), self._kept.get(f"visit/{self.name}"))
        self.refresh()

    # --- what each kind of station says ---

    @abstractmethod
    def boot(self, memory: str | None, visit: str | None) -> S:
        """The state as the journal left it (JSON), before any device has been tried."""

    @abstractmethod
    def step(self, state: S, given: Input) -> Step[S]:
        """What the table answers."""

    @abstractmethod
    def parts(self) -> Mapping[Part, tuple[DeviceName, ...]]:
        """The devices behind each part."""

    @abstractmethod
    def start(self, up: Collection[DeviceName], open_doors: Mapping[DeviceName, bool | None]) -> None:
        """Every device answered, or had its time: take the first input."""

    @abstractmethod
    def status(self) -> StationStatus:
        """The station as its heartbeat tells it."""

    @property
    def open_visits(self) -> int:
        """Visits that are open."""
        return int(self.state.visit is not None)

    def act(self, effect: Effect) -> None:
        """Performs an effect that only this kind of station has."""
        raise AssertionError(f"a {self.kind} has no way to {effect}")

    # --- inputs ---

    def take(self, given: Input) -> None:
        """One input: step the table, do what it asks, in order."""
        before = self.state
        if isinstance(given, Tapped | DoorMoved | Pressed | SwitchMoved):
            self._nights.stirred()
        after = self.step(before, given)
        if not after.known:
            self.unknown += 1
            log.debug("%s: %s has no row for %s", self.name, before.phase, type(given).__name__)
            return
        self.state = after.state
        failed = undone = False
        missed: list[Fact] = []
        flush = (Record(()),) if self._unsaid and given == PartUp(Part.STORAGE) else ()
        for effect in (*flush, *after.effects):
            try:
                self._perform(effect)
            except StorageFailed as error:
                failed = True
                log.error("%s: cannot record: %s", self.name, error)
                if isinstance(effect, Record) and effect.promise:
                    undone, self.state = True, before
                    break
                if isinstance(effect, Record):
                    missed += effect.facts
        if not undone:
            self._unsaid = (*self._unsaid, *missed)[:MOST_UNSAID]
        if undone or (failed and self.site.storage_ok):
            self.site.storage_ok = False
            self.take(PartDown(Part.STORAGE))

    def notice(self, notice: Notice) -> None:
        """What a device of this station's saw."""
        match notice:
            case CardShown(device, look):
                self.tapped(look.uid, device)
            case CodeScanned(device, text) if phone.looks_like(text):
                self.phone_shown(text, device)
            case CodeScanned(device, text):
                self.code_read(text, device)

    def up(self, notice: Up, part: Part, whole: bool) -> None:
        """A device answers (again); `whole`: now every device behind that part does."""
        if whole:
            self.take(PartUp(part, notice.door_open, notice.device))

    def pressed(self, what: str) -> None:
        """A button of the screen, or digits typed there."""
        self.take(Pressed(what))

    def tapped(self, uid: str | None, device: DeviceName) -> None:
        """A card was shown: its UID, or None when none could be read."""
        try:
            secret = None if uid is None else self.site.secret(uid, bytes.fromhex(self.site.settings.fleet_salt))
        except ValueError:
            secret = None
        if secret is None:
            self.turned_away(RefusalReason.UNREADABLE, device)
        else:
            self.card_shown(card_tag(self.site.key, secret), device)

    def phone_shown(self, text: str, device: DeviceName) -> None:
        """A patron's phone stands for their card; one that is held up longer than it takes says nothing new."""
        now = self.site.clock.now()
        if self._phone == text and now < self._phone_until:
            return
        try:
            found = self.site.phones.accept(text)
        except StorageFailed as error:
            log.error("%s: cannot record: %s", self.name, error)
            self.turned_away(RefusalReason.NO_STORAGE, self.beside(device))
            return
        if isinstance(found, phone.Shown):
            self._phone, self._phone_until = text, now + PHONE_S
            self.card_shown(found.card, self.beside(device))
        else:
            self.turned_away(PHONES[found], self.beside(device))

    def code_read(self, text: str, device: DeviceName) -> None:
        """A code that is nobody's phone."""
        self.turned_away(RefusalReason.STRANGE_CODE, self.beside(device))

    def beside(self, scanner: DeviceName) -> DeviceName:
        """The card reader that a scanner is as good as."""
        return scanner

    def turned_away(self, reason: RefusalReason, device: DeviceName) -> None:
        """Something was shown that names no card."""
        self.take(Tapped(Refused(reason), VisitId(self.site.random(16).hex()), device=device))

    def card_shown(self, tag: CardTag, device: DeviceName) -> None:
        """A card this site has a name for, by whatever means it was shown."""
        name = VisitId(self.site.random(16).hex())
        card = self.site.mirror.card(tag)
        salt = self.site.random(16)
        kept = self.kept_items()
        self.take(
            Tapped(
                self.decide(card, tag, device),
                name,
                card=tag,
                who=commitment(salt, tag),
                aside=Aside(salt=salt.hex(), card=tag),
                directory_version=self.site.mirror.version,
                directory_age_s=self.site.directory_age_s(),
                device=device,
                kept=kept,
            )
        )

    def kept_items(self) -> tuple[KeptItem, ...]:
        """What stands on the shelves and isn't for everybody to take."""
        return ()

    def tick(self, now: float) -> None:
        """Fires the timers that are due."""
        for timer in [t for t, at in self._timers.items() if at <= now]:
            if self._timers.pop(timer, None) is not None:
                self.take(TimedOut(*timer) if isinstance(timer, tuple) else TimedOut(timer))
        if self._nights.due(now, self.at_rest()):
            self.test()

    def next_due(self) -> float | None:
        """When the next timer runs out, or it is to be asked whether a self-test is due."""
        return min([self._nights.look_at, *self._timers.values()])

    def refresh(self) -> None:
        """Draws the screens again whose surroundings changed."""
        languages = self.site.settings.languages
        around = {
            "site": tuple(screen.Text(lang=lang, text=self.site.settings.name[lang]) for lang in languages),
            "stale": screen.stale(self.site.directory_age_s(), self.site.mirror.version, languages),
        }
        for page, view in self._views.items():
            drawn = screen.render(view, self._name, languages, self.kind).model_copy(update=around)
            text = drawn.model_dump_json()
            if text != self._shown.get(page):
                self._shown[page] = text
                at = self.site.here().isoformat(timespec="seconds")
                name = StationName(f"{self.name}/{page}") if page else self.name
                self._show(name, drawn.model_copy(update={"at": at}).model_dump_json())

    # --- effects ---

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Record(facts, aside, _, others):
                self._record(facts, aside, others)
            case Show(view, page):
                self._views[page] = view
                self.refresh()
            case Remind(timer, seconds, door):
                self._timers[(timer, door) if door else timer] = self.site.clock.now() + seconds
            case Forget(timer, door):
                self._timers.pop((timer, door) if door else timer, None)
            case _:
                self.act(effect)

    def say(self, fact: Fact | None) -> None:
        """Writes down a fact that changes nothing of the station's state."""
        if fact is not None:
            tried = self._nights.trial((fact,))
            self.site.journal.commit((fact,), self.site.clock.stamp(), keep=self._nights.keep(tried))
            self._nights.tried(tried)

    def _record(
        self, facts: tuple[Fact, ...], aside: Aside | None, others: Mapping[TagUid, tuple[TagUid, ...]]
    ) -> None:
        state, tried = self.state, self._nights.trial(facts)
        own = {
            f"visit/{self.name}": state.visit.model_dump_json() if state.visit else None,
            f"shelf/{self.name}": state.memory.model_dump_json(),
            **self._nights.keep(tried),
        }
        changed = {key: value for key, value in own.items() if self._kept.get(key) != value}
        shared = {**self._tallied(facts), **self._known_here(facts, others)}  # other stations write these, too
        stamp = self.site.clock.stamp()
        asides = {len(self._unsaid): aside} if aside else {}
        self.site.journal.commit((*self._unsaid, *facts), stamp, keep={**changed, **shared}, asides=asides)
        self._unsaid = ()
        for key, value in changed.items():
            if value is None:
                self._kept.pop(key, None)
            else:
                self._kept[key] = value
        self._nights.tried(tried)
        if any(isinstance(f, VisitEnded) for f in facts):
            self.last_visit_at = stamp.at

    def _known_here(
        self, facts: tuple[Fact, ...], others: Mapping[TagUid, tuple[TagUid, ...]]
    ) -> dict[str, str | None]:
        """What these facts leave the site's other stations to know."""
        if not self.site.has_pads:
            return {}
        visit = self.visit_kept() or self.state.visit
        return self.site.loans.after(facts, Whose(visit.visit, visit.card) if visit else Whose(), others)

    def _tallied(self, facts: tuple[Fact, ...]) -> dict[str, str | None]:
        """The tallies of the cards that these facts take from or give to.

        What comes back is taken off whoever is known to have taken it here, else off the card of the visit.
        """
        visit = self.visit_kept() or self.state.visit
        mine = visit.card if visit else None
        moved: dict[CardTag, list[Fact]] = {}
        for fact in facts:
            card = mine
            if isinstance(fact, Returned) and fact.item is not None:
                last = self.site.loans.news(fact.item)
                card = last.card if last is not None and last.card is not None else mine
            if isinstance(fact, Borrowed | Returned) and card is not None:
                moved.setdefault(card, []).append(fact)
        return {f"tally/{card}": self._tally(card, facts) for card, facts in moved.items()}

    def _tally(self, card: CardTag, facts: list[Fact]) -> str:
        kept = self.site.journal.value(f"tally/{card}")
        entry = self.site.mirror.card(card)
        known = Tally.model_validate_json(kept) if kept else None
        return tally.after(known, entry.loans if entry else 0, facts).model_dump_json()

    def visit_kept(self) -> OpenVisit | None:
        """The visit that is being settled, as it was last written down."""
        visit = self._kept.get(f"visit/{self.name}")
        return OpenVisit.model_validate_json(visit) if visit else None

    # --- self-test ---

    def at_rest(self) -> bool:
        """Nobody is there, and nothing is under way."""
        return bool(self.state.phase == self.resting) and self.state.visit is None

    def test(self) -> None:
        """Tries everything that can be tried while nobody is there, and writes down what came of it."""
        try:
            self.say(selftest.told(self.name, self.tried()))
        except StorageFailed as error:
            log.error("%s: cannot record its self-test: %s", self.name, error)

    def tried(self) -> tuple[Tested, ...]:
        """What answers without anybody's doing."""
        return trial.tried(self.site, self.station.uses(), self.watches)

    # --- whose card, whose tag ---

    def decide(self, card: CardEntry | None, tag: CardTag, device: DeviceName) -> Decision:
        """Whether the card may begin a visit, and for what."""
        rule = self.site.mirror.rule(card.group) if card else None
        return access.decide(card, rule, self.taken_since(card, tag), self.conditions())

    def taken_since(self, card: CardEntry | None, tag: CardTag) -> int:
        """Net items the card took here since the directory's count of its loans."""
        kept = self.site.journal.kept(f"tally/{tag}").get(f"tally/{tag}")
        return tally.since(Tally.model_validate_json(kept) if kept else None, card.loans if card else 0)

    def conditions(self) -> Conditions:
        """What the site knows of itself now."""
        mirror = self.site.mirror
        return Conditions(
            today=self.site.today(),
            directory_version=mirror.version,
            directory_age_s=self.site.directory_age_s(),
            policy=mirror.policy(),
            writable=self.site.writable(),
            roomy=self.site.roomy(),
            working=not self.state.down,
        )

    def content(self, memory: TagMemory | None) -> tagdata.Content | None:
        """What is written on a tag, in one of the forms that are used here; None where it couldn't be read."""
        tags = self.site.settings.tags
        return None if memory is None else understood(memory, tags.forms, tags.owner_of_unnamed)

    def identity(self, tag: TagUid, content: tagdata.Content | None) -> Identity:
        """Whose a tag is, by the directory and by what is written on it; None where that couldn't be read."""
        mirror = self.site.mirror
        policy = mirror.policy()
        by_item = mirror.item(content.item) if isinstance(content, tagdata.ItemContent) else None
        return circulation.identify(content, mirror.item_of_tag(tag), by_item, policy.owners if policy else ())

    def _name(self, item: ViewItem) -> tuple[str, str] | None:
        mirror = self.site.mirror
        entry = mirror.item(item.item) if item.item else mirror.item_of_tag(item.tag) if item.tag else None
        return (entry.title, entry.author) if entry else None
