"""`microlib-hub`: serve, ingest, import, export, check, replay, backup, verify, restore, reindex, migrate, staff."""

import argparse
import getpass
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import uvicorn
from sqlmodel import Session, select

from hub import agreement, audit, backups, bringing, ledger, migrations, refold, restoring, safekeeping, turns, worker
from hub.app import create_app, open_database
from hub.auth import PasswordUnfit, Role, add_staff
from hub.clock import Clock
from hub.console import err as _err
from hub.console import out as _out
from hub.console import progress as _progress
from hub.database import Database
from hub.errors import HubError
from hub.ledger import Touched
from hub.models import Cursor
from hub.search import index
from hub.settings import Settings, load
from hub.shards import Shards
from hub.telling import tell_item, tell_places
from protocol import __version__

log = logging.getLogger("hub")

SHARDS_HELP = "shards whose sites it takes in: all, or like 00-7f,c0 (settings: [ingest] shards)"
SHOWN = 200
"""Differences listed by `check`, at most."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; answers the process's exit code: 0 well, 1 not, 2 wrong words, 130 interrupted."""
    args = _parser().parse_args(argv)
    logging.basicConfig(
        level=logging.DEBUG if args.verbose else logging.INFO,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("pymarc").setLevel(logging.ERROR)  # records it reads all the same
    try:
        return int(args.command(load(args.config), args))
    except (HubError, PasswordUnfit) as wrong:
        _err(f"microlib-hub: {wrong}")
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="microlib-hub", description="The centre of a city's micro-libraries.")
    parser.add_argument("--version", action="version", version=f"microlib-hub {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[Settings, argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.add_argument("--config", type=Path, help="hub.toml; without it, MICROLIB_HUB_* of the environment alone")
        sub.add_argument("-v", "--verbose", action="store_true", help="say more in the log")
        sub.set_defaults(command=command)
        return sub

    serve = add("serve", _serve, "take events in and serve pages and API until stopped (Ctrl-C, SIGTERM)")
    serve.add_argument(
        "--i-know", action="store_true", help="start although this ledger is older than what sites were promised"
    )
    serve.add_argument("--shards", type=_shards, metavar="SHARDS", help=f"{SHARDS_HELP}; none: pages only")
    ingest = add("ingest", _ingest, "take events of some sites in, without pages, beside other processes on one ledger")
    ingest.add_argument("--shards", type=_shards, metavar="SHARDS", help=SHARDS_HELP)
    ingest.add_argument("--i-know", action="store_true", help="as for serve")
    bringing.describe_import(
        add("import", bringing.import_files, "read a file, list every bad row, and import it when told to")
    )
    bringing.describe_export(add("export", bringing.export_file, "write titles, items, patrons or sites into a file"))
    check = add("check", _check, "build every projection anew from the ledger and say what differs")
    check.add_argument("--repair", action="store_true", help="write what the ledger says")
    replay = add("replay", _replay, "say from the ledger where items were, or what happened to one")
    replay.add_argument("--until", type=_moment, metavar="TIME", help="only what happened until then (ISO 8601)")
    replay.add_argument("--item", metavar="ITEM", help="the whole history of one item; without it, every item")
    backup = add("backup", _backup, "copy the ledger, restore the copy somewhere, check it, and count it")
    backup.add_argument("--folder", type=Path, help="where it goes; without it, as settings say ([backup] folder)")
    verify = add("verify", _verify, "restore a backup somewhere and say whether it is whole; counts nothing")
    verify.add_argument("file", type=Path, metavar="FILE")
    back = add("restore", _restore, "put a backup in the place of the ledger; the sites send what it lacks")
    back.add_argument("file", type=Path, metavar="FILE")
    back.add_argument("--replace", action="store_true", help="although there is something in the database")
    back.add_argument("--i-know", action="store_true", help="although it is older than what sites were promised")
    add("reindex", _reindex, "make anew what titles are found by")
    add("migrate", _migrate, "bring the database's tables to this version")
    staff = add("staff", _staff, "who may log in")
    staff.add_argument("action", choices=["add"], help="add: somebody new, or a new password")
    staff.add_argument("name", help="what is typed at login")
    staff.add_argument("--role", type=Role, choices=list(Role), default=Role.LIBRARIAN, metavar="ROLE")
    staff.add_argument("--password-stdin", action="store_true", help="read the password from the first line of input")
    return parser


# ------------------------------------------------------------------------------------------------------------ commands


def _serve(settings: Settings, args: argparse.Namespace) -> int:
    app = create_app(settings, i_know=args.i_know, shards=_chosen(settings, args))
    app.state.intake.claim()
    config = uvicorn.Config(
        app,
        host=settings.listen.host,
        port=settings.listen.port,
        log_config=None,
        access_log=False,
        proxy_headers=settings.listen.behind_proxy,
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))  # also when uvicorn raises it again
    server.run()
    return 0 if server.started else 1


def _ingest(settings: Settings, args: argparse.Namespace) -> int:
    shards = _chosen(settings, args)
    if not shards:
        raise HubError("a worker needs shards to take in: --shards 00-7f")
    return worker.run(settings, shards, i_know=args.i_know)


def _chosen(settings: Settings, args: argparse.Namespace) -> Shards:
    shards: Shards | None = args.shards
    return Shards.read(settings.ingest.shards) if shards is None else shards


