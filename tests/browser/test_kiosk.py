"""The kiosk page in a browser: every screen at every display, in both languages, and how it finds its way back."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from edge import screen
from edge.kiosk import Kiosk
from edge.screen import Change, Text, View, ViewItem, ViewKind
from protocol.events import BorrowFlag, RefusalReason, VisitKind
from protocol.names import ItemId, TagUid

pytestmark = pytest.mark.browser

LANGUAGES = ("zh-CN", "en")
DISPLAYS = [(1024, 600), (1280, 800), (1920, 1080), (1080, 1920), (390, 844)]
NAMES = [
    ("红楼梦", "曹雪芹"),
    ("Harry Potter and the Sorcerer's Stone (Harry Potter, #1), illustrated", "J.K. Rowling, Mary GrandPré"),
    ("中华人民共和国国家标准图书馆射频识别数据模型应用指南与实施细则汇编", "全国信息与文献标准化技术委员会"),
    ("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", ""),
]
ALL_FLAGS = (BorrowFlag.OVER_LIMIT, BorrowFlag.HELD)

SPILLS = """() => {
  const { clientHeight: tall, clientWidth: wide, scrollHeight, scrollWidth } = document.documentElement;
  const found = scrollHeight > tall || scrollWidth > wide ? ["the page scrolls"] : [];
  const placed = (box) => [box, box.getBoundingClientRect()];
  const seen = (boxes) => boxes.map(placed).filter(([, at]) => at.width * at.height);
  const texts = "header p, #picture svg, .said h1, .said p, #items li, #items .fate, #more, #stale";
  for (const [box, at] of seen([...document.querySelectorAll(texts)])) {
    const name = `${box.tagName} ${box.textContent.slice(0, 20)}`;
    const outside = at.left < -1 || at.top < -1 || at.right > wide + 1 || at.bottom > tall + 1;
    if (outside) found.push(`${name} leaves the display`);
    if (box.clientWidth && box.scrollWidth > box.clientWidth + 1) found.push(`${name} is cut`);
  }
  const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const blocks = seen(["header", "#words", "#items", "#more", "#stale"].map((name) => document.querySelector(name)));
  blocks.forEach(([one, a], n) => blocks.slice(n + 1).forEach(([other, b]) => {
    if (over(a, b)) found.push(`${one.id || one.tagName} and ${other.id} overlap`);
  }));
  const list = document.getElementById("items");
  if (list.children.length && list.scrollHeight > list.clientHeight + 1) found.push("the list is cut");
  return found;
}"""
"""Whatever doesn't fit: outside the display, cut off, or over something else."""

