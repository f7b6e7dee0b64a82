"""Each checksum by the check value its standard prints."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.frames import checksums
from edge.frames.checksums import Crc16


@pytest.mark.parametrize(
    ("crc", "check"),
    [
        (checksums.FEIG, 0x6F91),
        (checksums.CRC_A, 0xBF05),
        (checksums.GEN2, 0xD64E),
        (checksums.ISO28560, 0x29B1),
        (checksums.GM65, 0x31C3),
    ],
)
def test_the_nine_digits_give_the_known_check_value(crc: Crc16, check: int) -> None:
    assert crc(b"123456789") == check


def test_the_danish_models_check_value() -> None:
    assert checksums.ISO28560(b"RFID tag data model") == 0x1AEE


def bit_by_bit(crc: Crc16, data: bytes) -> int:
    """The definition, one bit at a time."""
    value = crc.start
    for byte in data:
        for bit in range(8):
            if crc.reflected:
                low = (value ^ byte >> bit) & 1
                value = value >> 1 ^ (crc.polynomial if low else 0)
            else:
                high = (value >> 15 ^ byte >> 7 - bit) & 1
                value = (value << 1 & 0xFFFF) ^ (crc.polynomial if high else 0)
    return value ^ crc.final


@given(st.binary(max_size=64), st.integers(1, 0xFFFF), st.integers(0, 0xFFFF), st.booleans(), st.integers(0, 0xFFFF))
def test_the_table_agrees_with_the_definition(data: bytes, poly: int, start: int, reflected: bool, final: int) -> None:
    crc = Crc16(poly, start, reflected, final)
    assert crc(data) == bit_by_bit(crc, data)


@given(st.binary(min_size=1, max_size=64), st.data())
def test_one_flipped_bit_is_always_seen(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) * 8 - 1))
    wrong = bytearray(data)
    wrong[at // 8] ^= 1 << at % 8
    assert checksums.FEIG(wrong) != checksums.FEIG(data)
