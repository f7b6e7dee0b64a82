"""`microlib-edge tags` from the list to the report, at an emulated desk where the test's hands lay tags down."""

import csv
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge import cli
from edge.tagging import command, pad
from firmware_sim.desk import DEVICE, Desk
from firmware_sim.transponders import (
    DSFID_ITEM_BLOCK,
    IN_STOCK,
    KINDS,
    ON_LOAN,
    Transponder,
    blank_tag,
    item_block,
    item_tag,
)
from tests import rig

OWNER = "CN-110105001"
ITEMS = [f"3000000000000{n}" for n in range(1, 6)]
Hands = Callable[[str], None]


@dataclass
class Bench:
    """A desk, a list in a folder, and hands that answer what the program says."""

    desk: Desk
    folder: Path
    said: list[str] = field(default_factory=list)
    hands: Hands = lambda said: None

    def listed(self, items: list[str] = ITEMS) -> Path:
        path = self.folder / "items.csv"
        path.write_text("item\n" + "".join(f"{item}\n" for item in items))
        return path

    def run(self, *more: str, items: list[str] = ITEMS) -> int:
        """The command in this process; its code."""
        return cli.main(["tags", "--list", str(self.listed(items)), *self.words(*more)])

    def words(self, *more: str) -> list[str]:
        return ["--port", str(self.desk.port), "--option", "answer_s=0.4", "--owner", OWNER, *more]

    @property
    def report(self) -> dict[str, str]:
        with (self.folder / "items-written.csv").open(newline="") as file:
            return {row["item"]: row["tag"] for row in csv.DictReader(file)}

    def told(self, part: str) -> list[str]:
        return [said for said in self.said if part in said]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(Desk(tmp_path, speed=rig.FAST), tmp_path)

    def say(sentence: str) -> None:
        made.said.append(sentence)
        made.hands(sentence)

    monkeypatch.setattr(command, "_say", say)
    monkeypatch.setattr(pad, "LOOK_S", 0.01)
    monkeypatch.setattr(pad, "AGAIN_S", 0.01)
    made.desk.start()
    patience = threading.Timer(30, stop)
    patience.start()
    yield made
    patience.cancel()
    made.desk.stop()


def stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def asked_for(said: str) -> str | None:
    """The item that a sentence asks for."""
    return said.split("tag of item ")[1].split()[0] if "put the tag of" in said else None


def holds(tag: Transponder, item: str, owner: str = OWNER) -> bool:
    """Whether the tag's own memory says so, by an encoder that isn't the program's."""
    start = tag.kind.first * tag.kind.block_size
    space = len(tag.memory) - start
    block = item_block(item, owner, 34 if space >= 34 else 32)
    return bytes(tag.memory[start : start + len(block)]) == block


def diligent(bench: Bench, tags: dict[str, Transponder]) -> Hands:
    """Hands that put the right tag down when it is asked for, and lift it when it is written."""

    def act(said: str) -> None:
        if item := asked_for(said):
            bench.desk.put(tags[item])
        elif "lift it" in said.lower():
            bench.desk.lift()

    return act


def test_five_blank_tags_of_five_makes_are_written_and_reported(bench: Bench) -> None:
    tags = {item: blank_tag(item, kind) for item, kind in zip(ITEMS, KINDS, strict=False)}
    bench.hands = diligent(bench, tags)
    assert bench.run() == 0
    for item, tag in tags.items():
        assert holds(tag, item)
        assert (tag.afi, tag.dsfid) == (IN_STOCK, DSFID_ITEM_BLOCK)
    assert bench.report == {item: tag.uid for item, tag in tags.items()}
    assert bench.said[-1].startswith("5 written, 0 left; report: ")
    assert len(bench.told("put the tag of")) == 5


@pytest.mark.parametrize("fault", ["bytewise", "late", "cut", "silent"])
def test_on_a_bad_line_the_batch_is_written_all_the_same(bench: Bench, fault: str) -> None:
    tags = {item: blank_tag(item) for item in ITEMS[:2]}
    bench.hands = diligent(bench, tags)
    bench.desk.faults.set(fault, DEVICE, 0.25, count=3)
    assert bench.run(items=ITEMS[:2]) == 0
    assert all(holds(tag, item) for item, tag in tags.items())


def test_the_other_form_and_afi_are_written_when_told(bench: Bench) -> None:
    one, two = blank_tag("1"), blank_tag("2")
    two.afi = 0x55
    bench.hands = diligent(bench, dict(zip(ITEMS, (one, two), strict=False)))
    assert bench.run("--form", "28560-2", "--afi", "c2", items=ITEMS[:1]) == 0
    assert bytes(one.memory[:8]) == bytes.fromhex("1106") + int(ITEMS[0]).to_bytes(6, "big")
    assert (one.dsfid, one.afi) == (0x06, ON_LOAN)
    assert bench.run("--afi", "none", items=ITEMS[:2]) == 0
    assert (two.dsfid, two.afi) == (DSFID_ITEM_BLOCK, 0x55)


