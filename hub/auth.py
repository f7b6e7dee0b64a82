"""Who may come in: staff with a login cookie, and programs that send a name and password with each request.

One guard stands before the whole application and lets through nothing that isn't named in OPEN. Passwords are kept as
argon2id hashes; of a login cookie only the SHA-256 is kept, so that a copy of the database opens no page. Failed
attempts are slowed down by name and by address, before a hash is computed.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import quote

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import Delete
from sqlmodel import Session, col, delete, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.models import Login, Staff
from hub.parts import Parts

COOKIE = "microlib_login"
OPEN = ("/health", "/login")
"""Paths that need no login."""
OPEN_UNDER = ("/static/", "/calendar/")
"""Under the second are calendars at addresses that nobody can guess; whoever answers there asks `Door.feed_holder`."""
API_UNDER = "/api/"
"""Here programs may log in with each request, and a refusal is JSON."""
VERIFIED_S = 60.0
"""How long a name and password that were right need not be hashed again."""
FEED = timedelta(days=5 * 365)
"""How long a calendar's address holds."""
MIN_PASSWORD = 10
"""Characters a password has, at least."""


class Role(StrEnum):
    """What a member of staff does; today each of them may see everything."""

    LIBRARIAN = "librarian"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Member:
    """The member of staff a request comes from."""

    id: int
    name: str
    role: str
    language: str


class Refusal(StrEnum):
    """Why nobody came in."""

    WRONG = "wrong"
    """Name or password; which of them is not said."""
    SLOWED = "slowed"
    """Too many failed attempts; see `Wait`."""


@dataclass(frozen=True, slots=True)
class Wait:
    """No attempt is looked at before so many seconds are over."""

    seconds: int


class PasswordUnfit(ValueError):
    """A password that is too short to be one; the message says how long it must be."""


# ---------------------------------------------------------------------------------------------------------- throttling