CONTRASTS = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = (box) => getComputedStyle(box).backgroundColor;
  const behind = (box) => parts(paper(box))[3] === 0 ? behind(box.parentElement) : paper(box);
  const texts = "header p, .said h1, .said p, #items .title, #items small, #items span, #more, #stale span";
  return [...document.querySelectorAll(texts)].filter((box) => box.textContent).map((box) => {
    const [dark, bright] = [light(getComputedStyle(box).color), light(behind(box))].sort((x, y) => x - y);
    return [box.textContent, (bright + 0.05) / (dark + 0.05)];
  });
}"""
"""Every text with its contrast to what is behind it, after WCAG 2."""


def name(item: ViewItem) -> tuple[str, str] | None:
    return NAMES[int(item.item) % len(NAMES)] if item.item else None


def lines(number: int, change: Change = Change.BORROWED, flags: tuple[BorrowFlag, ...] = ()) -> tuple[ViewItem, ...]:
    due = date(2026, 12, 21) if change is Change.BORROWED else None
    return tuple(
        ViewItem(change, TagUid(f"E00401{n:010X}"), ItemId(str(n)), due, flags if n % 3 == 1 else ())
        for n in range(number)
    )


def views() -> dict[str, View]:
    """Every screen there can be."""
    found = {str(kind): View(kind, seconds=10) for kind in ViewKind if kind is not ViewKind.REFUSED}
    for reason in RefusalReason:
        found[f"refused-{reason}"] = View(ViewKind.REFUSED, reason=reason, seconds=8)
    for kind in VisitKind:
        found[f"welcome-{kind}"] = View(ViewKind.WELCOME, kind)
        found[f"open-{kind}"] = View(ViewKind.OPEN, kind)
    each = tuple(item for change in Change for item in lines(1, change))
    found["receipt-each"] = View(ViewKind.RECEIPT, items=each, seconds=20)
    for number in (1, 4, 7, 12, 13, 40):
        found[f"receipt-{number}"] = View(ViewKind.RECEIPT, items=lines(number, flags=ALL_FLAGS), seconds=20)
    return found


def rendered(view: View, *, stale: bool = False) -> str:
    drawn = screen.render(view, name, LANGUAGES)
    site = (Text(lang="zh-CN", text="花园小学"), Text(lang="en", text="Garden Primary School"))
    old = screen.stale(3 * 86_400, 7, LANGUAGES) if stale else ()
    return drawn.model_copy(update={"site": site, "stale": old}).model_dump_json()


@contextmanager
def running(port: int = 0) -> Iterator[Kiosk]:
    kiosk = Kiosk("127.0.0.1", port)
    kiosk.start()
    try:
        yield kiosk
    finally:
        kiosk.stop()


@pytest.fixture
def kiosk() -> Iterator[Kiosk]:
    with running() as served:
        yield served


def address(kiosk: Kiosk) -> str:
    return f"http://127.0.0.1:{kiosk.port}/"


LISTED = """(items) => items === document.querySelectorAll("#items li").length
  + Number(document.getElementById("more").textContent.replace("+", ""))"""


def show(kiosk: Kiosk, page: Page, text: str) -> None:
    """Shows a screen and waits until the page has drawn it."""
    kiosk.show("cabinet-1", text)
    said = json.loads(text)
    expect(page.locator(".said h1").first).to_have_text(said["said"][0]["title"])
    expect(page.locator("body")).to_have_attribute("data-kind", said["kind"])
    if said["items"]:
        expect(page.locator("#items li").first).to_contain_text(said["items"][0]["title"])
    page.wait_for_function(LISTED, arg=len(said["items"]))


@pytest.mark.parametrize(("width", "height"), DISPLAYS)
def test_every_screen_fits_the_display(opened: Callable[..., Page], kiosk: Kiosk, width: int, height: int) -> None:
    page = opened(width=width, height=height)
    page.goto(address(kiosk))
    spilled = {}
    for number, (which, view) in enumerate(views().items()):
        show(kiosk, page, rendered(view, stale=number % 2 == 0))
        if found := page.evaluate(SPILLS):
            spilled[which] = found
    assert spilled == {}


def test_every_screen_says_the_same_in_both_languages_chinese_first_and_larger(
    opened: Callable[..., Page], kiosk: Kiosk
) -> None:
    page = opened(width=1024, height=600)
    page.goto(address(kiosk))
    for view in views().values():
        text = rendered(view)
        show(kiosk, page, text)
        said = json.loads(text)["said"]
        blocks = page.locator(".said")
        assert [blocks.nth(n).get_attribute("lang") for n in range(blocks.count())] == ["zh-CN", "en"]
        assert page.locator(".said h1").all_inner_texts() == [s["title"] for s in said]
        assert page.locator(".said p").all_inner_texts() == [line for s in said for line in s["lines"]]
        sizes = page.locator(".said h1").evaluate_all("all => all.map(h => parseFloat(getComputedStyle(h).fontSize))")
        assert sizes[0] > sizes[1] >= 20


def test_no_text_has_less_contrast_than_aaa_asks(opened: Callable[..., Page], kiosk: Kiosk) -> None:
    page = opened(width=1280, height=800)
    page.goto(address(kiosk))
    tones = set()
    for view in views().values():
        text = rendered(view, stale=True)
        tones.add(json.loads(text)["tone"])
        show(kiosk, page, text)
        assert [(said, ratio) for said, ratio in page.evaluate(CONTRASTS) if ratio < 7] == []
    assert tones == {"calm", "good", "attention", "stop"}


def test_each_tone_has_its_own_drawing(opened: Callable[..., Page], kiosk: Kiosk) -> None:
    page = opened()
    page.goto(address(kiosk))
    drawings = {}
    for kind in (ViewKind.IDLE, ViewKind.OPEN, ViewKind.COUNTING, ViewKind.RECEIPT, ViewKind.HELD):
        show(kiosk, page, rendered(View(kind)))
        drawings[kind] = page.locator("#picture svg").inner_html()
    assert len(set(drawings.values())) == len(drawings)


def test_a_receipt_lists_twelve_items_and_says_how_many_more(opened: Callable[..., Page], kiosk: Kiosk) -> None:
    page = opened(width=1024, height=600)
    page.goto(address(kiosk))
    show(kiosk, page, rendered(View(ViewKind.RECEIPT, items=lines(12))))
    assert page.locator("#items li").count() == 12
    assert page.locator("#more").inner_text() == ""

    show(kiosk, page, rendered(View(ViewKind.RECEIPT, items=lines(30))))
    shown = page.locator("#items li").count()
    assert shown >= 12
    assert page.locator("#more").inner_text() == f"+ {30 - shown}"


def test_a_receipt_says_what_became_of_each_item(opened: Callable[..., Page], kiosk: Kiosk) -> None:
    page = opened(width=1024, height=600)
    page.goto(address(kiosk))
    for change in Change:
        text = rendered(View(ViewKind.RECEIPT, items=lines(1, change)))
        show(kiosk, page, text)
        (item,) = json.loads(text)["items"]
        row = page.locator(f'#items li[data-change="{item["change"]}"]')
        assert row.locator(".fate span").all_inner_texts() == [said["text"] for said in item["said"]]
        assert row.locator("svg path, svg circle").count() > 0


def test_what_an_item_is_called_is_text_and_never_markup(opened: Callable[..., Page], kiosk: Kiosk) -> None:
    page = opened()
    page.goto(address(kiosk))
    told = json.loads(rendered(View(ViewKind.RECEIPT, items=lines(1))))
    told["items"][0]["title"] = "<img src=x onerror=alert(1)>"
    show(kiosk, page, json.dumps(told))
    assert page.locator("#items img").count() == 0


def test_the_time_left_runs_down_and_is_gone_on_the_next_screen(opened: Callable[..., Page], kiosk: Kiosk) -> None:
    page = opened()
    page.goto(address(kiosk))
    running = "() => document.querySelector('#countdown i').getAnimations().map(a => a.effect.getTiming().duration)"
    show(kiosk, page, rendered(View(ViewKind.WELCOME, seconds=10)))
    assert page.evaluate(running) == [10_000]

    show(kiosk, page, rendered(View(ViewKind.IDLE)))
    assert page.evaluate(running) == []


def test_old_data_is_said_on_a_strip_and_fresh_data_is_not(opened: Callable[..., Page], kiosk: Kiosk) -> None:
    page = opened()
    page.goto(address(kiosk))
    show(kiosk, page, rendered(View(ViewKind.IDLE), stale=True))
    expect(page.locator("#stale span")).to_have_text(["本站数据更新于3天前", "Site data is 3 d old"])

    show(kiosk, page, rendered(View(ViewKind.OPEN)))
    expect(page.locator("#stale")).to_be_hidden()


def test_whoever_asked_for_less_motion_gets_none(opened: Callable[..., Page], kiosk: Kiosk) -> None:
    moving = "() => document.getAnimations().filter(a => a.animationName).length"
    for wanted, expected in (("no-preference", True), ("reduce", False)):
        page = opened(reduced_motion=wanted)
        page.goto(address(kiosk))
        show(kiosk, page, rendered(View(ViewKind.IDLE)))
        assert bool(page.evaluate(moving)) is expected


def test_nothing_can_be_selected_scrolled_or_opened_by_touching_it(opened: Callable[..., Page], kiosk: Kiosk) -> None:
    page = opened()
    page.goto(address(kiosk))
    show(kiosk, page, rendered(View(ViewKind.IDLE)))
    page.locator(".said h1").first.dblclick()
    page.mouse.wheel(0, 500)
    menu = "() => document.body.dispatchEvent(new MouseEvent('contextmenu', {bubbles: true, cancelable: true}))"
    assert page.evaluate("() => String(getSelection())") == ""
    assert page.evaluate("() => scrollY") == 0
    assert page.evaluate(menu) is False


def test_a_lost_agent_is_said_within_five_seconds_and_its_return_needs_nobody(opened: Callable[..., Page]) -> None:
    page = opened(width=1024, height=600)
    with running() as first:
        port = first.port
        page.goto(address(first))
        show(first, page, rendered(View(ViewKind.COUNTING)))
        expect(page.locator("#lost")).to_be_hidden()

    expect(page.locator("#lost")).to_be_visible(timeout=5_000)
    expect(page.locator("#lost p")).to_have_text(["正在连接…", "Connecting…"])

    with running(port) as second:
        second.show("cabinet-1", rendered(View(ViewKind.IDLE)))
        expect(page.locator(".said h1").first).to_have_text("请刷读者卡", timeout=10_000)
        expect(page.locator("#lost")).to_be_hidden()


def test_a_stream_that_has_gone_silent_is_opened_anew(opened: Callable[..., Page], kiosk: Kiosk) -> None:
    page = opened()
    page.clock.install()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address(kiosk))
    show(kiosk, page, rendered(View(ViewKind.IDLE)))
    before = sum("/events?" in url for url in asked)

    with page.expect_request("**/events?*"):
        page.clock.fast_forward(26_000)

    assert before == 1
    show(kiosk, page, rendered(View(ViewKind.OPEN)))
    expect(page.locator("#lost")).to_be_hidden()
