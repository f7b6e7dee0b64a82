"""Forms that change something are believed only with the token that was put into them for this very browser."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request

from hub.auth import COOKIE, form_fits

VISITOR = "microlib_visitor"
"""Cookie of a browser nobody has logged in with: ties the log-in form to it."""
READS = frozenset({"GET", "HEAD", "OPTIONS"})


def secret_of(request: Request) -> str | None:
    """What the browser's form tokens are made from: its login, or before that its visitor cookie."""
    member = getattr(request.state, "member", None)
    return request.cookies.get(COOKIE if member else VISITOR)


async def fitting_form(request: Request) -> None:
    """A dependency of every route: whatever isn't just reading needs the token in its form."""
    if request.method in READS:
        return
    form = await request.form()
    sent = form.get("token")
    if not isinstance(sent, str) or not form_fits(secret_of(request), sent):
        raise HTTPException(HTTPStatus.FORBIDDEN, "form")
