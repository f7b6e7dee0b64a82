"""The line from the shims to the emulated board: one packet out, one back (firmware_sim/board.py lists them)."""

import errno
import os
import socket
import threading

VARIABLE = "MICROLIB_BOARD"
_LONGEST = 8192


class BoardLine:
    """One program's connection, made at first use, and again after a fork, for another board, or when it is back.

    Raises FileNotFoundError when there is no board, and OSError with the board's own errno.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._socket = None
        self._made_for = None

    def ask(self, request):
        """The board's answer to a request's bytes."""
        with self._lock:
            answer = self._exchange(bytes(request))
        if answer[:1] != b"+":
            code = answer[1] if len(answer) > 1 else errno.EIO
            raise OSError(code, os.strerror(code))
        return answer[1:]

    def fileno(self):
        """The socket's descriptor; -1 without one."""
        return self._socket.fileno() if self._socket is not None else -1

    def close(self):
        """Hangs up."""
        with self._lock:
            self._drop()

    def _exchange(self, request):
        fresh = self._connect()
        try:
            return self._send(request)
        except OSError:
            self._drop()
            if fresh:
                raise
        # The board was off, and back with everything at its defaults: whatever was asked of it may be asked again.
        self._connect()
        try:
            return self._send(request)
        except OSError:
            self._drop()
            raise

    def _send(self, request):
        self._socket.send(request)
        answer = self._socket.recv(_LONGEST)
        if not answer:
            raise OSError(errno.EIO, "the board is gone")
        return answer

    def _connect(self):
        path = os.environ.get(VARIABLE)
        if not path:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        if self._socket is not None and self._made_for == (os.getpid(), path):
            return False
        self._drop()
        fresh = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            fresh.connect(path)
        except OSError as error:
            fresh.close()
            raise FileNotFoundError(errno.ENOENT, f"no board answers at {path}") from error
        self._socket, self._made_for = fresh, (os.getpid(), path)
        return True

    def _drop(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = self._made_for = None
