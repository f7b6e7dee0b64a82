"""SQLite's own way to the disk, with somebody looking on: which files are written, synced, cut short and deleted.

The standard driver's SQLite is reached through ctypes. Reading stays native; writing goes through Python for files
under a folder that a `Listener` watches, and every other file is left alone. Needs a Python whose `sqlite3` module
shows its library's symbols, as Debian's and python.org's do (sqlite.org, "The SQLite OS Interface").
"""

import _sqlite3
import ctypes as c
import threading
from pathlib import Path
from typing import Any, Protocol

OK, CANTOPEN = 0, 14
_IOERR_SHORT_READ = 522
_NAME = b"microlib-city"


class Listener(Protocol):
    """What owns a folder's files. Each answers a SQLite result code; 0 lets the write through."""

    def opening(self, path: str) -> int:
        """A file is about to be opened."""
        ...

    def writing(self, path: str, offset: int, old: bytes, new: bytes, size: int) -> int:
        """`new` is about to replace `old` (shorter where the file of `size` bytes ends) at `offset`."""
        ...

    def truncating(self, path: str, size: int, tail: bytes) -> int:
        """The file is about to be cut to `size` bytes, losing `tail`."""
        ...

    def syncing(self, path: str) -> int:
        """What was written to the file is about to be made durable."""
        ...

    def wrote(self, path: str) -> None:
        """The last change let through has been made."""
        ...

    def deleting(self, path: str) -> int:
        """The file is about to be deleted."""
        ...


class _Vfs(c.Structure):
    """struct sqlite3_vfs, version 3."""


class _File(c.Structure):
    """struct sqlite3_file: only the pointer to its methods is ours to know."""

    _fields_ = (("methods", c.c_void_p),)


_I64 = c.c_longlong
_ON_FILE = c.CFUNCTYPE(c.c_int, c.POINTER(_File))
_TRANSFER = c.CFUNCTYPE(c.c_int, c.POINTER(_File), c.c_void_p, c.c_int, _I64)
_TRUNCATE = c.CFUNCTYPE(c.c_int, c.POINTER(_File), _I64)
_SYNC = c.CFUNCTYPE(c.c_int, c.POINTER(_File), c.c_int)
_SIZE = c.CFUNCTYPE(c.c_int, c.POINTER(_File), c.POINTER(_I64))
# The name is a pointer, not bytes: SQLite keeps it for as long as the file is open.
_OPEN = c.CFUNCTYPE(c.c_int, c.POINTER(_Vfs), c.c_void_p, c.POINTER(_File), c.c_int, c.POINTER(c.c_int))
_DELETE = c.CFUNCTYPE(c.c_int, c.POINTER(_Vfs), c.c_char_p, c.c_int)

_Vfs._fields_ = (
    ("version", c.c_int),
    ("file_size", c.c_int),
    ("path_size", c.c_int),
    ("next", c.c_void_p),
    ("name", c.c_char_p),
    ("data", c.c_void_p),
    ("open", _OPEN),
    ("delete", _DELETE),
    ("others", c.c_void_p * 13),
)


class _Methods(c.Structure):
    """struct sqlite3_io_methods, version 3."""

    _fields_ = (
        ("version", c.c_int),
        ("close", _ON_FILE),
        ("read", _TRANSFER),
        ("write", _TRANSFER),
        ("truncate", _TRUNCATE),
        ("sync", _SYNC),
        ("size", _SIZE),
        ("others", c.c_void_p * 12),
    )


