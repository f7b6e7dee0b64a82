"""The lines from the shims to the emulated board: one packet out, one back (firmware_sim/board.py lists them), and
another line on which the board tells of edges.
"""

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
        if self._socket is not None and self._made_for == (os.getpid(), path):
            return False
        self._drop()
        self._socket, self._made_for = _connected(path), (os.getpid(), path)
        return True

    def _drop(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = self._made_for = None


class EdgeLine(threading.Thread):
    """A line of its own on which the board tells of edges, and the one thread that passes them on, in their order.

    `told(pin, level, at)` is called for each, `at` in nanoseconds of the monotonic clock.
    """

    def __init__(self, told):
        super().__init__(name="edges", daemon=True)
        self._told = told
        self._made_for = os.environ.get(VARIABLE)
        self._socket = _connected(self._made_for)
        self._heard = threading.Semaphore(0)
        self.start()

    def want(self, edges):
        """Asks for these edges, pin -> 1 rising, 2 falling, 3 both; on return the board listens. Raises OSError."""
        if not self.is_alive() or self._made_for != os.environ.get(VARIABLE):
            raise OSError(errno.EIO, "the board is gone")
        self._socket.send(b"e" + bytes(byte for pair in edges.items() for byte in pair))
        if threading.current_thread() is not self and not self._heard.acquire(timeout=5):
            raise OSError(errno.EIO, "the board is gone")

    def run(self):
        try:
            while packet := self._socket.recv(_LONGEST):
                if packet[:1] == b"!":
                    self._told(packet[1], packet[2], int.from_bytes(packet[3:11], "big"))
                else:
                    self._heard.release()
        except OSError:
            pass  # the board is gone, and with it all edges

    def close(self):
        """Hangs up."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the board was faster
        if threading.current_thread() is not self and self.is_alive():
            self.join()
        self._socket.close()


def _connected(path):
    if not path:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    fresh = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        fresh.connect(path)
    except OSError as error:
        fresh.close()
        raise FileNotFoundError(errno.ENOENT, f"no board answers at {path}") from error
    return fresh
