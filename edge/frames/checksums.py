"""The 16-bit checksums that devices and tags use, each by its parameters.

One table-driven routine serves them all. What a device covers and in which order it sends the two bytes is the
business of its frames.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Crc16:
    """A CRC of 16 bits; call it with bytes to get the checksum, 0..FFFF.

    A reflected one takes each byte's lowest bit first, and its `polynomial` is written mirrored (8408 for 1021).
    """

    polynomial: int
    start: int
    reflected: bool = False
    final: int = 0
    """Applied to the result by exclusive or."""
    _table: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_table", tuple(self._entry(value) for value in range(256)))

    def _entry(self, value: int) -> int:
        crc = value if self.reflected else value << 8
        for _ in range(8):
            if self.reflected:
                crc = crc >> 1 ^ self.polynomial if crc & 1 else crc >> 1
            else:
                crc = (crc << 1 ^ self.polynomial if crc & 0x8000 else crc << 1) & 0xFFFF
        return crc

    def __call__(self, data: Iterable[int]) -> int:
        crc = self.start
        for byte in data:
            if self.reflected:
                crc = crc >> 8 ^ self._table[(crc ^ byte) & 0xFF]
            else:
                crc = (crc << 8 & 0xFFFF) ^ self._table[crc >> 8 ^ byte]
        return crc ^ self.final


FEIG = Crc16(0x8408, 0xFFFF, reflected=True)
"""FEIG OBID frames, and the UHFReader family's."""
CRC_A = Crc16(0x8408, 0x6363, reflected=True)
"""ISO/IEC 14443-3 type A, on air."""
GEN2 = Crc16(0x1021, 0xFFFF, final=0xFFFF)
"""EPC Gen2 tag memory and 3M frames."""
ISO28560 = Crc16(0x1021, 0xFFFF)
"""The block of ISO 28560-3."""
GM65 = Crc16(0x1021, 0x0000)
"""Commands of the GM65 kind of scanners."""
