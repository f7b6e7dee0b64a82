"""What is done with a tag on the pad: nothing is written over that says something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.devices.kinds import TagMemory
from edge.frames import tagdata
from edge.frames.tagdata import ItemContent, PatronCard, Usage
from edge.tagging.batch import DSFIDS, Batch, Form, Order, Refuse, Wanted, Write, fits, judge
from protocol.names import Isil, ItemId, TagUid

OWNER = Isil("CN-110105001")
ONE, TWO = Wanted(ItemId("30000000012345"), OWNER), Wanted(ItemId("30000000099999"), OWNER)
TAG, OTHER = TagUid("E004010012345678"), TagUid("E0040100ABCDEF01")
NEW = Batch()


def memory(data: bytes = b"", *, size: int = 36, block: int = 4, fill: bytes = b"\0", dsfid: int = 0) -> TagMemory:
    return TagMemory(dsfid, 0, block, data.ljust(size, fill)[:size])


def written(wanted: Wanted = ONE, form: Form = Form.BLOCK, block: int = 4) -> bytes:
    size = 40 if block == 8 else 36
    write = judge(wanted, Order(form), NEW, TAG, memory(block=block, size=size))
    assert isinstance(write, Write)
    return write.data


def judged(data: bytes, batch: Batch = NEW, order: Order = Order(), wanted: Wanted = ONE) -> Write | Refuse:  # noqa: B008
    return judge(wanted, order, batch, TAG, memory(data, dsfid=0x3E))


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize(("block", "size"), [(4, 36), (8, 40), (4, 32), (8, 32), (1, 35)])
@pytest.mark.parametrize("fill", [b"\0", b"\xff", b" "])
def test_a_blank_tag_is_given_whole_blocks_that_say_the_item(form: Form, block: int, size: int, fill: bytes) -> None:
    wanted = Wanted(ItemId("30000000012345"), Isil("CN-11010500"))
    blank = memory(size=size, block=block, fill=fill)
    write = judge(wanted, Order(form), NEW, TAG, blank)
    assert isinstance(write, Write)
    assert len(write.data) % block == 0
    assert len(write.data) <= size
    after = TagMemory(DSFIDS[form], 0x07, block, write.data + blank.data[len(write.data) :])
    assert tagdata.decode(after.dsfid, after.data, block) == wanted.content
    assert write.missed(after) is None


def test_nothing_of_what_a_tag_held_before_is_read_on_behind_the_new_content() -> None:
    for form in Form:
        write = judge(ONE, Order(form, overwrite=True), NEW, TAG, memory(fill=b"\x61"))
        assert isinstance(write, Write)
        assert tagdata.decode(write.dsfid, write.data.ljust(36, b"\x61"), 4) == ONE.content
        assert write.data.endswith(b"\0")


def test_a_tag_too_small_for_the_owner_is_refused() -> None:
    long = Wanted(ItemId("1"), Isil("CN-12345678901"))
    verdict = judge(long, Order(), NEW, TAG, memory(size=32))
    assert isinstance(verdict, Refuse)
    assert "doesn't fit 9 bytes" in verdict.why
    assert isinstance(judge(ONE, Order(), NEW, TAG, memory(size=16)), Refuse)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (ItemContent(ItemId("30000000054321"), OWNER), "it says item 30000000054321 of CN-110105001"),
        (ItemContent(ONE.item, Isil("DE-705")), "it says item 30000000012345 of DE-705"),
        (ItemContent(ONE.item, OWNER, parts=3, part=2), "part 2 of 3"),
        (ItemContent(ONE.item, OWNER, Usage.NOT_FOR_LOAN), "not for loan"),
        (PatronCard("P1", None), "a patron's card"),
    ],
)
def test_a_tag_that_says_something_else_is_refused_unless_told_to_overwrite(
    content: ItemContent | PatronCard, said: str
) -> None:
    data = tagdata.encode(content)
    verdict = judged(data)
    assert isinstance(verdict, Refuse)
    assert said in verdict.why
    assert isinstance(judged(data, order=Order(overwrite=True)), Write)


def test_a_tag_with_something_that_cant_be_read_is_refused() -> None:
    verdict = judged(b"30000000012345")
    assert isinstance(verdict, Refuse)
    assert "can't be read" in verdict.why


@pytest.mark.parametrize("owner", [OWNER, None])
def test_a_tag_that_says_the_item_already_is_written_again(owner: Isil | None) -> None:
    assert isinstance(judged(tagdata.encode(ItemContent(ONE.item, owner))), Write)


@pytest.mark.parametrize("order", [Order(), Order(overwrite=True)])
def test_a_tag_of_another_item_of_this_batch_is_never_written(order: Order) -> None:
    verdict = judged(b"", NEW.wrote(TAG, TWO.item), order)
    assert verdict == Refuse("it is the tag of item 30000000099999 already")
    assert isinstance(judged(b"", NEW.wrote(TAG, ONE.item), order), Write)
    assert isinstance(judged(b"", NEW.wrote(OTHER, TWO.item), order), Write)


@given(st.integers(1, 8), st.sampled_from([b"\0", b"\xff", b" "]), st.sampled_from(list(Form)))
def test_a_half_written_tag_is_known_again_without_any_memory_of_it(blocks: int, fill: bytes, form: Form) -> None:
    half = memory(written(form=form)[: blocks * 4], fill=fill, dsfid=0)
    assert isinstance(judge(ONE, Order(form), NEW, TAG, half), Write)


def test_a_half_written_tag_is_only_written_for_its_item() -> None:
    data = written()
    assert written(TWO)[:12] == data[:12]
    assert data[12:16] != written(TWO)[12:16]
    assert isinstance(judged(data[:20], wanted=TWO), Refuse)
    assert isinstance(judged(data[:20], NEW.failed(TAG, ONE.item), wanted=TWO), Refuse)
    assert isinstance(judged(data[:8], NEW.failed(TAG, ONE.item), wanted=TWO), Refuse)
    assert isinstance(judged(data[:8], NEW.failed(TAG, ONE.item)), Write)


def test_a_tag_begun_in_this_run_is_finished_whatever_it_holds_now() -> None:
    torn = written()[:16] + b"\x99" * 20
    assert isinstance(judged(torn), Refuse)
    assert isinstance(judged(torn, NEW.failed(TAG, ONE.item)), Write)
    assert isinstance(judged(torn, NEW.failed(TAG, ONE.item).wrote(TAG, ONE.item)), Refuse)


def test_what_was_missed_is_found_when_reading_back() -> None:
    write = judged(b"")
    assert isinstance(write, Write)
    good = TagMemory(0x3E, 0x07, 4, write.data)
    assert write.missed(good) is None
    for wrong, said in (
        (TagMemory(0x3E, 0x07, 4, write.data[:-4]), "memory"),
        (TagMemory(0x3E, 0x07, 4, b"\x12" + write.data[1:]), "memory"),
        (TagMemory(0x00, 0x07, 4, write.data), "DSFID is 00, not 3E"),
        (TagMemory(0x3E, 0xC2, 4, write.data), "AFI is C2, not 07"),
        (TagMemory(0x3E, None, 4, write.data), "AFI is unknown"),
    ):
        assert said in (write.missed(wrong) or "")


def test_what_no_tag_can_say_is_known_before() -> None:
    with pytest.raises(ValueError, match="doesn't fit 16"):
        fits(ItemContent(ItemId("1" * 17), OWNER), Form.BLOCK)
    fits(ItemContent(ItemId("1" * 17), OWNER), Form.STREAM)
    with pytest.raises(ValueError, match="two letters"):
        fits(ItemContent(ItemId("1"), Isil("ZDB-1")), Form.BLOCK)
