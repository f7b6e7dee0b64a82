"""The bench page in a browser: a card is dragged, the door opens, books change places, plugs and wires."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from edge.kiosk import Kiosk
from firmware_sim.bench import Bench
from firmware_sim.bench.hands import Reason
from tests.firmware_sim.bench.stage import HERE, Stage, stage

pytestmark = pytest.mark.browser


@pytest.fixture
def world() -> Iterator[Stage]:
    with stage() as built:
        yield built


@pytest.fixture
def bench(world: Stage) -> Iterator[Bench]:
    served = Bench(world.hands, 0)
    served.start()
    yield served
    served.stop()


@pytest.fixture
def page(opened: Callable[..., Page], bench: Bench) -> Page:
    return visit(opened(width=1440, height=900), bench)


def visit(page: Page, bench: Bench) -> Page:
    page.goto(f"http://127.0.0.1:{bench.port}/")
    expect(page.locator(".shelf .spine").first).to_be_visible()
    return page


def drag(page: Page, thing: Locator, target: Locator) -> None:
    """Moves the pointer as a hand does: down, along, up."""
    start, end = thing.bounding_box(), target.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + 12)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=6)
    page.mouse.up()


def card(page: Page, world: Stage) -> Locator:
    found = page.locator(f'.card[data-card="{world.patron.uid}"]')
    found.scroll_into_view_if_needed()
    return found


def spine(page: Page, tag: str) -> Locator:
    return page.locator(f'.spine[data-tag="{tag}"]')


def shelf(page: Page, name: str) -> Locator:
    return page.locator(f'.shelf[data-drop="{name}"]')


def says(page: Page, text: str) -> None:
    expect(page.locator("#say.on")).to_have_text(text)


def test_a_whole_visit_by_dragging(page: Page, world: Stage) -> None:
    tag = world.shelf("A")[2]
    drag(page, card(page, world), page.locator("#reader"))
    expect(page.locator("#cardled")).to_have_class("led on")
    world.release()
    expect(page.locator("#strikeled")).to_have_class("led on")

    page.locator("#door").click()
    expect(page.locator("#case")).to_have_class("open")
    world.release(False)

    drag(page, spine(page, tag), page.locator("#hands"))
    expect(page.locator("#held").locator(f'[data-tag="{tag}"]')).to_be_visible()
    assert tag not in world.shelf("A")

    drag(page, spine(page, tag), shelf(page, "B"))
    expect(shelf(page, "B").locator(f'[data-tag="{tag}"]')).to_be_visible()
    assert world.shelf("B")[-1] == tag

    page.locator("#leaf").click()
    expect(page.locator("#case")).not_to_have_class("open")
    assert not world.cabinet.door_is_open


def test_a_locked_door_rattles_stays_shut_and_says_why(page: Page, world: Stage) -> None:
    page.locator("#door").click()

    expect(page.locator("#case")).to_have_class("pulled")
    says(page, "门锁着，拉不开：先刷卡")
    assert not world.cabinet.door_is_open


def test_whoever_pulls_first_and_taps_then_gets_in_too(page: Page, world: Stage) -> None:
    page.locator("#door").click()
    expect(page.locator("#case")).to_have_class("pulled")
    world.release()

    expect(page.locator("#case")).to_have_class("open")


def test_books_move_by_click_to_the_roomiest_shelf(page: Page, world: Stage) -> None:
    world.enter(world.patron)
    expect(page.locator("#case")).to_have_class("open")
    tag = world.shelf("B")[0]

    spine(page, tag).click()
    expect(page.locator("#held .spine")).to_have_count(1)
    page.locator("#held .spine").click()

    expect(shelf(page, "B").locator(f'[data-tag="{tag}"]')).to_be_visible()


def test_a_visit_needs_no_pointer(page: Page, world: Stage) -> None:
    card(page, world).press("Enter")
    page.locator("#reader").press("Enter")
    expect(page.locator("#cardled")).to_have_class("led on")
    world.release()
    page.locator("#leaf").press("Enter")
    expect(page.locator("#case")).to_have_class("open")
    world.release(False)
    tag = world.shelf("B")[4]

    spine(page, tag).press("Enter")
    page.locator("#held .spine").press("a")

    expect(shelf(page, "A").locator(f'[data-tag="{tag}"]')).to_be_visible()


def test_a_finger_does_what_a_mouse_does(opened: Callable[..., Page], world: Stage, bench: Bench) -> None:
    page = visit(opened(width=390, height=844, has_touch=True, is_mobile=True), bench)
    card(page, world).tap()
    page.locator("#reader").tap()
    expect(page.locator("#cardled")).to_have_class("led on")
    world.release()
    page.locator("#leaf").tap()
    expect(page.locator("#case")).to_have_class("open")
    world.release(False)
    tag = world.shelf("A")[0]

    spine(page, tag).tap()
    expect(page.locator("#held .spine")).to_have_count(1)


def test_a_shut_door_keeps_hands_off_by_keyboard_too(page: Page, world: Stage) -> None:
    tag = world.shelf("A")[0]
    spine(page, tag).press("Enter")
    says(page, "门关着，够不到书：先刷卡、拉开柜门")
    assert world.shelf("A")[0] == tag


def test_a_reader_without_a_card_asks_for_one(page: Page) -> None:
    page.locator("#reader").click()
    says(page, "请先点选一张卡")


@pytest.mark.parametrize("kind", ["patron", "blocked", "expired", "lost", "courier", "service", "unknown"])
def test_every_kind_of_card_is_at_hand(page: Page, world: Stage, kind: str) -> None:
    found = page.locator(f".card.{kind}").first
    found.scroll_into_view_if_needed()
    drag(page, found, page.locator("#reader"))
    expect(page.locator("#cardled")).to_have_class("led on")
    (held,) = world.cabinet.cards()
    assert held.uid == found.get_attribute("data-card")


def test_two_cards_can_be_held_at_once(page: Page, world: Stage) -> None:
    page.locator('[data-act="two-cards"]').click()
    expect(page.locator("#cardled")).to_have_class("led on")
    assert len(world.cabinet.cards()) == 2


def test_a_forced_door_opens_without_a_card(page: Page) -> None:
    page.locator('#case [data-act="force"]').click()
    expect(page.locator("#case")).to_have_class("open")


def test_a_tag_is_shadowed_through_the_shut_door(page: Page, world: Stage) -> None:
    tag = world.shelf("A")[1]
    page.locator("#case [data-shade]").click()
    spine(page, tag).click()
    expect(spine(page, tag)).to_contain_class("hidden")
    assert not world.cabinet.door_is_open

    spine(page, tag).click()
    expect(spine(page, tag)).not_to_contain_class("hidden")


def test_plugs_network_and_power_are_switches(page: Page, world: Stage) -> None:
    for name in ("reader-A", "card", "door", "network", "power"):
        switch = page.locator(f'[data-switch="{name}"]')
        expect(switch).to_have_attribute("aria-checked", "true")
        switch.click()
        expect(switch).to_have_attribute("aria-checked", "false")
    assert set(world.cabinet.unplugged()) == {"reader-A", "card", "door"}
    assert not world.cabinet.has_power
    expect(page.locator("#dark")).to_be_visible()


def test_frames_are_shown_with_their_verdict_by_device_and_can_be_held_still(page: Page, world: Stage) -> None:
    frames, log = page.locator(".frame"), world.cabinet.frames
    log.add("card", False, b"\x52", "7 bits of the last byte")
    log.add("reader-A", False, bytes.fromhex("07FFB001001C56"))
    log.add("reader-A", True, bytes.fromhex("06FFB083AAAA"), "crc wrong")
    expect(frames).to_have_count(3)
    expect(frames.first.locator(".verdict")).to_have_text("crc wrong")
    expect(frames.first.locator(".verdict")).to_contain_class("bad")
    expect(frames.nth(1).locator(".means")).to_have_text("inventory")
    expect(frames.nth(2).locator(".means")).to_have_text("WUPA")

    page.locator('#which [data-device="card"]').click()
    expect(frames).to_have_count(1)
    page.locator('#which [data-device=""]').click()
    page.locator("#pause").click()
    log.add("door", True, b"\x01")
    page.wait_for_timeout(500)
    expect(frames).to_have_count(3)
    page.locator("#pause").click()
    expect(frames).to_have_count(4)


def test_each_site_is_a_tab_with_its_own_shelves(page: Page, world: Stage) -> None:
    here = page.locator(".spine").first.get_attribute("data-tag")
    page.locator('[data-site="garden-school"]').click()
    expect(page.locator(f'.spine[data-tag="{here}"]')).to_have_count(0)
    expect(page.locator("#case .shelf")).to_have_count(2)

    page.locator('#case [data-act="force"]').click()
    expect(page.locator("#case")).to_have_class("open")
    assert not world.cabinet.door_is_open


def test_titles_are_on_the_spines_upright_and_always_in_the_same_colour(page: Page, world: Stage) -> None:
    tag = world.shelf("A")[0]
    one = spine(page, tag)
    expect(one).to_have_text(world.town.copies[tag].title.title)
    assert one.locator("span").evaluate("span => getComputedStyle(span).writingMode") == "vertical-rl"
    colour = "made => made.style.getPropertyValue('--colour')"
    before = one.evaluate(colour)
    page.reload()
    assert spine(page, tag).evaluate(colour) == before


def test_the_sites_kiosk_is_beside_its_cabinet(opened: Callable[..., Page]) -> None:
    kiosk = Kiosk("127.0.0.1", 0)
    kiosk.start()
    kiosk.show("cabinet-1", '{"kind":"idle","tone":"calm","said":[{"lang":"zh-CN","title":"请刷卡","lines":[]}]}')
    try:
        with stage(kiosk.port) as world:
            world.sites[HERE].screen.start()
            bench = Bench(world.hands, 0)
            bench.start()
            try:
                page = visit(opened(width=1440, height=900), bench)
                expect(page.frame_locator("#screen iframe").locator("h1")).to_have_text("请刷卡")
            finally:
                bench.stop()
                world.sites[HERE].screen.stop()
    finally:
        kiosk.stop()


def test_the_page_speaks_both_languages_and_remembers_which(page: Page) -> None:
    for lang, heading in (("zh-CN", "线上的帧"), ("en", "Frames on the wires")):
        expect(page.locator("#wires b")).to_have_text(heading)
        assert page.locator("html").get_attribute("lang") == lang
        if lang == "zh-CN":
            page.locator("#lang").click()
    page.reload()
    expect(page.locator("#wires b")).to_have_text("Frames on the wires")


def test_every_word_is_there_in_both_languages(page: Page) -> None:
    tables = page.evaluate(
        """async () => {
          const words = await import("/words.js");
          const keys = [...document.querySelectorAll("[data-t]")].map((place) => place.dataset.t);
          const told = {};
          for (let n = 0; n < 2; n += 1) {
            told[words.lang] = { words: words.keys(), missing: keys.filter((key) => words.word(key) === key) };
            words.switchLanguage();
          }
          return told;
        }"""
    )
    assert set(tables["zh-CN"]["words"]) == set(tables["en"]["words"])
    assert {reason.value for reason in Reason} <= set(tables["zh-CN"]["words"])
    assert tables["zh-CN"]["missing"] == []


def test_a_bench_that_is_gone_is_said(page: Page, bench: Bench) -> None:
    expect(page.locator("#lost")).to_be_hidden()
    bench.stop()
    expect(page.locator("#lost")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1440, 900), (1100, 800), (390, 844)])
def test_nothing_sticks_out_sideways(
    opened: Callable[..., Page], world: Stage, bench: Bench, width: int, height: int
) -> None:
    page = visit(opened(width=width, height=height), bench)
    world.enter(world.patron)
    expect(page.locator("#case")).to_have_class("open")
    page.wait_for_timeout(700)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
