"""How a card is named without its UID."""

import pytest

from protocol.cards import card_secret, card_tag, card_uid, commitment, em_uid, site_key
from protocol.names import SiteId

SALT = bytes.fromhex("00112233445566778899aabbccddeeff")
MASTER = bytes(range(32))
HARBOUR, GARDEN = SiteId("harbour-bank"), SiteId("garden-school")


def test_a_card_has_another_name_at_every_site() -> None:
    secret = card_secret("DEADBEEF", SALT)
    here, there = card_tag(site_key(MASTER, HARBOUR), secret), card_tag(site_key(MASTER, GARDEN), secret)
    assert here != there
    assert len(here) == 32
    assert "deadbeef" not in here + there


def test_a_uid_names_the_same_card_in_either_case() -> None:
    assert card_secret("04A1B2C3D4E5F6", SALT) == card_secret("04a1b2c3d4e5f6", SALT)


def test_another_librarys_salt_gives_another_name() -> None:
    assert card_secret("DEADBEEF", SALT) != card_secret("DEADBEEF", SALT[::-1])


@pytest.mark.parametrize("uid", ["", "DEAD", "xyz", "DEADBEEF0000", "08A1B2C3"])
def test_what_is_no_lasting_uid_is_refused(uid: str) -> None:
    with pytest.raises(ValueError):
        card_secret(uid, SALT)


def test_a_125_khz_card_has_five_bytes_and_none_of_them_is_random() -> None:
    assert card_uid("080063E9AE") == bytes.fromhex("080063E9AE")


@pytest.mark.parametrize(("bits", "uid"), [(40, "010063E9AE"), (32, "000063E9AE"), (24, "000063E9AE")])
def test_a_125_khz_card_is_called_the_same_by_readers_that_tell_more_and_less(bits: int, uid: str) -> None:
    assert em_uid(0x01_0063E9AE, bits) == uid
    assert em_uid(0x0063E9AE, min(bits, 32)) == "000063E9AE"


def test_the_names_are_the_ones_cards_have_had_since_the_first_release() -> None:
    secret = card_secret("DEADBEEF", SALT)
    assert secret.hex() == "504ee5900c492d537536781b40183918"
    assert card_tag(site_key(MASTER, HARBOUR), secret) == "bbf37ff4fda28f43700e08bd38eb441b"


def test_a_commitment_depends_on_both_its_salt_and_its_card() -> None:
    tag = card_tag(site_key(MASTER, HARBOUR), card_secret("DEADBEEF", SALT))
    assert commitment(SALT, tag) == commitment(SALT, tag)
    assert commitment(SALT, tag) != commitment(SALT[::-1], tag)
    assert len(commitment(SALT, tag)) == 64
