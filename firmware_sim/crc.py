"""The cyclic checks of tags, cards and readers, as their standards print them."""

from collections.abc import Iterable


def _reflected(data: Iterable[int], start: int) -> int:
    value = start
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0x8408 if value & 1 else value >> 1
    return value


_OBID = tuple(_reflected((byte,), 0) for byte in range(256))


def obid(data: bytes) -> bytes:
    """The two check bytes of a FEIG OBID frame, low byte first (manual H20800, CRC 0x8408 from FFFF)."""
    value = 0xFFFF
    for byte in data:
        value = (value >> 8) ^ _OBID[(value ^ byte) & 0xFF]
    return value.to_bytes(2, "little")


def preset(data: bytes, start: int) -> bytes:
    """The reflected check 0x8408 from `start`, low byte first."""
    return _reflected(data, start).to_bytes(2, "little")


def card(data: bytes) -> bytes:
    """CRC_A of ISO 14443-3, low byte first (0x8408 from 6363)."""
    return preset(data, 0x6363)


def _forward(data: bytes, start: int) -> int:
    value = start
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = ((value << 1) ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


def item(data: bytes) -> int:
    """The check over an ISO 28560-3 item block's fields (0x1021 from FFFF, not reflected)."""
    return _forward(data, 0xFFFF)


def gen2(data: bytes) -> bytes:
    """The two check bytes of an EPC Gen2 tag over control word and EPC, high byte first (final exclusive or FFFF)."""
    return (item(data) ^ 0xFFFF).to_bytes(2)


def xmodem(data: bytes) -> bytes:
    """The check of the GM65 kind of scanners, high byte first (0x1021 from 0, not reflected)."""
    return _forward(data, 0).to_bytes(2)
