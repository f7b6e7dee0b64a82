"""Tags and cards keep to their standards; the manuals' bytes referee."""

import pytest

from firmware_sim import crc
from firmware_sim.transponders import (
    FUJITSU,
    KINDS,
    MY_D,
    REQA,
    SLI_L,
    WUPA,
    Card,
    CardState,
    TagRefused,
    Transponder,
    blank_tag,
    from_bits,
    item_block,
    item_tag,
    phone,
    to_bits,
)
from tests.wire.golden import frame, frames

CHECK_TEXT = b"123456789"


def said(card: Card, hexed: str) -> str | None:
    """What the card answers to whole bytes."""
    answer = card.receive(to_bits(bytes.fromhex(hexed)))
    return None if answer is None else from_bits(answer).hex().upper()


def request(card: Card, code: int) -> bytes | None:
    answer = card.receive(to_bits(bytes((code,)))[:7])
    return None if answer is None else from_bits(answer)


def test_the_checks_give_their_published_values() -> None:
    assert crc.obid(CHECK_TEXT) == bytes.fromhex("916F")
    assert crc.card(CHECK_TEXT) == bytes.fromhex("05BF")
    assert crc.item(CHECK_TEXT) == 0x29B1
    assert crc.item(b"RFID tag data model") == 0x1AEE


@pytest.mark.parametrize(
    ("name", "item", "owner", "usage"),
    [
        ("iso28560-3-001", "11223344", "DE-705", 1),
        ("iso28560-3-002", "2935000003649", "RU-293", 8),
        ("iso28560-3-003", "30000000012345", "CN-110105001", 1),
    ],
)
def test_an_item_block_is_the_standards_byte_for_byte(name: str, item: str, owner: str, usage: int) -> None:
    assert item_block(item, owner, 32, usage=usage) == frame(name).raw


def test_a_part_of_a_set_says_which() -> None:
    assert item_block("30000000012346", "CN-110105001", 32, parts=2, part=1) == frame("iso28560-3-004").raw


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_make_of_tag_holds_an_item(kind) -> None:
    tag = item_tag("30000000012345", "CN-110105001", kind=kind)
    start = kind.first * kind.block_size
    assert tag.uid.startswith(kind.prefix)
    assert bytes(tag.memory[start : start + 32]) == frame("iso28560-3-003").raw


@pytest.mark.parametrize(("item", "owner"), [("x" * 17, "CN-1"), ("1", "CN-123456789012"), ("1", "OCLC-1")])
def test_what_does_not_fit_a_tag_is_refused(item: str, owner: str) -> None:
    with pytest.raises(ValueError):
        item_block(item, owner)


def test_a_small_tag_has_room_for_nine_characters_of_owner() -> None:
    assert len(item_tag("1", "CN-123456789", kind=SLI_L).memory) == 32
    with pytest.raises(ValueError):
        item_tag("1", "CN-1234567890", kind=SLI_L)


def test_a_tag_refuses_with_the_standards_codes() -> None:
    tag = item_tag("1", "CN-1", kind=FUJITSU)
    tag.locked.add(4)
    for do, code in [
        (lambda: tag.read(249, 2), 0x10),
        (lambda: tag.read(0, 3), 0x0F),
        (lambda: tag.write(4, bytes(8)), 0x12),
        (lambda: tag.lock(4), 0x11),
        (lambda: blank_tag("x", MY_D).write(2, bytes(8)), 0x10),
        (lambda: Transponder("E004010000000001", afi=None).set_afi(7), 0x01),
        (lambda: Transponder("E004010000000001", afi_locked=True).set_afi(7), 0x12),
    ]:
        with pytest.raises(TagRefused) as refused:
            do()
        assert refused.value.code == code


def test_a_card_goes_through_the_published_frames() -> None:
    card = Card("DEADBEEF")
    assert request(card, REQA) == frame("iso14443a-air-003").raw
    assert said(card, "9320") == "DEADBEEF22"
    assert said(card, "9370DEADBEEF22B99C") == "08B6DD"
    assert card.state is CardState.ACTIVE
    assert said(card, "500057CD") is None
    assert card.state is CardState.HALT


def test_a_seven_byte_card_is_selected_in_two_levels() -> None:
    card = Card("04A1B2C3D4E5F6", sak=0x00)
    assert request(card, REQA) == b"\x44\x00"
    assert said(card, "9320") == "8804A1B29F"
    assert said(card, "93708804A1B29FAE4B") == "04DA17"
    assert said(card, "9520") == "C3D4E5F604"
    assert said(card, "9570C3D4E5F6049E03") == "00FE51"


def test_a_ten_byte_card_has_three_levels() -> None:
    assert [part[0] for part in Card("0102030405060708090A").parts()] == [0x88, 0x88, 0x07]


def test_a_halted_card_hears_wupa_only_and_falls_back_to_halt() -> None:
    card = Card("DEADBEEF")
    request(card, REQA)
    for hexed in ("9320", "9370DEADBEEF22B99C", "500057CD"):
        said(card, hexed)
    assert request(card, REQA) is None
    assert request(card, WUPA) == b"\x04\x00"
    assert said(card, "3008") is None
    assert card.state is CardState.HALT
    card.wake()
    assert request(card, REQA) == b"\x04\x00"


def test_a_card_lying_still_answers_every_second_request() -> None:
    card = Card("DEADBEEF")
    answers = [request(card, REQA) is not None for _ in range(4)]
    assert answers == [True, False, True, False]


def test_part_of_a_uid_is_enough_to_be_asked_for_the_rest() -> None:
    card = Card("DEADBEEF")
    request(card, REQA)
    asked = to_bits(bytes.fromhex("9324")) + to_bits(b"\xde")[:4]
    answer = card.receive(asked)
    assert answer == to_bits(bytes.fromhex("DEADBEEF22"))[4:]
    assert card.receive([*to_bits(bytes.fromhex("9324")), 0, 0, 0, 0]) is None


def test_a_phone_has_another_uid_in_each_field() -> None:
    digits = iter(("000001", "000002", "000003"))
    card = phone(lambda: next(digits))
    card.wake()
    first = card.uid
    card.wake()
    assert (first, card.uid, card.sak) == ("08000002", "08000003", 0x20)


def test_golden_air_frames_carry_the_check_of_the_standard() -> None:
    checked = [g for g in frames("iso14443a-air") if "CRC_A" in g.meaning]
    assert len(checked) >= 9
    assert all(crc.card(g.raw[:-2]) == g.raw[-2:] for g in checked)
