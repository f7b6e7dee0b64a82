"""Style sheet and scripts: packed, and kept by browsers until they change."""

import hashlib
from pathlib import Path

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

STATIC = "/static"
FOLDER = Path(__file__).parent / "static"
YEAR_S = 365 * 24 * 3600


class _Kept(StaticFiles):
    """Files whose address changes with their content (`?v=`) need never be asked for again."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with how long it may be kept."""
        response = await super().get_response(path, scope)
        marked = b"v=" in scope.get("query_string", b"")
        response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable" if marked else "no-cache"
        return response


def statics() -> ASGIApp:
    """What is mounted at STATIC. Only files without secrets are packed: see BREACH."""
    return GZipMiddleware(_Kept(directory=FOLDER), minimum_size=500)


def address(name: str) -> str:
    """Where the static file `name` is, marked with its content."""
    mark = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]
    return f"{STATIC}/{name}?v={mark}"