def test_several_tags_are_refused_until_one_is_left(bench: Bench) -> None:
    tag, other = blank_tag("1"), blank_tag("2")

    def act(said: str) -> None:
        if asked_for(said):
            bench.desk.put(tag, other)
        elif "several tags" in said:
            assert not any(tag.memory)
            bench.desk.lift(other)

    bench.hands = act
    assert bench.run(items=ITEMS[:1]) == 0
    assert len(bench.told("several tags")) == 1
    assert holds(tag, ITEMS[0])
    assert not any(other.memory)


def test_a_tag_of_another_item_is_refused_and_left_as_it_is(bench: Bench) -> None:
    foreign, blank = item_tag("30000000099999", "DE-705", afi=ON_LOAN), blank_tag("1")

    def act(said: str) -> None:
        if asked_for(said):
            bench.desk.put(foreign)
        elif "refused" in said:
            bench.desk.lift()
            bench.desk.put(blank)

    bench.hands = act
    assert bench.run(items=ITEMS[:1]) == 0
    assert "it says item 30000000099999 of DE-705" in bench.told("refused")[0]
    assert holds(foreign, "30000000099999", "DE-705")
    assert foreign.afi == ON_LOAN
    assert bench.report == {ITEMS[0]: blank.uid}


def test_a_tag_of_another_item_is_written_over_when_told(bench: Bench) -> None:
    foreign = item_tag("30000000099999", "DE-705", afi=ON_LOAN)
    bench.hands = diligent(bench, {ITEMS[0]: foreign})
    assert bench.run("--overwrite", items=ITEMS[:1]) == 0
    assert holds(foreign, ITEMS[0])
    assert foreign.afi == IN_STOCK


def test_a_tag_that_was_written_a_moment_ago_is_not_written_for_the_next_item(bench: Bench) -> None:
    first, second = blank_tag("1"), blank_tag("2")

    def act(said: str) -> None:
        if asked_for(said) == ITEMS[0]:
            bench.desk.put(first)
        elif asked_for(said) == ITEMS[1]:
            threading.Timer(0.1, lambda: (bench.desk.lift(), bench.desk.put(second))).start()
        elif f"{ITEMS[1]} is written" in said:
            bench.desk.lift()
            bench.desk.put(first)
        elif "refused" in said:
            assert f"the tag of item {ITEMS[0]} already" in said
            stop()

    bench.hands = act
    assert bench.run(items=ITEMS[:3]) == 1
    assert holds(first, ITEMS[0])
    assert holds(second, ITEMS[1])
    assert len(bench.told("refused")) == 1


def test_a_tag_lifted_in_mid_write_is_asked_for_again_and_written(bench: Bench) -> None:
    tag = blank_tag("1")

    def act(said: str) -> None:
        if asked_for(said):
            bench.desk.put(tag)
            bench.desk.lift_after(5)
        elif "NOT written" in said:
            assert tag.memory[0] > 0
            assert not holds(tag, ITEMS[0])
            bench.desk.put(tag)

    bench.hands = act
    assert bench.run(items=ITEMS[:1]) == 0
    assert holds(tag, ITEMS[0])
    assert len(bench.told("NOT written")) == 1


def test_a_half_written_tag_is_known_again_by_the_next_run(bench: Bench) -> None:
    tag = blank_tag("1", fill=0xFF)

    def act(said: str) -> None:
        if asked_for(said):
            bench.desk.put(tag)
            bench.desk.lift_after(5)
        elif "NOT written" in said:
            stop()

    bench.hands = act
    assert bench.run(items=ITEMS[:1]) == 1
    bench.hands = diligent(bench, {ITEMS[0]: tag})
    assert bench.run(items=ITEMS[:1]) == 0
    assert holds(tag, ITEMS[0])


def test_a_tag_that_cant_be_written_is_tried_thrice_and_told_once_and_another_is_taken(bench: Bench) -> None:
    tried = []

    class Counted(Transponder):
        def write(self, block: int, data: bytes) -> None:
            tried.append(block)
            super().write(block, data)

    locked, good = Counted("E004010012345678"), blank_tag("2")
    locked.locked.add(2)

    def act(said: str) -> None:
        if asked_for(said):
            bench.desk.put(locked)
        elif "NOT written" in said:
            threading.Timer(0.2, lambda: (bench.desk.lift(), bench.desk.put(good))).start()

    bench.hands = act
    assert bench.run(items=ITEMS[:1]) == 0
    (told,) = bench.told("NOT written")
    assert "block 2 can't be written: the tag says locked (12)" in told
    assert bench.report == {ITEMS[0]: good.uid}
    assert tried == [0, 1, 2] * pad.WRITES