class Throttle:
    """Slows down whoever guesses: the first attempts are free, then each failure doubles the wait."""

    FREE = 5
    LONGEST_S = 300.0
    REMEMBERED = 10_000
    """Names and addresses kept; the oldest are forgotten first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def begin(self, keys: tuple[str, ...], now: float) -> Wait | None:
        """Counts an attempt for each of `keys` at `now` (monotonic seconds), or says how long to wait first."""
        with self._lock:
            wait = max(self._wait(key, now) for key in keys)
            if wait > 0:
                return Wait(int(wait) + 1)
            for key in keys:
                count, _ = self._failures.pop(key, (0, now))
                self._failures[key] = (count + 1, now)
            while len(self._failures) > self.REMEMBERED:
                self._failures.popitem(last=False)
        return None

    def succeeded(self, keys: tuple[str, ...]) -> None:
        """The attempt was right: what was counted against `keys` is forgotten."""
        with self._lock:
            for key in keys:
                self._failures.pop(key, None)

    def _wait(self, key: str, now: float) -> float:
        count, last = self._failures.get(key, (0, now))
        if count < self.FREE:
            return 0.0
        pause = min(2.0 ** (count - self.FREE), self.LONGEST_S)
        return last + pause - now


# ------------------------------------------------------------------------------------------------------------- the door


class Door:
    """Checks passwords and login cookies against the database; one per running hub."""

    def __init__(self, parts: Parts, hasher: PasswordHasher | None = None) -> None:
        self._parts = parts
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex(16))
        self._throttle = Throttle()
        self._hashing = threading.BoundedSemaphore(2)  # each hash takes 64 MB: no crowd may take the machine's memory
        self._lock = threading.Lock()
        self._verified: dict[bytes, tuple[int, str, float]] = {}
        self._key = secrets.token_bytes(32)

    def enter(self, name: str, password: str, address: str) -> Member | Refusal | Wait:
        """Whoever `name` and `password` belong to; failures are counted against the name and the address."""
        keys = (f"name {name.casefold()[:200]}", f"address {address}")
        wait = self._throttle.begin(keys, self._parts.clock.monotonic())
        if wait is not None:
            return wait
        with self._parts.database.read() as session:
            staff = session.exec(select(Staff).where(Staff.name == name, col(Staff.disabled).is_(False))).first()
        right = self._verify(staff.password if staff else self._nobody, password)
        if staff is None or not right:
            return Refusal.WRONG
        self._throttle.succeeded(keys)
        if self._hasher.check_needs_rehash(staff.password):
            self._renew_hash(staff, password)
        return _member(staff)

    def enter_each_time(self, name: str, password: str, address: str) -> Member | Refusal | Wait:
        """As `enter`, for programs: what was right is believed for VERIFIED_S without another hash."""
        mark = hmac.digest(self._key, f"{len(name)} {name} {password}".encode(), "sha256")
        now = self._parts.clock.monotonic()
        with self._lock:
            known = self._verified.get(mark)
        if known is not None and now < known[2]:
            with self._parts.database.read() as session:
                staff = session.get(Staff, known[0])
            if staff is not None and not staff.disabled and staff.name == name and staff.password == known[1]:
                return _member(staff)
        found = self.enter(name, password, address)
        if isinstance(found, Member):
            with self._parts.database.read() as session:
                held = session.get_one(Staff, found.id).password
            with self._lock:
                self._verified = {key: value for key, value in self._verified.items() if now < value[2]}
                self._verified[mark] = (found.id, held, now + VERIFIED_S)
        return found

    def begin_login(self, member: Member) -> str:
        """A new login cookie's value for `member`; expired logins are cleared away."""
        token = new_secret()
        now = self._parts.clock.utc()
        until = now + timedelta(hours=self._parts.settings.sessions.hours)
        with self._parts.database.write() as session:
            session.exec(delete(Login).where(col(Login.expires_at) <= now))
            session.add(Login(token=_kept(token), staff=member.id, created_at=now, seen_at=now, expires_at=until))
        return token

    def end_login(self, token: str) -> None:
        """The cookie is worth nothing any more."""
        with self._parts.database.write() as session:
            session.exec(delete(Login).where(col(Login.token) == _kept(token)))

    def holder(self, token: str) -> Member | None:
        """Whose login cookie it is; None when it is unknown or expired, or its staff disabled."""
        return self._holder(token, "cookie")

    def begin_feed(self, member: Member) -> str:
        """The secret in a new calendar address of `member`; the one before is worth nothing any more."""
        token = new_secret()
        now = self._parts.clock.utc()
        with self._parts.database.write() as session:
            session.exec(_feeds_ended(member))
            session.add(
                Login(token=_kept(token), staff=member.id, kind="calendar", created_at=now, expires_at=now + FEED)
            )
        return token

    def end_feed(self, member: Member) -> None:
        """The calendar address of `member` is worth nothing any more."""
        with self._parts.database.write() as session:
            session.exec(_feeds_ended(member))

    def feed_since(self, member: Member) -> datetime | None:
        """Since when `member` has a calendar address; None without one."""
        with self._parts.database.read() as session:
            query = select(Login.created_at).where(
                Login.staff == member.id, Login.kind == "calendar", col(Login.expires_at) > self._parts.clock.utc()
            )
            return session.exec(query).first()

    def feed_holder(self, token: str) -> Member | None:
        """Whose calendar address has this secret; None as with `holder`."""
        return self._holder(token, "calendar")

    def _holder(self, token: str, kind: str) -> Member | None:
        with self._parts.database.read() as session:
            found = session.exec(
                select(Staff)
                .join(Login, col(Login.staff) == Staff.id)
                .where(
                    Login.token == _kept(token),
                    Login.kind == kind,
                    col(Login.expires_at) > self._parts.clock.utc(),
                    col(Staff.disabled).is_(False),
                )
            ).first()
        return _member(found) if found else None

    def _verify(self, kept: str, password: str) -> bool:
        with self._hashing:
            try:
                return self._hasher.verify(kept, password)
            except (Argon2Error, InvalidHashError):
                return False

    def _renew_hash(self, staff: Staff, password: str) -> None:
        with self._parts.database.write() as session:
            row = session.get(Staff, staff.id)
            if row is not None and row.password == staff.password:
                row.password = self._hasher.hash(password)


def add_staff(
    session: Session, name: str, password: str, now: datetime, role: Role = Role.LIBRARIAN, language: str = "zh-CN"
) -> Staff:
    """Somebody new who may log in, or the known one of that `name` with a new password; their logins end.

    Raises PasswordUnfit.
    """
    if len(password) < MIN_PASSWORD:
        raise PasswordUnfit(f"a password needs {MIN_PASSWORD} characters or more")
    staff = session.exec(select(Staff).where(Staff.name == name)).first()
    if staff is None:
        staff = Staff(name=name, password="", created_at=now)
    else:
        session.exec(delete(Login).where(col(Login.staff) == staff.id))
    staff.password = PasswordHasher().hash(password)
    staff.role, staff.language, staff.disabled = role, language, False
    session.add(staff)
    session.flush()
    return staff


