"""The emulated chip against the log of the real package, register by register."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim import crc
from firmware_sim.chips.mfrc522 import (
    BIT_FRAMING,
    COLL,
    COM_IRQ,
    COMMAND,
    CONTROL,
    CRC_HIGH,
    CRC_LOW,
    ERROR,
    FIFO_DATA,
    FIFO_LEVEL,
    STATUS2,
    TX_CONTROL,
    VERSION,
    Mfrc522,
)
from firmware_sim.faults import Faults
from firmware_sim.transponders import Card
from firmware_sim.wires import FrameLog
from tests.wire.golden import Golden, frames

SPI = frames("mfrc522-spi")


class Bench:
    """A chip whose time is the test's, with the package's own few operations on top."""

    def __init__(self, *cards: Card) -> None:
        self.now = 0.0
        self.cards = list(cards)
        self.faults = Faults()
        self.log = FrameLog()
        self.slept: list[float] = []
        self.chip = Mfrc522(lambda: self.cards, self.faults, self.log, now=lambda: self.now, sleep=self.slept.append)
        for golden in group("init"):
            self.chip.transfer(golden.raw)

    def get(self, register: int) -> int:
        return self.chip.transfer(bytes((register << 1 | 0x80, 0)))[1]

    def put(self, register: int, *values: int) -> None:
        self.chip.transfer(bytes((register << 1, *values)))

    def exchange(self, sent: bytes, framing: int = 0) -> bytes:
        """Sends and gives what is in the FIFO afterwards."""
        self.put(BIT_FRAMING, framing)
        self.put(COM_IRQ, 0x7F)
        self.put(FIFO_LEVEL, 0x80)
        self.put(COMMAND, 0x00)
        self.put(FIFO_DATA, *sent)
        self.put(COMMAND, 0x0C)
        self.put(BIT_FRAMING, framing | 0x80)
        return bytes(self.get(FIFO_DATA) for _ in range(self.get(FIFO_LEVEL)))

    def request(self) -> bytes:
        return self.exchange(b"\x26", 7)


def group(name: str) -> list[Golden]:
    return sorted((g for g in SPI if g.more.get("group") == name), key=lambda g: g.more["seq"])


@pytest.fixture
def bench() -> Bench:
    return Bench(Card("DEADBEEF"))


def test_the_log_of_a_card_being_read_is_the_packages_byte_for_byte(bench: Bench) -> None:
    fresh = Mfrc522(lambda: bench.cards, Faults(), FrameLog())
    log = [*group("init"), *group("read_id_card_DEADBEEF")]
    assert len(log) == 52
    for golden in log:
        reply = fresh.transfer(golden.raw)
        if golden.raw[0] & 0x80:
            assert reply == bytes.fromhex(golden.more["reply"]), golden.meaning


def test_bursts_of_writes_and_reads(bench: Bench) -> None:
    bench.put(FIFO_DATA, 1, 2, 3)
    read = FIFO_DATA << 1 | 0x80
    assert bench.chip.transfer(bytes((read, read, FIFO_LEVEL << 1 | 0x80, 0))) == b"\x00\x01\x02\x01"


def test_an_empty_field_ends_with_the_timer_after_fifteen_milliseconds() -> None:
    bench = Bench()
    assert bench.request() == b""
    bench.now = 0.014
    assert bench.get(COM_IRQ) == 0x40
    bench.now = 0.016
    assert bench.get(COM_IRQ) == 0x41
    bench.put(COM_IRQ, 0x01)
    assert bench.get(COM_IRQ) == 0x40


def test_an_answer_stops_the_timer(bench: Bench) -> None:
    bench.request()
    bench.now = 1.0
    assert bench.get(COM_IRQ) == 0x60


def test_without_automatic_start_the_timer_says_nothing() -> None:
    bench = Bench()
    bench.put(0x2A, 0x0D)
    bench.request()
    bench.now = 1.0
    assert bench.get(COM_IRQ) == 0x40
    bench.put(CONTROL, 0x40)
    bench.now = 2.0
    assert bench.get(COM_IRQ) == 0x41


def test_the_field_must_be_on(bench: Bench) -> None:
    bench.put(TX_CONTROL, 0x80)
    assert bench.request() == b""
    bench.put(TX_CONTROL, 0x83)
    assert bench.request() == b"\x04\x00"


def test_the_coprocessor_gives_the_check_at_once(bench: Bench) -> None:
    bench.put(FIFO_LEVEL, 0x80)
    bench.put(FIFO_DATA, *b"\x50\x00")
    bench.put(COMMAND, 0x03)
    assert (bench.get(CRC_LOW), bench.get(CRC_HIGH), bench.get(FIFO_LEVEL)) == (0x57, 0xCD, 0)
    assert bench.get(0x05) & 0x04


def test_seven_byte_uids_are_read_level_by_level() -> None:
    bench = Bench(Card("04A1B2C3D4E5F6", sak=0x00))
    assert bench.request() == b"\x44\x00"
    assert bench.exchange(bytes.fromhex("9320")).hex() == "8804a1b29f"
    assert bench.exchange(bytes.fromhex("93708804A1B29FAE4B")).hex() == "04da17"
    assert bench.exchange(bytes.fromhex("9520")).hex() == "c3d4e5f604"
    assert bench.exchange(bytes.fromhex("9570C3D4E5F6049E03")).hex() == "00fe51"


def test_the_chip_can_add_and_take_away_the_check_itself(bench: Bench) -> None:
    bench.request()
    bench.exchange(bytes.fromhex("9320"))
    bench.put(0x12, 0x80)
    bench.put(0x13, 0x80)
    assert bench.exchange(bytes.fromhex("9370DEADBEEF22")) == b"\x08"


def test_two_cards_collide_where_their_uids_first_differ() -> None:
    bench = Bench(Card("DEADBEEF"), Card("DEADBE6F"))
    assert bench.request() == b"\x04\x00"
    assert bench.get(ERROR) == 0
    bench.exchange(bytes.fromhex("9320"))
    assert bench.get(ERROR) == 0x08
    assert bench.get(COM_IRQ) & 0x22 == 0x22
    assert bench.get(COLL) & 0x3F == 0


def test_after_a_collision_one_card_can_be_chosen_by_its_bits() -> None:
    bench = Bench(Card("DEADBEEF"), Card("DFADBEEF"))
    bench.request()
    bench.put(COLL, 0x00)
    bench.exchange(bytes.fromhex("9320"))
    assert bench.get(COLL) & 0x3F == 1
    rest = bench.exchange(bytes.fromhex("932101"), 0x11)
    assert bytes((rest[0] | 1, *rest[1:])).hex() == "dfadbeef23"
    assert bench.get(ERROR) == 0


def test_cards_of_two_makes_collide_already_at_the_request() -> None:
    bench = Bench(Card("DEADBEEF"), Card("04A1B2C3D4E5F6"))
    bench.request()
    assert bench.get(ERROR) == 0x08


def test_an_authenticated_card_gives_its_blocks() -> None:
    bench = Bench(Card("DEADBEEF", blocks={8: b"0123456789abcdef"}))
    bench.request()
    bench.exchange(bytes.fromhex("9320"))
    bench.exchange(bytes.fromhex("9370DEADBEEF22B99C"))
    bench.put(FIFO_DATA, 0x60, 11, *b"\xff" * 6, *bytes.fromhex("DEADBEEF"))
    bench.put(COMMAND, 0x0E)
    assert bench.get(STATUS2) & 0x08
    assert bench.get(COM_IRQ) & 0x10
    assert bench.exchange(bytes.fromhex("30084A24")) == b"0123456789abcdef" + crc.card(b"0123456789abcdef")
    assert bench.exchange(bytes.fromhex("A008173D")) == b"\x0a"
    assert bench.get(CONTROL) & 7 == 4
    assert bench.exchange(bytes(16) + crc.card(bytes(16))) == b"\x0a"
    assert bench.cards[0].blocks[8] == bytes(16)


def test_a_wrong_key_is_met_with_silence() -> None:
    bench = Bench(Card("DEADBEEF", key=bytes(6)))
    bench.request()
    bench.exchange(bytes.fromhex("9320"))
    bench.exchange(bytes.fromhex("9370DEADBEEF22B99C"))
    bench.put(FIFO_DATA, 0x60, 11, *b"\xff" * 6, *bytes.fromhex("DEADBEEF"))
    bench.put(COMMAND, 0x0E)
    assert (bench.get(STATUS2) & 0x08, bench.get(COM_IRQ) & 0x10) == (0, 0)


def test_software_can_only_clear_the_crypto_bit(bench: Bench) -> None:
    bench.put(STATUS2, 0x08)
    assert bench.get(STATUS2) & 0x08 == 0


def test_the_fifo_holds_sixty_four_bytes(bench: Bench) -> None:
    bench.put(FIFO_DATA, *range(65))
    assert (bench.get(FIFO_LEVEL), bench.get(ERROR)) == (64, 0x10)
    bench.put(FIFO_LEVEL, 0x80)
    assert (bench.get(FIFO_LEVEL), bench.get(ERROR)) == (0, 0)


def test_only_frames_that_somebody_answered_are_logged(bench: Bench) -> None:
    bench.request()
    bench.cards.clear()
    bench.request()
    assert [(frame.outward, frame.hex) for frame in bench.log.since()] == [(False, "26"), (True, "04 00")]


# --- what goes wrong ---


@pytest.mark.parametrize(("fault", "read"), [("silent", 0x00), ("unplugged", 0xFF)])
def test_a_chip_that_is_not_there_reads_all_zeros_or_ones(bench: Bench, fault: str, read: int) -> None:
    bench.faults.set(fault, "card")
    assert bench.get(VERSION) == read
    bench.faults.clear()
    assert bench.get(VERSION) == 0x92


def test_plugged_in_again_it_has_forgotten_its_settings(bench: Bench) -> None:
    bench.faults.set("unplugged", "card")
    bench.get(VERSION)
    bench.faults.clear()
    assert bench.get(TX_CONTROL) == 0x80


def test_a_dip_of_the_supply_takes_the_field_away(bench: Bench) -> None:
    bench.faults.set("brown-out", "card", count=1)
    assert bench.get(TX_CONTROL) == 0x80
    assert bench.request() == b""


def test_its_reset_pin_switches_it_off(bench: Bench) -> None:
    bench.chip.hold(0)
    assert bench.get(VERSION) == 0
    bench.chip.hold(None)
    assert (bench.get(VERSION), bench.get(TX_CONTROL)) == (0x92, 0x80)


def test_a_weak_card_gives_errors(bench: Bench) -> None:
    bench.faults.set("weak", "card")
    bench.request()
    assert bench.get(ERROR) == 0x06


def test_damaged_answers(bench: Bench) -> None:
    bench.request()
    bench.faults.set("bcc", "card", count=1)
    assert bench.exchange(bytes.fromhex("9320")).hex() == "deadbeefdd"
    bench.faults.set("flip", "card", count=1)
    flipped = bench.exchange(bytes.fromhex("9320"))
    assert (int.from_bytes(flipped) ^ 0xDEADBEEF22).bit_count() == 1
    bench.faults.set("cut", "card", count=1)
    assert bench.exchange(bytes.fromhex("9320")).hex() == "dead0e"
    assert bench.get(ERROR) == 0x01


def test_a_broken_bus_is_an_error_and_a_slow_one_is_slow(bench: Bench) -> None:
    bench.faults.set("late", "card", count=3)
    bench.request()
    assert len(bench.slept) == 3
    bench.faults.set("bus-error", "card", count=1)
    with pytest.raises(OSError):
        bench.get(VERSION)


def test_a_card_at_the_edge_of_the_field_answers_now_and_then() -> None:
    bench = Bench(Card("DEADBEEF", chance=0.5))
    answers = [bool(bench.request()) for _ in range(200)]
    assert 20 < sum(answers) < 120


@given(st.lists(st.binary(min_size=1, max_size=70), max_size=20))
def test_no_transfers_whatever_upset_it(transfers: list[bytes]) -> None:
    bench = Bench(Card("DEADBEEF"), Card("04A1B2C3D4E5F6"))
    for data in transfers:
        assert len(bench.chip.transfer(data)) == len(data)
    bench.put(COMMAND, 0x0F)
    assert bench.get(VERSION) == 0x92