def test_what_isnt_read_back_as_written_doesnt_count(bench: Bench) -> None:
    class Forgetful(Transponder):
        def write(self, block: int, data: bytes) -> None:
            super().write(block, bytes(4) if block == 4 and not bench.told("NOT written") else data)

    tag = Forgetful("E004010012345678")
    bench.hands = diligent(bench, {ITEMS[0]: tag})

    def act(said: str) -> None:
        if asked_for(said):
            bench.desk.put(tag)
        elif "NOT written" in said:
            assert bench.report == {}
            bench.desk.lift()
            threading.Timer(0.1, lambda: bench.desk.put(tag)).start()

    bench.hands = act
    assert bench.run(items=ITEMS[:1]) == 0
    assert "its memory is not what was written" in bench.told("NOT written")[0]
    assert holds(tag, ITEMS[0])


def test_an_interrupted_batch_goes_on_where_it_ended(bench: Bench) -> None:
    tags = {item: blank_tag(item) for item in ITEMS}
    usual = diligent(bench, tags)

    def tired(said: str) -> None:
        usual(said)
        if f"{ITEMS[1]} is written" in said:
            stop()

    bench.hands = tired
    assert bench.run() == 1
    assert bench.said[-1].startswith("Stopped: 2 written, 3 left")
    assert list(bench.report) == ITEMS[:2]
    bench.said.clear()
    bench.hands = usual
    assert bench.run() == 0
    assert bench.told("passed over: 2 items that are in the report")
    assert len(bench.told("put the tag of")) == 3
    assert bench.report == {item: tag.uid for item, tag in tags.items()}
    bench.said.clear()
    assert bench.run() == 0
    assert bench.said[-1].startswith("0 written, 0 left")


def test_items_that_have_a_tag_by_the_list_are_passed_over_and_their_tags_refused(bench: Bench) -> None:
    tagged, new = blank_tag("1"), blank_tag("2")
    path = bench.folder / "items.csv"
    path.write_text(f"item,title_id,tag\n{ITEMS[0]},t1,{tagged.uid}\n{ITEMS[1]},t1,\n")

    def act(said: str) -> None:
        if asked_for(said):
            bench.desk.put(tagged)
        elif "refused" in said:
            bench.desk.lift()
            bench.desk.put(new)

    bench.hands = act
    assert cli.main(["tags", "--list", str(path), *bench.words()]) == 0
    assert bench.told("passed over: 1 items that have a tag")
    assert bench.report == {ITEMS[1]: new.uid}
    assert not any(tagged.memory)


def test_a_reader_unplugged_for_a_moment_is_opened_again(bench: Bench) -> None:
    tag = blank_tag("1")

    def act(said: str) -> None:
        if asked_for(said):
            bench.desk.stop()
        elif "trying again" in said and not bench.desk.tags():
            bench.desk.start()
            bench.desk.put(tag)

    bench.hands = act
    assert bench.run(items=ITEMS[:1]) == 0
    assert holds(tag, ITEMS[0])


def test_a_reader_that_stays_away_ends_it_and_what_was_written_is_kept(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = diligent(bench, {ITEMS[0]: blank_tag("1")})
    bench.hands = lambda said: bench.desk.stop() if asked_for(said) == ITEMS[1] else usual(said)
    assert bench.run() == 1
    assert list(bench.report) == ITEMS[:1]
    assert bench.said[-1].startswith("1 written, 4 left")
    assert "is gone" in capsys.readouterr().err or bench.told("gone")


def test_a_list_with_bad_rows_is_refused_whole(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    tag = blank_tag("1")
    bench.desk.put(tag)
    assert bench.run(items=[ITEMS[0], "1" * 17, ITEMS[0]]) == 1
    told = capsys.readouterr().err
    assert "line 3: " in told
    assert f"line 4: item {ITEMS[0]} is in line 2 already" in told
    assert not any(tag.memory)
    assert not (bench.folder / "items-written.csv").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--driver", "mfrc522"], "doesn't write tags; feig-obid do"),
        (["--driver", "none"], "there is no driver 'none'"),
        (["--owner", "nobody"], "owner 'nobody' must look like"),
        (["--afi", "7"], "'7' is not two hexadecimal digits"),
        (["--form", "28560-1"], "invalid"),
        (["--option", "baud"], "is not KEY=VALUE"),
    ],
)
def test_wrong_words_are_told_and_end_with_two(
    bench: Bench, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        bench.run(*words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_process_that_is_stopped_says_how_far_it_came(tmp_path: Path, number: int) -> None:
    made = Bench(Desk(tmp_path, speed=rig.FAST), tmp_path)
    made.desk.start()
    made.desk.put(blank_tag("1"))
    words = [sys.executable, "-m", "edge", "tags", "--list", str(made.listed()), *made.words()]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "2 of 5" in line:
                process.send_signal(number)
                break
        out, err = process.communicate(timeout=30)
    made.desk.stop()
    assert process.returncode == 1, err
    assert "Stopped: 1 written, 4 left" in out
    assert "Traceback" not in err
    assert list(made.report) == ITEMS[:1]