class Shim:
    """Registered once a process as SQLite's default way to the disk; folders are watched and let go."""

    def __init__(self) -> None:
        """Raises OSError when this Python's SQLite can't be reached."""
        try:
            self._library = c.CDLL(_sqlite3.__file__)
            find = self._library.sqlite3_vfs_find
        except AttributeError:
            raise OSError("this Python's SQLite hides its interface; use the system's Python") from None
        find.restype = c.POINTER(_Vfs)
        self._base = find(None)
        self._vfs = _Vfs()
        c.memmove(c.byref(self._vfs), self._base, c.sizeof(_Vfs))
        self._vfs.next, self._vfs.name = None, _NAME
        self._open_call, self._delete_call = _OPEN(self._open), _DELETE(self._delete)
        self._vfs.open, self._vfs.delete = self._open_call, self._delete_call
        self._close_call, self._write_call = _ON_FILE(self._close), _TRANSFER(self._write)
        self._truncate_call, self._sync_call = _TRUNCATE(self._truncate), _SYNC(self._sync)
        self._shaped: dict[int, tuple[_Methods, _Methods]] = {}
        self._files: dict[int, tuple[str, Listener, _Methods]] = {}
        self._folders: dict[str, Listener] = {}
        self._library.sqlite3_vfs_register(c.byref(self._vfs), 1)

    def watch(self, folder: Path, listener: Listener) -> None:
        """From now on files opened under `folder` are the listener's."""
        self._folders[f"{folder.resolve()}/"] = listener

    def leave(self, folder: Path) -> None:
        """Files opened under `folder` later are nobody's again."""
        self._folders.pop(f"{folder.resolve()}/", None)

    def _owner(self, path: str) -> Listener | None:
        return next((owner for folder, owner in self._folders.items() if path.startswith(folder)), None)

    # --- what SQLite calls; an exception here would be lost, so there is none to be raised ---

    def _open(self, vfs: Any, name: int | None, file: Any, flags: int, out: Any) -> int:
        path = c.string_at(name).decode() if name else ""
        owner = self._owner(path) if path else None
        if owner is not None and (code := owner.opening(path)):
            file.contents.methods = None
            return code
        code = int(self._base.contents.open(vfs, name, file, flags, out))
        if code == OK and owner is not None and file.contents.methods:
            native, shaped = self._shape(file.contents.methods)
            file.contents.methods = c.addressof(shaped)
            self._files[c.addressof(file.contents)] = (path, owner, native)
        return code

    def _shape(self, methods: int) -> tuple[_Methods, _Methods]:
        if methods not in self._shaped:
            native = _Methods.from_address(methods)
            shaped = _Methods()
            c.memmove(c.byref(shaped), c.byref(native), c.sizeof(_Methods))
            shaped.close, shaped.write = self._close_call, self._write_call
            shaped.truncate, shaped.sync = self._truncate_call, self._sync_call
            self._shaped[methods] = (native, shaped)
        return self._shaped[methods]

    def _delete(self, vfs: Any, name: bytes, sync: int) -> int:
        path = name.decode()
        owner = self._owner(path)
        if owner is not None and (code := owner.deleting(path)):
            return code
        return int(self._base.contents.delete(vfs, name, sync))

    def _close(self, file: Any) -> int:
        _, _, native = self._files.pop(c.addressof(file.contents))
        return int(native.close(file))

    def _write(self, file: Any, data: Any, amount: int, offset: int) -> int:
        path, owner, native = self._files[c.addressof(file.contents)]
        size = self._size(file, native)
        old = self._read(file, native, max(0, min(amount, size - offset)), offset)
        if code := owner.writing(path, offset, old, c.string_at(data, amount), size):
            return code
        code = int(native.write(file, data, amount, offset))
        owner.wrote(path)
        return code

    def _truncate(self, file: Any, size: int) -> int:
        path, owner, native = self._files[c.addressof(file.contents)]
        tail = self._read(file, native, max(0, self._size(file, native) - size), size)
        if code := owner.truncating(path, size, tail):
            return code
        code = int(native.truncate(file, size))
        owner.wrote(path)
        return code

    def _sync(self, file: Any, flags: int) -> int:
        path, owner, _ = self._files[c.addressof(file.contents)]
        return owner.syncing(path)  # the machine under the simulation keeps its promises: nothing to wait for

    @staticmethod
    def _size(file: Any, native: _Methods) -> int:
        size = _I64()
        native.size(file, c.byref(size))
        return size.value

    @staticmethod
    def _read(file: Any, native: _Methods, amount: int, offset: int) -> bytes:
        if amount <= 0:
            return b""
        buffer = c.create_string_buffer(amount)
        native.read(file, c.addressof(buffer), amount, offset)
        return buffer.raw


_lock = threading.Lock()
_shim: list[Shim] = []


def shim() -> Shim:
    """The process's one; made when first asked for."""
    with _lock:
        if not _shim:
            _shim.append(Shim())
        return _shim[0]
