"""The commands `import` and `export`: files into the database and out of it."""

import argparse
from pathlib import Path

from hub.app import open_database
from hub.clock import Clock
from hub.console import err, out, progress
from hub.database import Database
from hub.directory import sources
from hub.directory.comparing import compare
from hub.directory.encodings import Encoding
from hub.directory.export import EXPORTED, export
from hub.directory.plan import Manner, Plan
from hub.directory.rows import Kind
from hub.errors import HubError, ImportRefused
from hub.settings import Settings

NOTES = 200
"""Notes and skipped records told one by one, at most."""


def describe_import(parser: argparse.ArgumentParser) -> None:
    """The words of `import`."""
    parser.add_argument("kind", type=Kind, choices=list(Kind), metavar="KIND", help=", ".join(Kind))
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="CSV or .xlsx with a heading; titles and items also MARC21 or CNMARC"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--apply", action="store_true", help="import it, all or nothing; without this, only look")
    what.add_argument("--dry-run", action="store_true", help="only look, as without --apply")
    parser.add_argument(
        "--encoding",
        type=Encoding,
        choices=list(Encoding),
        metavar="ENCODING",
        help=f"{', '.join(Encoding)}; else found out",
    )
    parser.add_argument("--sheet", metavar="NAME", help="of a spreadsheet with several")
    parser.add_argument("--skip-broken", action="store_true", help="MARC: leave broken records out and take the rest")


def import_file(settings: Settings, args: argparse.Namespace) -> int:
    """Looks at a file and, with --apply, imports it."""
    manner = Manner(args.encoding, args.sheet, args.skip_broken)
    database = open_database(settings)
    try:
        with database.read() as session:
            plan = sources.read(args.kind, args.file, session, settings, manner, progress("rows read"))
            _tell(plan)
            if not args.apply:
                changes = compare(session, plan, settings.owners[0], progress("rows compared"))
                out(f"{plan.file}: {len(plan.rows)} rows of {plan.kind} are fine: {changes}")
                for line in changes.first:
                    out(f"  {line}")
                out("nothing imported without --apply")
                return 0
        return _apply(plan, database, settings)
    except OSError as wrong:
        raise HubError(f"{args.file}: {wrong.strerror or wrong}") from None
    finally:
        database.close()


def _tell(plan: Plan) -> None:
    """Notes, skipped records and bad rows; raises ImportRefused when there are any of the last."""
    for note in plan.notes[:NOTES]:
        out(f"{plan.file}, {note}")
    if len(plan.notes) > NOTES:
        out(f"… and {len(plan.notes) - NOTES} notes more")
    for bad in plan.skipped or plan.bad:
        out(f"{plan.file}, {bad}")
    if plan.skipped:
        out(f"{plan.file}: {len({bad.line for bad in plan.skipped})} broken records are left out")
    if plan.bad:
        raise ImportRefused(plan.file, plan.bad)


def _apply(plan: Plan, database: Database, settings: Settings) -> int:
    what = "cards hashed" if plan.kind is Kind.PATRONS else "rows written"
    count = sources.apply(plan, database, settings, Clock().utc(), progress(what))
    out(f"{plan.file}: {count} rows of {plan.kind} imported")
    return 0


def describe_export(parser: argparse.ArgumentParser) -> None:
    """The words of `export`."""
    parser.add_argument("kind", type=Kind, choices=list(EXPORTED), metavar="KIND", help=", ".join(EXPORTED))
    parser.add_argument(
        "--to", type=Path, required=True, metavar="FILE", help=".csv, .xlsx, or for titles .mrc (MARC21)"
    )
    parser.add_argument("--replace", action="store_true", help="write over the file that is there")


def export_file(settings: Settings, args: argparse.Namespace) -> int:
    """Writes a file that `import` reads back without a change."""
    database = open_database(settings)
    today = Clock().utc().astimezone(settings.zone).date()
    try:
        with database.read() as session:
            count = export(session, args.kind, args.to, today, progress("rows written"), replace=args.replace)
    except OSError as wrong:
        raise HubError(f"{args.to}: {wrong.strerror or wrong}") from None
    finally:
        database.close()
    err(f"{args.to}: {count} {args.kind} exported")
    return 0