def _check(settings: Settings, args: argparse.Namespace) -> int:
    database = open_database(settings)
    try:
        with database.read() as session:
            rows = ledger.count_rows(session)
            broken = audit.audit(session, _progress("rows checked"))
            lost, parted = audit.losses(session), audit.parted(session)
            safe = _archived(session)
        if args.repair:
            _repair(database, settings)
        with database.read() as session:
            _err(f"folding {rows} rows of the ledger anew")
            found = agreement.differences(session, settings.zone)
        with database.write() as session:
            unfound = index.differences(session, _progress("titles compared"))
            if unfound and args.repair:
                index.rebuild(session, _progress("titles"))
    finally:
        database.close()
    _list([*broken, *lost, *parted, *found, *unfound])
    told = "every chain of digests holds" if not broken else f"{len(broken)} things aren't as the sites sent them"
    _out(f"{rows} rows of the ledger: {told}; {len(lost)} losses on record")
    said = f"{len(found)} differences; --repair writes what the ledger says" if found else "every table agrees with it"
    _out(f"the ledger folded anew: {said}")
    for line in audit.meanings(found):
        _out(line)
    _out(_searchable(unfound, repaired=args.repair))
    _out(safe)
    if broken:
        _out("a ledger whose rows were changed can't be repaired: restore a backup, and the sites send the rest")
    return 1 if found or broken or (unfound and not args.repair) else 0


def _searchable(unfound: Sequence[str], repaired: bool) -> str:
    """What the search's index says of the titles, in a sentence."""
    if not unfound:
        return "the search agrees with the titles"
    done = "made anew" if repaired else "microlib-hub reindex makes them anew"
    return f"the search differs from the titles in {len(unfound)} places; {done}"


def _archived(session: Session) -> str:
    """What backups allow sites to forget, in a sentence."""
    made = safekeeping.newest(session)
    if not made:
        return "no backup counts: sites keep every event"
    if len(made) == 1:
        return f"one backup counts, of {_when(made[0])}: sites keep every event until there is a second"
    safe, of = ledger.archived_in_all(session), sum(session.exec(select(Cursor.stored)))
    return f"{len(made)} backups count, the newest of {_when(made[0])}; sites may forget {safe} of {of} events"


def _list(sentences: Sequence[str]) -> None:
    for sentence in sentences[:SHOWN]:
        _out(sentence)
    if len(sentences) > SHOWN:
        _out(f"… and {len(sentences) - SHOWN} more")


def _repair(database: Database, settings: Settings) -> None:
    with database.write() as session:
        turns.alone(session)
        before = agreement.differences(session, settings.zone)
        ledger.reinterpret(session, Touched())
        refold.rebuild(session, settings.zone)
    _list(before)
    _out(f"{len(before)} differences repaired")


def _replay(settings: Settings, args: argparse.Namespace) -> int:
    database = open_database(settings)
    try:
        with database.read() as session:
            lines = (
                tell_item(session, args.item, settings.zone, args.until)
                if args.item
                else tell_places(session, settings.zone, args.until)
            )
            for line in lines:
                _out(line)
    finally:
        database.close()
    return 0


def _backup(settings: Settings, args: argparse.Namespace) -> int:
    database = open_database(settings)
    try:
        verified = safekeeping.back_up(settings, database, Clock(), _err, args.folder, _progress("rows checked"))
        with database.read() as session:
            safe = _archived(session)
    except OSError as wrong:
        raise HubError(
            f"{wrong.filename or args.folder or settings.backup_folder}: {wrong.strerror or wrong}"
        ) from None
    finally:
        database.close()
    _out(f"backup of {verified.events} events made, restored and checked")
    _out(safe)
    return 0


def _verify(settings: Settings, args: argparse.Namespace) -> int:
    database = Database(settings.url)
    try:
        verified = backups.verify(
            args.file, settings.data_dir, settings.zone, Clock().utc(), database, _progress("rows checked")
        )
    except OSError as wrong:
        raise HubError(f"{args.file}: {wrong.strerror or wrong}") from None
    finally:
        database.close()
    _out(
        f"{args.file.name}: whole; {verified.events} events of {len(verified.held)} journals, every chain unbroken; "
        f"made {_when(verified.made_at)} of ledger {verified.ledger[:8] or 'unnamed'}"
    )
    return 0


def _restore(settings: Settings, args: argparse.Namespace) -> int:
    verified = restoring.restore(settings, args.file, Clock(), replace=args.replace, i_know=args.i_know, say=_err)
    _out(f"restored {verified.events} events, as they were {_when(verified.made_at)}; everybody must log in again")
    _out("start the hub: the sites send what happened since")
    return 0


def _reindex(settings: Settings, args: argparse.Namespace) -> int:
    database = open_database(settings)
    try:
        with database.write() as session:
            count = index.rebuild(session, _progress("titles"))
    finally:
        database.close()
    _out(f"{count} titles can be found")
    return 0


def _migrate(settings: Settings, args: argparse.Namespace) -> int:
    database = Database(settings.url)
    try:
        database.probe()
        migrations.migrate(database.engine)
    finally:
        database.close()
    _out("the database is of this version")
    return 0


def _staff(settings: Settings, args: argparse.Namespace) -> int:
    if args.password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise HubError("the two passwords differ")
    database = open_database(settings)
    try:
        with database.write() as session:
            add_staff(session, args.name, password, Clock().utc(), args.role, settings.languages[0])
    finally:
        database.close()
    _out(f"{args.name} may log in as {args.role}")
    return 0


# --------------------------------------------------------------------------------------------------------------- words


def _moment(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is no time like 2026-11-23T10:00+08:00") from None
    return moment.astimezone() if moment.tzinfo is None else moment


def _shards(value: str) -> Shards:
    try:
        return Shards.read(value)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from None


def _when(moment: datetime) -> str:
    return moment.astimezone().isoformat(sep=" ", timespec="seconds")
