"""What can go wrong at a site, named by what the caller does next.

EdgeError
├── SettingsWrong        tell a person: the agent doesn't start
├── DeviceError          report once, retry with back-off
│   ├── DeviceGone       the port, bus or pin is not there (any more): re-open by its stable name
│   └── DeviceFault      it is there and answers nonsense, an error, or nothing
│       └── UnlockUnsure   a lock may have opened: look at its door, never unlock again blindly
├── TagError             this tag, now: ask again, or leave it undecided
├── ListWrong            tell a person: nothing of the file is used
└── StorageFailed        the journal can't be written: no new borrowing visit (rule E7)
"""

from collections.abc import Sequence


class EdgeError(Exception):
    """Base of everything the edge raises on purpose."""


class SettingsWrong(EdgeError):
    """A setting is missing, unknown or impossible; the message says which and where."""


class DeviceError(EdgeError):
    """A device can't do what was asked of it; `device` is what the driver calls itself."""

    def __init__(self, device: str, why: str) -> None:
        super().__init__(f"{device}: {why}")
        self.device = device
        self.why = why


class DeviceGone(DeviceError):
    """Nothing is there to talk to."""


class DeviceFault(DeviceError):
    """It is there but doesn't do its work."""


class UnlockUnsure(DeviceFault):
    """The lock was told to open, and nobody said whether it did."""


class TagError(EdgeError):
    """One tag couldn't be read or written; the reader itself is well."""

    def __init__(self, tag: str, why: str) -> None:
        super().__init__(f"tag {tag}: {why}")
        self.tag = tag
        self.why = why


class ListWrong(EdgeError):
    """A list of items, or a report of tags, is not what it must be; `bad` says what is wrong with each row."""

    def __init__(self, path: object, bad: Sequence[str]) -> None:
        super().__init__("\n".join(f"{path}: {each}" for each in bad))
        self.bad = tuple(bad)


class StorageFailed(EdgeError):
    """The disk is full, read-only or failing; the message is SQLite's or the system's."""
