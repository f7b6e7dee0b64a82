"""Puts what a page shows into its template, in the language of whoever reads it."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from hub.auth import form_token, visitor_of
from hub.parts import Parts, parts_of
from hub.web import charts, statics, stations, times, words
from hub.web.form import secret_of
from hub.web.say import Say
from hub.web.texts import LANGUAGES, Texts

LANGUAGE = "microlib_language"
"""Cookie that keeps the chosen language."""
PRINTER = "printer"


class Printer:
    """Templates and texts, read once."""

    def __init__(self) -> None:
        self.texts = Texts()
        self.templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.globals.update(charts=charts, static=self._static)
        self._statics: dict[str, str] = {}

    def _static(self, name: str) -> str:
        if name not in self._statics:
            self._statics[name] = statics.address(name)
        return self._statics[name]


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to one request."""

    request: Request
    printer: Printer
    hub: Parts
    say: Say
    now: datetime

    @property
    def today(self) -> date:
        """In the library's zone."""
        return self.now.astimezone(self.hub.settings.zone).date()

    @property
    def wants_part(self) -> bool:
        """htmx asks for the changing part of the page only."""
        return "hx-request" in self.request.headers

    def show(self, template: str, status: int = 200, **shown: Any) -> HTMLResponse:
        """The template filled with `shown`."""
        secret = secret_of(self.request)
        filled = self.printer.templates.get_template(template).render(
            say=self.say,
            words=words,
            stations=stations,
            language=self.say.language,
            languages=self.hub.settings.languages,
            member=visitor_of(self.request),
            token=form_token(secret) if secret else "",
            here=self.request.url.path,
            seen=self.hub.notices.count,
            ago=self._ago,
            exact=lambda when: times.exact(self.say, when, self.hub.settings.zone),
            short=lambda when: times.short(self.say, when, self.hub.settings.zone),
            day=lambda when: times.day(self.say, when),
            **shown,
        )
        return HTMLResponse(filled, status, {"Vary": "HX-Request, Cookie"})

    def _ago(self, when: datetime) -> Markup:
        shown = times.ago(self.say, when, self.now)
        told = times.exact(self.say, when, self.hub.settings.zone)
        return Markup('<time data-ago datetime="{}" title="{}">{}</time>').format(when.isoformat(), told, shown)


def page_for(request: Request) -> Page:
    """The page that answers `request`; a FastAPI dependency."""
    hub = parts_of(request)
    printer: Printer = getattr(request.app.state, PRINTER)
    return Page(request, printer, hub, Say(printer.texts, language_of(request, hub)), hub.clock.utc())


Paper = Annotated[Page, Depends(page_for)]


def language_of(request: Request, hub: Parts) -> str:
    """What the browser chose, else what its staff prefers, else what the browser asks for, else the library's first."""
    known = [language for language in hub.settings.languages if language in LANGUAGES]
    member = visitor_of(request)
    chosen = (request.query_params.get("language") if member is None else None, request.cookies.get(LANGUAGE))
    for language in (*chosen, member.language if member else None):
        if language in known:
            return language
    for asked in request.headers.get("accept-language", "").split(","):
        beginning = asked.split(";")[0].strip().lower()[:2]
        for language in known:
            if beginning and language.lower().startswith(beginning):
                return language
    return known[0]
