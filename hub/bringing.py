"""The commands `import` and `export`: files into the database and out of it."""

import argparse
from pathlib import Path
from typing import Any

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
    parser.add_argument(
        "files",
        nargs="+",
        action=_Pairs,
        metavar="KIND FILE",
        help=f"{', '.join(Kind)}; CSV or .xlsx with a heading, titles and items also MARC21 or CNMARC. "
        "Several pairs are taken one after the other, each whole or not at all",
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


class _Pairs(argparse.Action):
    """KIND FILE KIND FILE … as pairs."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        """Ends the command, saying why, when the words are no pairs."""
        for kind in values[::2]:
            if kind not in list(Kind):
                parser.error(f"{kind!r} is no kind; those are {', '.join(Kind)}, each with a file behind it")
        if len(values) % 2:
            parser.error(f"a file is missing behind {values[-1]}")
        pairs = zip(values[::2], values[1::2], strict=True)
        setattr(namespace, self.dest, [(Kind(kind), Path(file)) for kind, file in pairs])


def import_files(settings: Settings, args: argparse.Namespace) -> int:
    """Looks at files and, with --apply, imports them; the first that can't be ends it."""
    manner = Manner(args.encoding, args.sheet, args.skip_broken)
    database = open_database(settings)
    try:
        for kind, file in args.files:
            _import(settings, database, kind, file, manner, args.apply)
    finally:
        database.close()
    if not args.apply:
        out("nothing imported without --apply")
    return 0


def _import(settings: Settings, database: Database, kind: Kind, file: Path, manner: Manner, apply: bool) -> None:
    try:
        with database.read() as session:
            plan = sources.read(kind, file, session, settings, manner, progress("rows read"))
            _tell(plan)
            if not apply:
                changes = compare(session, plan, settings.owners[0], progress("rows compared"))
                out(f"{plan.file}: {len(plan.rows)} rows of {plan.kind} are fine: {changes}")
                for line in changes.first:
                    out(f"  {line}")
                return
        _apply(plan, database, settings)
    except OSError as wrong:
        raise HubError(f"{file}: {wrong.strerror or wrong}") from None


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


def _apply(plan: Plan, database: Database, settings: Settings) -> None:
    what = "cards hashed" if plan.kind is Kind.PATRONS else "rows written"
    count = sources.apply(plan, database, settings, Clock().utc(), progress(what))
    out(f"{plan.file}: {count} rows of {plan.kind} imported")


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
