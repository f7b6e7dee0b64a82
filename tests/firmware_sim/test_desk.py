"""The emulated desk: what lies on its pad is what the reader reaches, and a hand can be quicker than a write."""

from pathlib import Path

from firmware_sim import crc
from firmware_sim.chips.hf import FeigReader
from firmware_sim.desk import DEVICE, Desk
from firmware_sim.faults import Faults
from firmware_sim.transponders import Transponder, blank_tag
from tests.wire.golden import frame


def test_what_is_put_lies_there_until_it_is_lifted(tmp_path: Path) -> None:
    desk, one, two, three = Desk(tmp_path), blank_tag("1"), blank_tag("2"), blank_tag("3")
    desk.put(one, two)
    desk.put(three)
    desk.lift(two)
    assert desk.tags() == [one, three]
    desk.lift()
    assert desk.tags() == []


def test_its_reader_is_there_while_it_is_plugged_in(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.port == tmp_path / DEVICE
    for _ in range(2):
        desk.start()
        assert desk.port.exists()
        desk.stop()
        assert not desk.port.exists()


def test_a_tag_lifted_after_a_block_keeps_that_block_and_gets_no_other() -> None:
    tag = Transponder("E00700000147677E")
    there = [tag]
    chip = FeigReader(lambda: there, Faults(), on_block=lambda _: there.clear())
    (done,) = chip.feed(frame("feig-obid-001").raw, 0.0)
    assert done.answer[3] == 0x01
    assert crc.obid(done.answer[:-2]) == done.answer[-2:]
    assert bytes(tag.memory[:12]) == bytes.fromhex("01020304") + bytes(8)
