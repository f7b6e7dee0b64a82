"""Emulated tags of EPC Gen2: banks, locks, passwords, and what a field makes of them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim import gen2
from firmware_sim.faults import Faults
from firmware_sim.gen2 import Field, Gen2Refused, Gen2Tag, Unreached, WrongPassword, national_tag, university_tag
from firmware_sim.transponders import IN_STOCK, ON_LOAN
from tests.wire.golden import frame

PASSWORD = b"1234"
WORD = b"\xab\xcd"


def field(*tags: Gen2Tag, **faults: float) -> Field:
    made = Faults()
    for name, probability in faults.items():
        made.set(name.replace("_", "-"), "reader-A", probability)
    return Field(lambda: tags, made, "reader-A", random.Random(1))


def test_bank_one_begins_with_the_checksum_that_a_reader_tells() -> None:
    told = frame("uhf-r200-022").raw
    tag = Gen2Tag(b"\xe2" * 12, bytearray(told[6:24]))
    assert tag.read(gen2.EPC, 0, 2) == told[24:26] + told[6:8]
    assert tag.epc == told[8:24]


def test_the_epc_is_as_long_as_the_control_word_says() -> None:
    tag = gen2.bare_tag("one")
    assert (len(tag.epc), tag.pc) == (12, 0x3000)
    tag.write(gen2.EPC, 1, b"\x10\x00")
    assert len(tag.epc) == 4
    tag.write(gen2.EPC, 1, b"\xf8\x00")
    assert len(tag.epc) == 62


@pytest.mark.parametrize(
    ("bank", "word"), [(gen2.EPC, 33), (gen2.TID, 6), (gen2.USER, 32), (gen2.PASSWORDS, 4), (5, 0)]
)
def test_what_isnt_there_is_neither_read_nor_written(bank: int, word: int) -> None:
    tag = national_tag("1")
    for do in (lambda: tag.read(bank, word, 1), lambda: tag.write(bank, word, WORD)):
        with pytest.raises(Gen2Refused) as refused:
            do()
        assert refused.value.code == gen2.OVERRUN


@pytest.mark.parametrize(("bank", "word"), [(gen2.TID, 0), (gen2.EPC, 0)])
def test_what_the_maker_wrote_stays(bank: int, word: int) -> None:
    with pytest.raises(Gen2Refused) as refused:
        national_tag("1").write(bank, word, WORD)
    assert refused.value.code == gen2.LOCKED


@pytest.mark.parametrize(
    ("lock", "bank", "word"),
    [(gen2.LOCK_EPC, gen2.EPC, 2), (gen2.LOCK_USER, gen2.USER, 0), (gen2.LOCK_KILL, 0, 1), (gen2.LOCK_ACCESS, 0, 2)],
)
def test_a_lock_with_password_opens_to_the_password_only(lock: int, bank: int, word: int) -> None:
    tag = national_tag("1")
    tag.access = PASSWORD
    with pytest.raises(Gen2Refused):
        tag.lock(lock, gen2.WITH_PASSWORD)
    tag.lock(lock, gen2.WITH_PASSWORD, PASSWORD)
    with pytest.raises(Gen2Refused):
        tag.write(bank, word, WORD)
    with pytest.raises(WrongPassword):
        tag.write(bank, word, WORD, b"4321")
    tag.write(bank, word, WORD, PASSWORD)
    assert tag.bank(bank)[2 * word : 2 * word + 2] == WORD


def test_passwords_behind_a_lock_are_not_told() -> None:
    tag = national_tag("1")
    tag.access = PASSWORD
    assert tag.read(gen2.PASSWORDS, 2, 2) == PASSWORD
    tag.lock(gen2.LOCK_ACCESS, gen2.WITH_PASSWORD, PASSWORD)
    with pytest.raises(Gen2Refused):
        tag.read(gen2.PASSWORDS, 2, 2)
    assert tag.read(gen2.PASSWORDS, 2, 2, PASSWORD) == PASSWORD


def test_a_lock_for_ever_stays() -> None:
    tag = national_tag("1")
    tag.lock(gen2.LOCK_USER, gen2.NEVER)
    with pytest.raises(Gen2Refused):
        tag.write(gen2.USER, 0, WORD)
    with pytest.raises(Gen2Refused):
        tag.lock(gen2.LOCK_USER, gen2.OPEN)


def test_each_form_tells_lending_in_its_own_place() -> None:
    national, university, other = national_tag("1", afi=ON_LOAN), university_tag("1", on_loan=True), gen2.bare_tag("1")
    assert (national.afi, university.afi, other.afi) == (ON_LOAN, ON_LOAN, None)
    names = [tag.uid for tag in (national, university)]
    national.write(gen2.EPC, 1, bytes((national.pc >> 8, IN_STOCK)))
    university.write(gen2.EPC, 2, bytes((0, university.epc[1])))
    assert (national.afi, university.afi) == (IN_STOCK, IN_STOCK)
    assert [tag.uid for tag in (national, university)] == names


def test_copies_have_one_epc_and_two_tids() -> None:
    one, copied = national_tag("1"), national_tag("1", copy=1)
    assert one.uid == copied.uid
    assert one.tid != copied.tid
    one.by_tid = True
    assert one.uid == one.tid.hex().upper()


def decoded(packed: bytes) -> str:
    """URN Code 40 read as GB/T 35660.3 prints it."""
    letters, text, at = "\0ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789", "", 0
    while at < len(packed):
        first = packed[at]
        if first == 0xFB:
            digits, size = (packed[at + 1] >> 4) + 9, (packed[at + 1] & 15) + 4
            text += f"{int.from_bytes(packed[at + 2 : at + 2 + size]):0{digits}}"
            at += 2 + size
        elif first >= 0xFC:
            text += packed[at + 1 : at + first - 0xFA].decode()
            at += first - 0xFA
        else:
            value = int.from_bytes(packed[at : at + 2]) - 1
            text += "".join(letters[n] for n in (value // 1600, value // 40 % 40, value % 40)).rstrip("\0")
            at += 2
    return text


@given(st.text("AZ-.:0123456789az*é书", max_size=40) | st.from_regex(r"\A[A-Z]{2}-[0-9]{1,30}\Z"))
def test_what_is_packed_can_be_unpacked(text: str) -> None:
    assert decoded(gen2.urn_code_40(text)) == text


# --- the field ---


def test_a_tag_is_heard_as_strongly_as_it_stands_near_and_the_reader_sends() -> None:
    near, far = national_tag("1"), national_tag("2")
    far.rssi = -78
    air = field(near, far)
    assert air.heard() == [(near, -50), (far, -78)]
    air.power = 20
    assert air.heard() == [(near, -56)]
    with pytest.raises(Unreached) as away:
        air.one(lambda tag: tag is far)
    assert not away.value.there
    hot = field(near, far)
    hot.faults.set("hot", "reader-A")
    assert hot.heard() == [(near, -58)]


@pytest.mark.parametrize(("fault", "most"), [("edge_of_field", 8), ("shadowed", 0), ("collision", 8)])
def test_tags_are_missed_when_something_is_amiss(fault: str, most: int) -> None:
    air = field(*(national_tag(str(n)) for n in range(10)), **{fault: 1.0})
    counts = [len(air.heard()) for _ in range(20)]
    assert min(counts) <= most
    assert max(counts) < 10


def test_a_tag_at_the_edge_answers_now_and_then() -> None:
    tag = national_tag("1")
    tag.chance = 0.5
    air = field(tag)

    missed = 0
    for _ in range(200):
        try:
            assert air.one(lambda _: True) is tag
        except Unreached as unreached:
            missed += unreached.there
    assert 60 < missed < 140


@given(st.integers(0, 5), st.integers(0, 40), st.integers(0, 40), st.binary(min_size=4, max_size=4))
def test_nothing_that_is_asked_of_a_tag_upsets_it(bank: int, first: int, count: int, password: bytes) -> None:
    tag = national_tag("1")
    for write in (False, True):
        try:
            if write:
                tag.write(bank, first, WORD, password)
            else:
                assert len(tag.read(bank, first, count, password)) == 2 * count
        except (Gen2Refused, WrongPassword):
            pass
