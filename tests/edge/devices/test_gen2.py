"""What settings do to all readers of UHF tags: names of tags, and where they keep the state of lending."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from edge.devices.gen2 import name_of
from edge.devices.kinds import Round
from edge.errors import SettingsWrong, TagError
from firmware_sim.gen2 import LOCK_EPC, WITH_PASSWORD, Gen2Tag, bare_tag, national_tag, university_tag
from firmware_sim.transponders import IN_STOCK, ON_LOAN
from protocol.names import TagUid
from tests.edge.devices.uhf import CHIPS, Emulated, emulated

ITEM = "30000000012345"

pytestmark = pytest.mark.parametrize("kind", CHIPS)


@contextmanager
def reading(kind: str, *tags: Gen2Tag, **options: Any) -> Iterator[Emulated]:
    with emulated(kind, list(tags), **options) as made:
        yield made


def uid(tag: Gen2Tag) -> TagUid:
    return TagUid(tag.uid)


# --- the university form ---


def test_a_tag_of_the_university_form_keeps_its_name_when_it_is_lent(kind: str) -> None:
    tag = university_tag("32103179")
    name, epc = uid(tag), tag.epc
    with reading(kind, tag, university_tag("01557071"), university=True) as made:
        assert name in made.driver.round().tags
        made.driver.write_afi(name, ON_LOAN)
        assert tag.epc == bytes((0x80,)) + epc[1:]
        memory = made.driver.read(name)
        assert (memory.afi, memory.epc) == (ON_LOAN, tag.epc)
        assert made.driver.round() == Round(frozenset(map(uid, made.tags)))
        made.driver.write_afi(name, IN_STOCK)
        assert tag.epc == epc
        assert made.driver.read(name).afi == IN_STOCK


def test_a_tag_whose_epc_was_changed_at_another_station_is_found_under_its_name(kind: str) -> None:
    tag = university_tag("32103179")
    with reading(kind, tag, university=True) as made:
        assert made.driver.read(uid(tag)).afi == IN_STOCK
        tag.pc_epc[2] |= 0x80
        assert made.driver.read(uid(tag)).afi == ON_LOAN
        tag.pc_epc[2] &= 0x7F
        made.driver.write_afi(uid(tag), ON_LOAN)
        assert tag.afi == ON_LOAN


def test_a_write_that_was_done_but_not_said_so_is_found_done(kind: str) -> None:
    tag = university_tag("32103179")
    with reading(kind, tag, university=True) as made:
        made.driver.round()
        made.faults.set("half-write", "reader-A", count=2)
        made.driver.write_afi(uid(tag), ON_LOAN)
        assert tag.afi == ON_LOAN


def test_where_the_site_has_no_such_tags_no_bit_of_an_epc_means_lending(kind: str) -> None:
    tag = bare_tag("one")
    assert tag.epc[0] & 0x80
    with reading(kind, tag) as made:
        assert made.driver.round().tags == {TagUid(tag.epc.hex().upper())}
        assert made.driver.read(uid(tag)).afi is None
        before = bytes(tag.pc_epc)
        with pytest.raises(TagError, match="no place for AFI C2"):
            made.driver.write_afi(uid(tag), ON_LOAN)
        assert tag.pc_epc == before


def test_the_two_afis_may_be_others_and_no_third_one_can_be_written(kind: str) -> None:
    tag = university_tag("32103179", on_loan=True)
    with reading(kind, tag, university=True, in_stock_afi=0xD7, on_loan_afi=0xDA) as made:
        assert made.driver.read(uid(tag)).afi == 0xDA
        with pytest.raises(TagError, match="no place for AFI C2"):
            made.driver.write_afi(uid(tag), 0xC2)
        made.driver.write_afi(uid(tag), 0xD7)
        assert not tag.epc[0] & 0x80


# --- the national form ---


def test_a_tag_of_the_national_form_takes_any_afi_into_its_control_word(kind: str) -> None:
    tag = national_tag(ITEM, user=b"\x06")
    pc, epc = tag.pc, tag.epc
    with reading(kind, tag) as made:
        made.driver.write_afi(uid(tag), 0xD7)
        assert (tag.pc, tag.epc) == (pc & 0xFF00 | 0xD7, epc)
        assert made.driver.read(uid(tag)).afi == 0xD7


def test_what_is_so_already_is_not_written_again(kind: str) -> None:
    tag = national_tag(ITEM)
    with reading(kind, tag) as made:
        tag.locks[LOCK_EPC] = 3
        made.driver.write_afi(uid(tag), IN_STOCK)


# --- passwords ---


def test_a_locked_tag_is_written_with_its_password_only(kind: str) -> None:
    tag = national_tag(ITEM)
    tag.access, tag.locks[LOCK_EPC] = bytes.fromhex("1234ABCD"), WITH_PASSWORD
    with reading(kind, tag) as made, pytest.raises(TagError, match="AFI C2 can't be written: its memory is locked"):
        made.driver.write_afi(uid(tag), ON_LOAN)
    with reading(kind, tag, password="1234abce") as made, pytest.raises(TagError, match="password"):
        made.driver.write_afi(uid(tag), ON_LOAN)
    assert tag.afi == IN_STOCK
    with reading(kind, tag, password="1234abcd") as made:
        made.driver.write_afi(uid(tag), ON_LOAN)
    assert tag.afi == ON_LOAN


# --- names ---


def test_two_books_with_one_epc_are_one_tag_by_epc(kind: str) -> None:
    one, copied = national_tag(ITEM), national_tag(ITEM, copy=1)
    with reading(kind, one, copied) as made:
        assert made.driver.round().tags == {uid(one)}


def test_tags_can_be_named_by_their_tid(kind: str) -> None:
    tags = [national_tag(str(number)) for number in range(5)]
    for tag in tags:
        tag.by_tid = True
    with reading(kind, *tags, identify="tid") as made:
        assert made.driver.round() == Round(frozenset(map(uid, tags)))
        made.driver.write_afi(uid(tags[2]), ON_LOAN)
        assert [tag.afi for tag in tags] == [IN_STOCK, IN_STOCK, ON_LOAN, IN_STOCK, IN_STOCK]
        memory = made.driver.read(uid(tags[2]))
        assert (memory.epc, memory.afi) == (tags[2].epc, ON_LOAN)


def test_by_tid_a_book_is_never_taken_for_another_with_the_same_epc(kind: str) -> None:
    one, copied = national_tag(ITEM), national_tag(ITEM, copy=1)
    one.by_tid = copied.by_tid = True
    with reading(kind, one, copied, identify="tid") as made:
        names = made.driver.round().tags
        assert names <= {uid(one), uid(copied)}
        assert len(names) == (1 if kind == "r200" else 2)
        made.tags.remove(copied)
        assert made.driver.round().tags == {uid(one)}
        with pytest.raises(TagError):
            made.driver.read(uid(copied))
        made.driver.write_afi(uid(one), ON_LOAN)
    assert (one.afi, copied.afi) == (ON_LOAN, IN_STOCK)


def test_a_short_epc_is_filled_up_and_a_long_one_stands_as_its_digest(kind: str) -> None:
    short, long = national_tag("1"), national_tag(ITEM, "CN-110105001")
    assert (len(short.epc), len(long.epc)) == (2, 18)
    with reading(kind, short, long) as made:
        names = made.driver.round().tags
        assert names == {TagUid(short.epc.hex().upper() + "0000"), uid(long)}
        assert {len(name) for name in names} == {8, 32}
        assert made.driver.read(uid(long)).epc == long.epc
        assert made.driver.read(uid(short)).epc == short.epc


def test_a_tag_that_was_never_coded_is_seen_though_nothing_can_be_done_with_it(kind: str) -> None:
    tag = Gen2Tag(b"\xe2" * 12, bytearray(2))
    with reading(kind, tag) as made:
        assert made.driver.round().tags == {name_of(b"")} == {TagUid("00000000")}
        with pytest.raises(TagError):
            made.driver.read(name_of(b""))


# --- what stands elsewhere ---


def test_tags_of_the_furniture_can_be_ignored(kind: str) -> None:
    mine, other = national_tag("1"), national_tag("2")
    with reading(kind, mine, other, ignore=(uid(other),)) as made:
        assert made.driver.round().tags == {uid(mine)}


def test_tags_of_the_next_cabinet_are_told_by_how_weakly_they_are_heard(kind: str) -> None:
    mine, other = national_tag("1"), national_tag("2")
    other.rssi = -72
    if kind == "18":
        with pytest.raises(SettingsWrong, match="min_rssi is for form 288 only"), reading(kind, min_rssi=-65):
            pass
        return
    with reading(kind, mine, other, min_rssi=-65) as made:
        assert made.driver.round() == Round(frozenset({uid(mine)}))
        other.rssi = -60
        assert made.driver.round() == Round(frozenset(map(uid, (mine, other))))


def test_with_less_power_it_hears_less_far(kind: str) -> None:
    near, far = national_tag("1"), national_tag("2")
    far.rssi = -75
    with reading(kind, near, far, power_dbm=26) as made:
        assert made.driver.round().tags == {uid(near), uid(far)}
        made.faults.set("hot", "reader-A")
        assert made.driver.round().tags == {uid(near)}
    with reading(kind, near, far, power_dbm=15) as made:
        assert made.driver.round().tags == {uid(near)}


def test_the_same_afi_for_both_states_is_refused(kind: str) -> None:
    with pytest.raises(SettingsWrong, match="are the same"), reading(kind, in_stock_afi=0xC2):
        pass
