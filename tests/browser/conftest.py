"""One Chromium for every browser test; each test gets a fresh profile of it."""

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]

Opened = Callable[..., Page]
"""`opened(width=…, height=…, locale=…, **context options)` is a new page in a profile of its own."""


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; tests are skipped where there is none.

    Ends with the last browser test: while it lives an event loop runs on the main thread, where no other can.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        if found is None:
            pytest.skip("no Chromium on the PATH (Debian: apt install chromium)")
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Opened]:
    """Opens pages; they are closed after the test, which fails when a page threw an error nobody caught."""
    contexts: list[BrowserContext] = []
    thrown: list[str] = []

    def open_page(width: int = 1280, height: int = 800, locale: str = "zh-CN", **options: object) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height}, locale=locale, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: thrown.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not thrown
