"""Which forms are read is the library's choice, and an owner is never guessed."""

import pytest

from edge.contents import EVERY, Form, understood
from edge.devices.kinds import TagMemory
from edge.frames import tagdata
from edge.frames.tagdata import Damaged, ItemContent
from protocol.names import Isil, ItemId
from tests.wire.golden import frame

OURS = Isil("CN-110105001")
BOOK = ItemContent(ItemId("30000000012345"), OURS)
NATIONAL = frame("epc-gbt35660-001").raw
UNIVERSITY = frame("epc-cn-university-010").raw
TAGS = {
    Form.BLOCK: TagMemory(0x3E, 0x07, 4, tagdata.encode(BOOK)),
    Form.STREAM: TagMemory(0x06, 0x07, 4, tagdata.encode_stream(BOOK).ljust(34, b"\0")),
    Form.NATIONAL: TagMemory(0, 0xC2, 2, b"", int.from_bytes(NATIONAL[:2]), NATIONAL[2:]),
    Form.UNIVERSITY: TagMemory(0, 0x07, 2, b"", int.from_bytes(UNIVERSITY[:2]), UNIVERSITY[2:]),
}


@pytest.mark.parametrize("form", TAGS)
def test_each_form_is_read_where_it_is_chosen_alone_or_with_others(form: Form) -> None:
    alone, among = understood(TAGS[form], (form,)), understood(TAGS[form], EVERY)
    assert isinstance(alone, ItemContent)
    assert alone == among


@pytest.mark.parametrize("form", TAGS)
def test_a_form_that_isnt_chosen_is_nobodys(form: Form) -> None:
    others = [other for other in TAGS if other is not form]
    assert isinstance(understood(TAGS[form], others), Damaged)


def test_user_memory_of_the_national_form_is_read_where_that_is_chosen() -> None:
    user = frame("epc-gbt35660-user-001").raw
    memory = TagMemory(0, 0xC2, 2, user, int.from_bytes(NATIONAL[:2]) | 0x0400, NATIONAL[2:])
    plain, more = understood(memory, (Form.NATIONAL,)), understood(memory, (Form.NATIONAL_USER,))
    assert isinstance(plain, ItemContent)
    assert isinstance(more, ItemContent)
    assert (plain.parts, more.parts, more.part) == (1, 12, 3)


def test_who_owns_what_names_no_owner_is_said_by_the_library_or_unknown() -> None:
    assert understood(TAGS[Form.UNIVERSITY]) == ItemContent(ItemId("32103179"), None)
    assert understood(TAGS[Form.UNIVERSITY], unnamed=OURS) == ItemContent(ItemId("32103179"), OURS)
    assert understood(TAGS[Form.NATIONAL], unnamed=OURS) == ItemContent(ItemId("12345678.31"), Isil("CH-000134-1"))
