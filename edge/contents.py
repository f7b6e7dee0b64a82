"""What a tag says, by whichever of the forms a site's library has chosen it is written in. Pure."""

from collections.abc import Collection
from dataclasses import replace
from enum import StrEnum

from edge.devices.kinds import TagMemory
from edge.frames import epcdata, tagdata
from edge.frames.tagdata import Content, Damaged, ItemContent
from protocol.names import Isil


class Form(StrEnum):
    """How tags are written."""

    BLOCK = "iso28560-3"
    STREAM = "iso28560-2"
    NATIONAL = "epc-gbt35660"
    NATIONAL_USER = "epc-gbt35660-user"
    """The same with owner, set and use in user memory."""
    UNIVERSITY = "epc-cn-university"


EVERY = tuple(Form)


def understood(memory: TagMemory, forms: Collection[Form] = EVERY, unnamed: Isil | None = None) -> Content:
    """What the tag says. A form that isn't chosen is Damaged: it is nobody's here.

    `unnamed` is whose the items are that don't say whose they are; None: nobody's that is known.
    """
    if memory.pc is None:
        content = tagdata.decode(
            memory.dsfid, memory.data, memory.block_size, Form.BLOCK in forms, Form.STREAM in forms
        )
    elif memory.pc & epcdata.ISO:
        user = memory.data if Form.NATIONAL_USER in forms else b""
        chosen = Form.NATIONAL in forms or Form.NATIONAL_USER in forms
        content = epcdata.national(memory.epc, user) if chosen else _unchosen("the national form")
    elif Form.UNIVERSITY in forms:
        content = epcdata.university(memory.epc, memory.data)
    else:
        content = _unchosen("the universities' form, or none")
    if isinstance(content, ItemContent) and content.owner is None and unnamed is not None:
        return replace(content, owner=unnamed)
    return content


def _unchosen(form: str) -> Damaged:
    return Damaged(f"it is written in {form}, which isn't used here")
