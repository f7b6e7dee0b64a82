"""Every table of the hub.

Four families. The ledger's side is written once and never rebuilt: ledger, aside, cursor, gap, quarantine,
incident, and what is known of backups. Projections are folded from the ledger and can be rebuilt at any moment:
boot, visit, holding, loan, foreign_tag, and `last_visit_*` of site_state. Reference data comes from imports and
staff: site, title, item, patron, card, rule, staff, login, and the directory made of it for sites; and what titles
are found by, made of them. Restocking: what librarians and couriers decide and do, never what a shelf reader can say.

Moments are aware UTC in Python and milliseconds since 1970 in the database, so that they compare the same on SQLite
and PostgreSQL.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from hub.projections.states import HoldingState
from hub.search.columns import PLAINLY_ORDERED, Tokens

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept as whole milliseconds since 1970 UTC; naive ones are refused."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its zone")
        return (value - _EPOCH) // _MS

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else _EPOCH + value * _MS


BIG_ID = BigInteger().with_variant(Integer, "sqlite")
"""A growing number; SQLite counts by itself only in a column that is plainly INTEGER."""


def _number() -> Any:
    return Field(default=None, sa_column=Column(BIG_ID, primary_key=True, autoincrement=True))


# ---------------------------------------------------------------------------------------------------- ledger's side


class Meta(SQLModel, table=True):
    """Single values: `ledger` (the ledger's id), `cards` (counts changes of the card table), `directory` (its lock)."""

    __tablename__ = "meta"
    key: str = Field(primary_key=True)
    value: str


class LedgerRow(SQLModel, table=True):
    """One place of one epoch of one site: an event's exact bytes and what could be read from them."""

    __tablename__ = "ledger"
    __table_args__ = (
        UniqueConstraint("site", "epoch", "seq"),
        Index("ix_ledger_event", "site", "event_id"),
        Index("ix_ledger_item", "item"),
        Index("ix_ledger_tag", "site", "tag"),
        Index("ix_ledger_visit", "site", "visit"),
        Index("ix_ledger_boot", "site", "boot"),
        Index("ix_ledger_origin", "site", "origin_epoch"),
        Index("ix_ledger_type", "type"),
        Index("ix_ledger_at", "at"),
    )
    id: int | None = _number()
    """Order of arrival."""
    site: str
    epoch: str
    seq: int = Field(sa_type=BigInteger)
    event_id: str
    body: bytes = Field(sa_type=LargeBinary)
    """The event's exact bytes."""
    digest: bytes = Field(sa_type=LargeBinary)
    """The chain's value after this row, 16 bytes."""
    received_at: datetime = Field(sa_type=Moment)
    understood: bool
    why_not: str | None = None
    duplicate_of: int | None = Field(default=None, sa_type=BIG_ID)
    """Ledger id of the row that counts, when a later epoch carried the same event on."""
    type: str | None = None
    station: str | None = None
    item: str | None = None
    tag: str | None = None
    visit: str | None = None
    boot: str | None = None
    up_ms: int | None = Field(default=None, sa_type=BigInteger)
    at: datetime | None = Field(default=None, sa_type=Moment)
    """The site's wall clock; `hub.ledger.happened_at` corrects it."""
    clock: str | None = None
    """protocol.names.ClockTrust."""
    origin_epoch: str | None = None
    origin_seq: int | None = Field(default=None, sa_type=BigInteger)
    """Where the event was first written; differs from (epoch, seq) when carried on."""


class AsideRow(SQLModel, table=True):
    """What an event's commitment commits to, and whose card it was. Erased without touching the ledger."""

    __tablename__ = "aside"
    site: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    salt: str
    card: str
    """The card's tag at that site."""
    visit: str | None = Field(default=None, index=True)
    matches: bool = True
    """The commitment in the event's bytes is to this salt and card."""
    card_id: int | None = Field(default=None, index=True)
    """The card it was, as known when it arrived or once it became known."""
    patron: str | None = Field(default=None, index=True)


class Cursor(SQLModel, table=True):
    """How far the hub holds one epoch of one site, with nothing missing before."""

    __tablename__ = "cursor"
    site: str = Field(primary_key=True)
    epoch: str = Field(primary_key=True)
    ord: int
    """Order of the site's epochs: 1, 2, 3 …"""
    stored: int = Field(default=0, sa_type=BigInteger)
    digest: bytes = Field(sa_type=LargeBinary)
    """The chain's value at `stored`, 16 bytes."""
    archived: int = Field(default=0, sa_type=BigInteger)
    """What the newest receipt told of backups."""
    base: int = Field(default=0, sa_type=BigInteger)
    """Oldest place the site said it still holds."""
    claimed_last: int = Field(default=0, sa_type=BigInteger)
    """Newest place it ever said it holds."""
    reason: str | None = None
    """protocol.events.EpochReason, once its first event is here."""
    predecessor: str | None = None
    predecessor_last: int | None = Field(default=None, sa_type=BigInteger)
    boot: str | None = None
    """Newest boot heard in this epoch."""
    first_seen: datetime = Field(sa_type=Moment)
    last_seen: datetime = Field(sa_type=Moment)
    superseded_at: datetime | None = Field(default=None, sa_type=Moment)
    """When a later epoch of the site appeared."""


class Gap(SQLModel, table=True):
    """Places of an epoch the site no longer holds and the hub never had (rule H2): counted, never forgotten."""

    __tablename__ = "gap"
    __table_args__ = (Index("ix_gap_site", "site", "epoch"),)
    id: int | None = _number()
    site: str
    epoch: str
    from_seq: int = Field(sa_type=BigInteger)
    to_seq: int = Field(sa_type=BigInteger)
    noticed_at: datetime = Field(sa_type=Moment)
    why: str


class Quarantine(SQLModel, table=True):
    """A batch whose digest doesn't continue the ledger's (rule H4): kept whole for people, never projected."""

    __tablename__ = "quarantine"
    __table_args__ = (UniqueConstraint("site", "epoch", "first_seq", "sha256"),)
    id: int | None = _number()
    site: str
    epoch: str
    first_seq: int = Field(sa_type=BigInteger)
    sha256: str
    """Of the events' bytes: the same batch again is counted, not kept again."""
    payload: bytes = Field(sa_type=LargeBinary)
    stored: int = Field(sa_type=BigInteger)
    """The hub's cursor then."""
    expected: bytes = Field(sa_type=LargeBinary)
    """The ledger's digest then."""
    first_at: datetime = Field(sa_type=Moment)
    last_at: datetime = Field(sa_type=Moment)
    times: int = 1


class Incident(SQLModel, table=True):
    """Something people should look at; the same again is counted on one row."""

    __tablename__ = "incident"
    __table_args__ = (UniqueConstraint("site", "kind", "about"), Index("ix_incident_last", "last_at"))
    id: int | None = _number()
    site: str
    kind: str
    """hub.ledger.IncidentKind."""
    about: str
    """What it concerns, so that the same is recognised: an epoch, a visit, an item, a type."""
    detail: str
    """In plain words."""
    first_at: datetime = Field(sa_type=Moment)
    last_at: datetime = Field(sa_type=Moment)
    times: int = 1


class Backup(SQLModel, table=True):
    """A copy of this ledger; counts for `archived` once it was restored and checked somewhere (rule H9)."""

    __tablename__ = "backup"
    id: str = Field(primary_key=True)
    made_at: datetime = Field(sa_type=Moment, index=True)
    verified_at: datetime | None = Field(default=None, sa_type=Moment)


class BackupCursor(SQLModel, table=True):
    """How far a backup holds one epoch."""

    __tablename__ = "backup_cursor"
    backup: str = Field(primary_key=True, foreign_key="backup.id")
    site: str = Field(primary_key=True)
    epoch: str = Field(primary_key=True)
    stored: int = Field(sa_type=BigInteger)


# ------------------------------------------------------------------------------------------------------ projections


class Boot(SQLModel, table=True):
    """True time of one boot: `offset_ms + up_ms` is milliseconds since 1970. No row: it never saw a trusted clock."""

    __tablename__ = "boot"
    site: str = Field(primary_key=True)
    boot: str = Field(primary_key=True)
    up_ms: int = Field(sa_type=BigInteger)
    """Of the earliest trusted stamp, which the offset comes from."""
    offset_ms: int = Field(sa_type=BigInteger)


class Visit(SQLModel, table=True):
    """One visit, from tap to settled shelf."""

    __tablename__ = "visit"
    __table_args__ = (Index("ix_visit_opened", "opened_at"), Index("ix_visit_patron", "patron"))
    site: str = Field(primary_key=True)
    visit: str = Field(primary_key=True)
    station: str
    kind: str | None = None
    """protocol.events.VisitKind; None while only its end has come."""
    patron: str | None = None
    """None when unknown, unlinked, or the card names nobody."""
    opened_at: datetime | None = Field(default=None, sa_type=Moment)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
    outcome: str | None = None
    """protocol.events.VisitOutcome; None while open."""
    recovered: bool = False
    time_trusted: bool = True
    borrowed: int = 0
    returned: int = 0
    undecided: int = 0
    other: int = 0
    """Loaded, unloaded, foreign, reversed, renewed."""


class Holding(SQLModel, table=True):
    """Where one item is."""

    __tablename__ = "holding"
    __table_args__ = (
        Index("ix_holding_place", "site", "station", "shelf"),
        Index("ix_holding_state", "state"),
        Index("ix_holding_hold", "hold"),
    )
    item: str = Field(primary_key=True)
    state: str = Field(default=HoldingState.LIBRARY, sa_type=String)
    """hub.projections.states.HoldingState."""
    site: str | None = None
    """Of the newest event; on loan: where it was borrowed. None at the library, and on the way from there."""
    station: str | None = None
    shelf: str | None = None
    tag: str | None = None
    """The tag it was seen with."""
    visit: str | None = None
    patron: str | None = Field(default=None, index=True)
    """Who has it; on loan only."""
    since: datetime | None = Field(default=None, sa_type=Moment)
    time_trusted: bool = True
    """`since` comes from a clock somebody vouched for."""
    event_id: str | None = None
    """The event that says so, at `site`; or a scan (hub.projections.order.scan)."""
    hold: str | None = None
    """The reservation it was put there for, as long as it is there; it waits for the patron while `state` is shelf."""
    hold_since: datetime | None = Field(default=None, sa_type=Moment)
    """When it was put there."""


class Loan(SQLModel, table=True):
    """One loan, from a borrowed event on."""

    __tablename__ = "loan"
    __table_args__ = (
        Index("ix_loan_item", "item"),
        Index("ix_loan_patron", "patron", "state"),
        Index("ix_loan_state", "state", "due"),
        Index("ix_loan_borrowed", "borrowed_at"),
    )
    id: str = Field(primary_key=True)
    """`<site>.<event id>` of the borrowed event."""
    item: str
    site: str
    """Where it was borrowed."""
    station: str
    visit: str
    patron: str | None = None
    state: str
    """hub.projections.states.LoanState."""
    borrowed_at: datetime = Field(sa_type=Moment)
    time_trusted: bool = True
    due: date | None = None
    """Last day, in the library's zone; the one the patron was shown where the site showed one."""
    loan_days: int
    renewals: int = 0
    """How often its patron has renewed it."""
    flags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """protocol.events.BorrowFlag."""
    event_id: str
    """The borrowed event, at `site`."""
    closed_at: datetime | None = Field(default=None, sa_type=Moment)
    closed_site: str | None = None
    """Empty: scanned at the central library."""
    closed_visit: str | None = None
    closed_event: str | None = None
    """The event that closed it, at `closed_site`."""


class Contradiction(SQLModel, table=True):
    """Two facts about one item that can't both be so, and which of them counts (hub.projections.contradictions)."""

    __tablename__ = "contradiction"
    __table_args__ = (Index("ix_contradiction_item", "item"), Index("ix_contradiction_at", "at"))
    id: str = Field(primary_key=True)
    """Site and event id."""
    item: str
    kind: str
    """hub.projections.contradictions.Kind; says the rule too."""
    site: str
    visit: str | None = None
    at: datetime = Field(sa_type=Moment)
    event_id: str
    """The event that contradicts."""
    against: str | None = None
    """The one it contradicts."""
    why: str = ""
    """What went wrong with a poisoned event."""


class ForeignTag(SQLModel, table=True):
    """A tag on a site's shelf that is none of our known items."""

    __tablename__ = "foreign_tag"
    site: str = Field(primary_key=True)
    tag: str = Field(primary_key=True)
    state: str
    """hub.projections.states.ForeignState."""
    kind: str
    """protocol.events.ForeignKind."""
    station: str
    shelf: str
    item: str | None = None
    """What its content says it is, where it could be read."""
    owner: str | None = None
    visit: str | None = None
    since: datetime = Field(sa_type=Moment)
    time_trusted: bool = True
    event_id: str


class SiteState(SQLModel, table=True):
    """How a site was when it was last heard; the newest word only. `hub.projections.sites.online` judges it."""

    __tablename__ = "site_state"
    site: str = Field(primary_key=True)
    heard_at: datetime | None = Field(default=None, sa_type=Moment)
    """Newest hello, heartbeat or batch, by the hub's clock."""
    every_s: int = 30
    """Heartbeat interval it told."""
    boot: str | None = None
    connection: int = Field(default=0, sa_type=BigInteger)
    gone: bool = False
    """Its will came, from the newest connection."""
    epoch: str | None = None
    hello: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    """protocol.hello.Hello, newest."""
    status: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    """protocol.status.Status, newest."""
    status_at: datetime | None = Field(default=None, sa_type=Moment)
    """When it arrived, by the hub's clock."""
    last_visit: str | None = None
    """Folded from the ledger, as is the next."""
    last_visit_at: datetime | None = Field(default=None, sa_type=Moment)


# --------------------------------------------------------------------------------------------------- reference data


class Site(SQLModel, table=True):
    """A place at a partner."""

    __tablename__ = "site"
    site: str = Field(primary_key=True)
    name_zh: str
    name_en: str
    partner: str = ""
    address: str = ""
    capacity: int = 0
    """Items it has room for."""
    return_only: bool = True
    """Blocked, expired and unverifiable cards may open the door to bring items back."""
    trust_days: int = 14
    """How old its directory may be and still vouch for a card."""
    latitude: float | None = None
    """WGS84; None where nobody told, then runs call there last."""
    longitude: float | None = None
    headroom: int = 0
    """Places kept free after a restock, for books that patrons bring back."""


class Title(SQLModel, table=True):
    """A work."""

    __tablename__ = "title"
    title_id: str = Field(primary_key=True)
    title: str = Field(index=True)
    author: str = ""
    isbn: str = Field(default="", index=True)
    """ISBN-13 or empty."""
    language: str = "und"
    """MARC code."""
    year: int | None = None
    themes: str = ""
    """Strongest first, `|` between."""
    region: str = ""
    subjects: str = ""
    """`|` between."""
    popularity: int | None = None
    source: str = ""
    clc: str = Field(default="", index=True)
    """Number in the Chinese Library Classification."""
    dewey: str = Field(default="", index=True)
    """Number in the Dewey Decimal Classification."""
    audience: str = ""
    """hub.directory.rows.Audience, or empty where nobody knows."""


class TitleSearch(SQLModel, table=True):
    """What a title is found by and put in order by (hub.search.tokens.Entry); made of the title, at any moment anew.

    The tokens are looked up in what only the migrations know: SQLite's full-text table `title_words`, which triggers
    keep in step with this one, or PostgreSQL's index of that name.
    """

    __tablename__ = "title_search"
    __table_args__ = (Index("ix_title_search_place", "place", "title_id"),)
    id: int | None = _number()
    title_id: str = Field(
        sa_column=Column(String, ForeignKey("title.title_id", ondelete="CASCADE"), nullable=False, unique=True)
    )
    name: str
    spelled: str
    initials: str
    place: str = Field(sa_column=Column(PLAINLY_ORDERED, nullable=False))
    tokens: frozenset[str] = Field(sa_column=Column(Tokens, nullable=False))


class Item(SQLModel, table=True):
    """One physical copy."""

    __tablename__ = "item"
    item: str = Field(primary_key=True)
    """Its barcode, unless `barcode` says another."""
    title_id: str = Field(foreign_key="title.title_id", index=True)
    tag: str | None = Field(default=None, unique=True)
    home: str | None = Field(default=None, index=True)
    """Site it belongs to; None: the central library."""
    owner: str
    """ISIL."""
    lending: str = "normal"
    """protocol.directory.Lending."""
    withdrawn: bool = False
    parts: int = 1
    """Tags that belong to it: a set is lent and returned whole."""
    condition: str = "good"
    """hub.directory.rows.Condition."""
    barcode: str | None = Field(default=None, unique=True, index=True)
    """What is printed on it, where that isn't `item`."""
    shelf_mark: str = ""
    """Where it stands at the library; empty: as `hub.directory.marks` makes of the title's class number."""


class Patron(SQLModel, table=True):
    """A person entitled to borrow."""

    __tablename__ = "patron"
    patron: str = Field(primary_key=True)
    name: str
    group: str = Field(index=True)
    until: date | None = None
    """Last day of membership."""
    block: str | None = None
    """protocol.directory.Block."""


class Card(SQLModel, table=True):
    """What is tapped. The UID itself is never kept."""

    __tablename__ = "card"
    id: int | None = Field(default=None, primary_key=True)
    secret: str = Field(unique=True)
    """protocol.cards.card_secret, hex."""
    patron: str | None = Field(default=None, foreign_key="patron.patron", index=True)
    """None: a courier's or service card that belongs to no patron."""
    klass: str = "patron"
    """protocol.directory.CardClass."""
    until: date | None = None
    block: str | None = None
    """protocol.directory.Block; the patron's own is added to it in the directory."""
    label: str = ""
    """What is printed on it."""


class Rule(SQLModel, table=True):
    """How a group of patrons is lent to."""

    __tablename__ = "rule"
    group: str = Field(primary_key=True)
    loan_days: int
    limit: int
    """Items out at once."""
    renewals: int = 0
    """How often a loan may be renewed."""


class Staff(SQLModel, table=True):
    """A person who may log in."""

    __tablename__ = "staff"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    """What is typed at login."""
    password: str
    """argon2id hash."""
    role: str = "librarian"
    language: str = "zh-CN"
    created_at: datetime = Field(sa_type=Moment)
    disabled: bool = False


class Login(SQLModel, table=True):
    """A browser that is logged in, or an API token."""

    __tablename__ = "login"
    token: str = Field(primary_key=True)
    """SHA-256 of the token, hex; the token itself is with its holder only."""
    staff: int = Field(foreign_key="staff.id", index=True)
    kind: str = "cookie"
    """cookie, bearer or calendar."""
    label: str = ""
    created_at: datetime = Field(sa_type=Moment)
    seen_at: datetime | None = Field(default=None, sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment, index=True)


class DirectoryEntry(SQLModel, table=True):
    """The newest version of one record of the directory."""

    __tablename__ = "directory_entry"
    kind: str = Field(primary_key=True)
    """card, item, rule, policy or hold; out and lent stand beside a card or an item (hub.directory.reach.BESIDE)."""
    key: str = Field(primary_key=True)
    """Item id, group, the card's secret (hex), for a policy the site, for a hold `hub.directory.bodies.hold_key`."""
    site: str | None = None
    """Only this site is told; None: every site."""
    version: int = Field(unique=True, sa_type=BigInteger)
    body: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """The entry as it travels; what each site has its own of (tags of cards, of codes) is put in for each."""
    removed: bool = False


class DirectoryVersion(SQLModel, table=True):
    """One change of the directory: it covers the versions after the row before, up to `version`."""

    __tablename__ = "directory_version"
    version: int = Field(primary_key=True, sa_type=BigInteger)
    mark: str
    """Random: tells this version from another of the same number in a hub that was wound back."""
    at: datetime = Field(sa_type=Moment)


# ------------------------------------------------------------------------------------------------------- restocking


class Scan(SQLModel, table=True):
    """A member of staff held an item at the central library: it is there (in), or leaves with a run (out).

    The library has no shelf reader; this is its only witness, and `hub.folds` reads it beside the ledger.
    """

    __tablename__ = "scan"
    __table_args__ = (Index("ix_scan_item", "item"), Index("ix_scan_run", "run"))
    id: int | None = _number()
    item: str
    out: bool
    """It leaves; else it has come in."""
    at: datetime = Field(sa_type=Moment)
    run: int | None = Field(default=None, sa_type=BIG_ID)
    by: str
    """Name of the member of staff."""
    undone: bool = False
    """Taken back: it says nothing."""


class Reservation(SQLModel, table=True):
    """A patron waits for a title at a site."""

    __tablename__ = "reservation"
    __table_args__ = (Index("ix_reservation_title", "title_id", "site"),)
    id: int | None = _number()
    patron: str = Field(foreign_key="patron.patron", index=True)
    title_id: str = Field(foreign_key="title.title_id")
    site: str = Field(foreign_key="site.site")
    made_at: datetime = Field(sa_type=Moment)
    code: str
    """What the patron may type instead of showing a card: 8 digits, no other's who waits at that site."""
    keep_days: int = 7
    """How long an item is kept for the patron once it lies there."""
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
    """Given up; None: the patron waits, or was served."""
    lapsed: bool = False
    """It ended because the patron didn't come in time."""


class Theme(SQLModel, table=True):
    """What a campaign shows: a saved query (hub.restock.query), with titles picked and left out by hand."""

    __tablename__ = "theme"
    id: int | None = _number()
    name: str = Field(unique=True)
    query: str = ""
    """Empty: the titles picked by hand only."""
    note: str = ""
    retired: bool = False
    """No longer offered for new campaigns."""
    changed_at: datetime = Field(sa_type=Moment)
    changed_by: str = ""
    """Name of the member of staff."""


class ThemeTitle(SQLModel, table=True):
    """A title picked for a theme by hand, or left out of it whatever the query finds."""

    __tablename__ = "theme_title"
    theme: int = Field(sa_column=Column(BIG_ID, ForeignKey("theme.id", ondelete="CASCADE"), primary_key=True))
    title_id: str = Field(
        sa_column=Column(String, ForeignKey("title.title_id", ondelete="CASCADE"), primary_key=True, index=True)
    )
    chosen: bool
    """Picked; else left out."""


class Campaign(SQLModel, table=True):
    """A theme at chosen sites for a period."""

    __tablename__ = "campaign"
    __table_args__ = (Index("ix_campaign_begins", "begins", "ends"),)
    id: int | None = _number()
    name: str
    theme: int = Field(sa_column=Column(BIG_ID, ForeignKey("theme.id"), nullable=False, index=True))
    begins: date
    ends: date
    """Its last day."""
    share: float | None = None
    """Of each site's shelf, above 0 and at most 1; or `items` says how many."""
    items: int | None = None
    """Copies at each site."""
    state: str = "draft"
    """draft, approved or cancelled; whether it runs or is over follows from its days."""
    note: str = ""
    changed_at: datetime = Field(sa_type=Moment)
    changed_by: str


class CampaignSite(SQLModel, table=True):
    """A site that a campaign is shown at."""

    __tablename__ = "campaign_site"
    campaign: int = Field(sa_column=Column(BIG_ID, ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True))
    site: str = Field(primary_key=True, foreign_key="site.site", index=True)


class Closure(SQLModel, table=True):
    """Days on which no run calls at a site, or at any."""

    __tablename__ = "closure"
    id: int | None = _number()
    site: str | None = Field(default=None, foreign_key="site.site", index=True)
    """None: at no site at all."""
    first: date
    last: date
    why: str = ""


class Tour(SQLModel, table=True):
    """Runs that come again: which sites, how often, with which van."""

    __tablename__ = "tour"
    id: int | None = _number()
    name: str = Field(unique=True)
    rule: str
    """RFC 5545 recurrence rule (hub.restock.calendar)."""
    begins: date
    departs: int = 540
    """Minutes after midnight, in the library's zone."""
    capacity: int | None = None
    """Items that the van carries; None: as many as there are."""
    tote: int = 30
    """Items that go into one tote."""
    moves: int | None = None
    """Transfers in one run, at most; None: as many as are worth it."""
    retired: bool = False


class TourSite(SQLModel, table=True):
    """A site that a tour calls at."""

    __tablename__ = "tour_site"
    tour: int = Field(sa_column=Column(BIG_ID, ForeignKey("tour.id", ondelete="CASCADE"), primary_key=True))
    site: str = Field(primary_key=True, foreign_key="site.site", index=True)


class Plan(SQLModel, table=True):
    """What a run is to do: made by the planner, changed by a librarian, approved, then carried out."""

    __tablename__ = "plan"
    __table_args__ = (Index("ix_plan_day", "day"),)
    id: int | None = _number()
    tour: int | None = Field(default=None, sa_column=Column(BIG_ID, ForeignKey("tour.id"), nullable=True, index=True))
    day: date
    """Of the run."""
    cycle: int
    """Days until the next run, which expected loans are counted over."""
    state: str
    """hub.restocking.plans.State."""
    stage: str = ""
    """While it is being made: hub.restock.planner.Stage."""
    why: str = ""
    """Why none could be made, one sentence a line."""
    sites: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    settings: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """Capacity of the van, moves, handling and the like, as they were when it was made."""
    outlook: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """What it expects, with an interval; what binds; what is missed (hub.restocking.outlook)."""
    made_at: datetime = Field(sa_type=Moment)
    made_by: str
    approved_at: datetime | None = Field(default=None, sa_type=Moment)
    approved_by: str | None = None


class PlanLine(SQLModel, table=True):
    """Copies of one title that do the same in a plan."""

    __tablename__ = "plan_line"
    __table_args__ = (Index("ix_plan_line_title", "title_id"),)
    plan: int = Field(sa_column=Column(BIG_ID, ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True))
    number: int = Field(primary_key=True)
    title_id: str
    origin: str | None = None
    """A site; None: the library."""
    target: str | None = None
    """The same as `origin` for those that stay."""
    count: int
    loans: float
    """Expected at the target until the next run."""
    forgone: float
    """That they would have been lent where they were."""
    pinned: bool = False
    """Decided by hand."""
    whys: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """hub.restock.planner.reasons.Why, strongest first."""


class PlanEdit(SQLModel, table=True):
    """A librarian's change to a plan: a copy that goes where she says, or a title that is not to be at a site."""

    __tablename__ = "plan_edit"
    id: int | None = _number()
    plan: int = Field(sa_column=Column(BIG_ID, ForeignKey("plan.id", ondelete="CASCADE"), nullable=False, index=True))
    title_id: str
    origin: str | None = None
    target: str | None = None
    """None: home to the library."""
    count: int = 1
    barred: bool = False
    """The title is not to be at `origin`, whatever the planner thinks; else `count` copies go to `target`."""
    at: datetime = Field(sa_type=Moment)
    by: str
    undone: bool = False


class Run(SQLModel, table=True):
    """One delivery trip. What was done at a site isn't kept here: its shelf reader says it (hub.restock.arrivals)."""

    __tablename__ = "run"
    __table_args__ = (Index("ix_run_day", "day"),)
    id: int | None = _number()
    plan: int | None = Field(default=None, sa_column=Column(BIG_ID, ForeignKey("plan.id"), nullable=True, index=True))
    tour: int | None = Field(default=None, sa_column=Column(BIG_ID, ForeignKey("tour.id"), nullable=True, index=True))
    day: date
    name: str
    state: str = "picking"
    """picking, underway, closed or abandoned (hub.restocking.runs)."""
    courier: str = ""
    tote: int = 30
    left_at: datetime | None = Field(default=None, sa_type=Moment)
    """When it left the library."""
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
    note: str = ""


class Stop(SQLModel, table=True):
    """A site that a run calls at."""

    __tablename__ = "stop"
    run: int = Field(sa_column=Column(BIG_ID, ForeignKey("run.id", ondelete="CASCADE"), primary_key=True))
    site: str = Field(primary_key=True, index=True)
    number: int
    """Place in the order, from 1."""
    minutes: int | None = None
    """After leaving the library, as estimated; None where the way isn't known."""
    skipped: str | None = None
    """Why the courier doesn't call there after all."""


class Transfer(SQLModel, table=True):
    """One item that a run takes from one place to another, and why."""

    __tablename__ = "transfer"
    __table_args__ = (Index("ix_transfer_run", "run"), Index("ix_transfer_item", "item"))
    id: int | None = _number()
    run: int = Field(sa_column=Column(BIG_ID, ForeignKey("run.id", ondelete="CASCADE"), nullable=False))
    item: str
    title_id: str
    origin: str | None = None
    """A site; None: the library."""
    target: str | None = None
    """A site; None: home to the library."""
    whys: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    dropped: str | None = None
    """Why it isn't done after all: not found at the library, left out by hand, the run was abandoned."""


class Task(SQLModel, table=True):
    """Something that somebody has to look after."""

    __tablename__ = "task"
    __table_args__ = (Index("ix_task_open", "done_at"),)
    id: int | None = _number()
    key: str = Field(unique=True)
    """What it is about, so that the same exception makes one task only."""
    kind: str
    """hub.restocking.tasks.Kind."""
    site: str | None = None
    item: str | None = None
    run: int | None = Field(default=None, sa_type=BIG_ID)
    about: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    made_at: datetime = Field(sa_type=Moment)
    done_at: datetime | None = Field(default=None, sa_type=Moment)
    done_by: str | None = None
