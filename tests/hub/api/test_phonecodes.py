"""What a library's app asks for: the code that opens a site for a patron's phone."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from defusedxml import ElementTree

from hub.database import Database
from hub.directory.rows import Kind
from protocol.cards import card_secret, card_tag, site_key
from protocol.names import ClockTrust, SiteId
from protocol.phone import Shown, check, phone_key
from tests.hub.cast import HARBOUR, MASTER, SALT, settings_in
from tests.hub.library import MA, WANG, Library, library

PATRONS = "/api/v1/patrons"


@pytest.fixture
def phones(tmp_path: Path, told_template: Path) -> Iterator[Library]:
    database = Database(f"sqlite:///{shutil.copy(told_template, tmp_path / 'hub.sqlite3')}")
    settings = settings_in(tmp_path, database.url, phone_codes=True)
    with library(settings, database, tmp_path, told=False) as made:
        yield made
    database.close()


def test_a_code_is_the_one_the_site_takes_for_the_patrons_card(phones: Library) -> None:
    found = phones.program().get(f"{PATRONS}/P001/phone-code?site={HARBOUR}").json()
    key = site_key(MASTER, SiteId(HARBOUR))
    secret = card_secret(WANG, SALT)
    card = card_tag(key, secret)
    shown = check(
        found["code"],
        SiteId(HARBOUR),
        lambda _: ((card, phone_key(key, secret)),),
        phones.hub.now,
        ClockTrust.SYNCED,
        {},
    )
    assert isinstance(shown, Shown)
    assert found["good_until"] > found["next_at"]


def test_the_picture_is_an_svg_that_nobody_keeps(phones: Library) -> None:
    picture = phones.program().get(f"{PATRONS}/P001/phone-code.svg?site={HARBOUR}")
    assert (picture.headers["content-type"], picture.headers["cache-control"]) == ("image/svg+xml", "no-store")
    assert ElementTree.fromstring(picture.content).tag.endswith("svg")


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        (f"P999/phone-code?site={HARBOUR}", 404, "not-found"),
        ("P001/phone-code?site=nowhere", 404, "not-found"),
        ("P001/phone-code", 400, "bad-request"),
        (f"P999/phone-code.svg?site={HARBOUR}", 404, "not-found"),
    ],
)
def test_what_cannot_be_is_said(phones: Library, asked: str, status: int, code: str) -> None:
    answer = phones.program().get(f"{PATRONS}/{asked}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_patron_whose_card_is_lost_has_no_code(phones: Library, tmp_path: Path) -> None:
    lost = f"patron,name,group,until,block,card_uid,label\nP002,Ma Li,adult,2030-12-31,lost,{MA},读者证 0002\n"
    plan = phones.hub.bring(Kind.PATRONS, lost, tmp_path)
    assert not plan.bad, plan.bad
    answer = phones.program().get(f"{PATRONS}/P002/phone-code?site={HARBOUR}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "no-card")


def test_where_phones_are_not_used_there_are_none(own: Library) -> None:
    answer = own.program().get(f"{PATRONS}/P001/phone-code?site={HARBOUR}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "phone-codes-off")


def test_only_who_is_logged_in_gets_one(phones: Library) -> None:
    assert phones.visitor().get(f"{PATRONS}/P001/phone-code?site={HARBOUR}").status_code == 401