# ------------------------------------------------------------------------------------------------------------ the guard


class Guard:
    """ASGI middleware before everything: no login, no answer. Who came in is `member_of(request)`."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is open or comes from staff; anything else is sent to log in."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope)
        found = await run_in_threadpool(self._who, request)
        scope.setdefault("state", {})
        scope["state"]["door"] = self._door
        scope["state"]["member"] = found if isinstance(found, Member) else None
        if isinstance(found, Member) or is_open(request.url.path):
            await self._app(scope, receive, send)
        else:
            await _refuse(request, found)(scope, receive, send)

    def _who(self, request: Request) -> Member | Refusal | Wait:
        token = request.cookies.get(COOKIE)
        member = self._door.holder(token) if token else None
        if member is not None:
            return member
        sent = _basic(request.headers.get("authorization", ""))
        if sent is not None and request.url.path.startswith(API_UNDER):
            return self._door.enter_each_time(*sent, address_of(request))
        return Refusal.WRONG


def is_open(path: str) -> bool:
    """No login is needed there."""
    return path in OPEN or (path.startswith(OPEN_UNDER) and ".." not in path)


def member_of(connection: HTTPConnection) -> Member:
    """Who the request comes from; a FastAPI dependency for what lies behind the guard."""
    member = getattr(connection.state, "member", None)
    if not isinstance(member, Member):
        raise TypeError("this is reached without the guard")
    return member


def visitor_of(connection: HTTPConnection) -> Member | None:
    """As `member_of`, for open pages: None when nobody is logged in."""
    member = getattr(connection.state, "member", None)
    return member if isinstance(member, Member) else None


def door_of(connection: HTTPConnection) -> Door:
    """The door that the guard stands at; a FastAPI dependency."""
    door = getattr(connection.state, "door", None)
    if not isinstance(door, Door):
        raise TypeError("this is reached without the guard")
    return door


def address_of(connection: HTTPConnection) -> str:
    """Where the request comes from; behind a proxy the server was told whom to believe."""
    return connection.client.host if connection.client else "unknown"


def new_secret() -> str:
    """A cookie's value that nobody can guess."""
    return secrets.token_urlsafe(32)


def form_token(secret: str) -> str:
    """What a form must send back: made from the cookie's value, which no other site can read."""
    return hmac.digest(secret.encode(), b"microlib form", "sha256").hex()


def form_fits(secret: str | None, sent: str) -> bool:
    """A form with `sent` in it was made for the cookie `secret`."""
    return bool(secret) and hmac.compare_digest(form_token(secret or "").encode(), sent.encode())


def _basic(header: str) -> tuple[str, str] | None:
    kind, _, rest = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, password) if colon else None


def _refuse(request: Request, found: Member | Refusal | Wait) -> Response:
    path = request.url.path
    if path.startswith(API_UNDER):
        headers = {"WWW-Authenticate": 'Basic realm="microlib", charset="UTF-8"', "Cache-Control": "no-store"}
        if isinstance(found, Wait):
            told = f"too many failed attempts; wait {found.seconds} s"
            body = {"error": {"code": "slowed", "message": told, "fields": []}}
            return JSONResponse(body, 429, {"Retry-After": str(found.seconds), "Cache-Control": "no-store"})
        told = "log in with a cookie from /login or send staff name and password (HTTP Basic)"
        return JSONResponse({"error": {"code": "login-needed", "message": told, "fields": []}}, 401, headers)
    if request.headers.get("hx-request") or "text/event-stream" in request.headers.get("accept", ""):
        return Response(status_code=401, headers={"HX-Redirect": "/login", "Cache-Control": "no-store"})
    wanted = path + (f"?{request.url.query}" if request.url.query else "")
    back = f"?next={quote(wanted, safe='/')}" if request.method == "GET" and wanted != "/" else ""
    return RedirectResponse(f"/login{back}", 303, {"Cache-Control": "no-store"})


def _kept(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _feeds_ended(member: Member) -> Delete:
    return delete(Login).where(col(Login.staff) == member.id, col(Login.kind) == "calendar")


def _member(staff: Staff) -> Member:
    if staff.id is None:
        raise ValueError("staff that is in no database")
    return Member(staff.id, staff.name, staff.role, staff.language)
