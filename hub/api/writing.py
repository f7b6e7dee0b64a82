"""Requests that change something: what their routes are handed, and that no other site's page can send one."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Path
from starlette.exceptions import HTTPException
from starlette.requests import Request

from hub.auth import Member, member_of
from hub.parts import Parts, parts_of

BODIES = frozenset({"POST", "PUT", "PATCH"})
FILES = frozenset(
    {
        "application/marc",
        "application/octet-stream",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "text/csv",
    }
)
"""What a file that is sent calls itself; no form can, as with JSON."""
FILES_UNDER = "/files/"
"""Here files are sent, and no JSON."""

Hub = Annotated[Parts, Depends(parts_of)]
"""The running hub; write with `hub.database.write()`, which is over before the answer leaves."""
Who = Annotated[Member, Depends(member_of)]
"""Who asks."""
Number = Annotated[int, Path(ge=1, le=2**62, examples=[3])]
"""The number of a thing in the address."""


def json_only(request: Request) -> None:
    """A dependency of every route: what is sent must call itself JSON.

    A form on another site can't do that, nor can its scripts without being asked for permission first, which is never
    given; so a browser that is logged in here changes nothing for anybody else.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method not in BODIES:
        return
    if request.scope["path"].removeprefix(request.scope.get("root_path", "")).startswith(FILES_UNDER):
        if kind not in FILES:
            told = f"send the file itself, and say what it is: Content-Type: {', '.join(sorted(FILES))}"
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, told)
    elif kind != "application/json":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send JSON, and say so: Content-Type: application/json")
