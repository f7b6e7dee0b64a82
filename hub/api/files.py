"""Files: what the library has, as CSV, spreadsheets or MARC, out and in."""

import tempfile
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Body, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from hub.api.writing import FILES, Hub
from hub.directory import sources
from hub.directory.comparing import compare
from hub.directory.encodings import Encoding
from hub.directory.export import EXPORTED, export
from hub.directory.plan import Manner
from hub.directory.rows import Kind
from hub.errors import BadRow
from hub.views.loans import today

router = APIRouter(prefix="/files", tags=["files"])

LARGEST = 64 * 2**20
"""Bytes of a file that is sent."""
SHOWN = 500
"""Bad rows and notes that an answer lists."""


class Form(StrEnum):
    """What a file is."""

    CSV = "csv"
    XLSX = "xlsx"
    MRC = "mrc"
    """MARC21 in UTF-8; titles only."""


TYPES = {
    Form.CSV: "text/csv; charset=utf-8",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.MRC: "application/marc",
}


class Bad(BaseModel):
    """Something wrong with a row."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    place: str
    """Line, row or record, as people find it."""
    column: str
    why: str


class Looked(BaseModel):
    """What was found in a file, and what became of it."""

    model_config = ConfigDict(
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [
                {
                    "kind": "titles",
                    "rows": 2,
                    "imported": False,
                    "new": 1,
                    "changed": 1,
                    "unchanged": 0,
                    "withdrawn": 0,
                    "first": ["line 2, gb00004: year nothing becomes '1960'"],
                    "bad": [{"place": "line 3", "column": "isbn", "why": "has a wrong check digit"}],
                    "notes": [],
                }
            ]
        },
    )

    kind: Kind
    rows: int
    """That can be used."""
    imported: bool
    """False: only looked at, or refused because of a bad row; then nothing of it was taken."""
    new: int
    changed: int
    unchanged: int
    withdrawn: int
    first: list[str]
    """The first differences, in words."""
    bad: list[Bad]
    """The first bad rows."""
    notes: list[str]
    """What was put right silently otherwise."""


@router.get("/{kind}.{form}", summary="What the library has, as a file")
def read(hub: Hub, kind: Kind, form: Form) -> Response:
    """A whole file that POST /files/{kind} takes back without a change; no card leaves the hub."""
    if kind not in EXPORTED or (form is Form.MRC and kind is not Kind.TITLES):
        raise HTTPException(HTTPStatus.NOT_FOUND, f"there is no file {kind}.{form}")
    with tempfile.TemporaryDirectory(prefix="microlib-export-") as folder:
        path = Path(folder) / f"{kind}.{form}"
        with hub.database.read() as session:
            export(session, kind, path, today(hub), lambda done, of: None)
        content = path.read_bytes()
    told = {"Content-Disposition": f'attachment; filename="{kind}.{form}"'}
    return Response(content, media_type=TYPES[form], headers=told)


@router.post(
    "/{kind}",
    summary="Look at a file, and import it when told to",
    openapi_extra={"requestBody": {"required": True, "content": {kind: {"schema": {}} for kind in sorted(FILES)}}},
)
def write(
    hub: Hub,
    kind: Kind,
    content: Annotated[bytes, Body(media_type="application/octet-stream")],
    apply: Annotated[bool, Query(description="Import it; else only look")] = False,
    encoding: Annotated[Encoding | None, Query(description="Of CSV and MARC; found out by itself")] = None,
    sheet: Annotated[str | None, Query(max_length=100, description="Of a spreadsheet with several")] = None,
    skip_broken: Annotated[bool, Query(description="MARC: leave broken records out and take the rest")] = False,
) -> Looked:
    """All or nothing: with one bad row nothing is imported. What the file is, its beginning says."""
    if len(content) > LARGEST:
        told = f"a file has at most {LARGEST // 2**20} MB; larger ones go through microlib-hub import"
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, told)
    manner = Manner(encoding, sheet, skip_broken)
    with tempfile.TemporaryDirectory(prefix="microlib-import-") as folder:
        path = Path(folder) / f"{kind}"
        path.write_bytes(content)
        with hub.database.read() as session:
            plan = sources.read(kind, path, session, hub.settings, manner)
            changes = compare(session, plan, hub.settings.owners[0], lambda done, of: None)
    imported = apply and not plan.bad
    if imported:
        sources.apply(plan, hub.database, hub.settings, hub.clock.utc(), lambda done, of: None)
    return Looked(
        kind=kind,
        rows=len(plan.rows),
        imported=imported,
        new=changes.new,
        changed=changes.changed,
        unchanged=changes.unchanged,
        withdrawn=changes.withdrawn,
        first=changes.first,
        bad=[_bad(row) for row in (plan.bad or plan.skipped)[:SHOWN]],
        notes=plan.notes[:SHOWN],
    )


def _bad(row: BadRow) -> Bad:
    return Bad(place=row.place, column=row.column, why=row.why)
