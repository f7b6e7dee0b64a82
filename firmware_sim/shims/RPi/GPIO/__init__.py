"""Stands in for `RPi.GPIO` 0.7.1: the same surface, errors and warnings, over the board that MICROLIB_BOARD names.

Edges are called back as there: on one thread for all pins, one after the other, with the channel and nothing else;
`bouncetime` goes by the edges' own moments. Not as there: pulses come in bunches, later than they were, since a socket
can't keep microseconds; they come in order across pins, which sysfs doesn't promise and rpi-lgpio does; and none is
lost but where nobody takes them for long.
"""

import atexit
import os
import threading
import warnings

from boardline import VARIABLE, BoardLine, EdgeLine

if not os.environ.get(VARIABLE):
    raise RuntimeError("This module can only be run on a Raspberry Pi!")

BOARD, BCM = 10, 11
OUT, IN = 0, 1
LOW, HIGH = 0, 1
PUD_OFF, PUD_DOWN, PUD_UP = 20, 21, 22
RISING, FALLING, BOTH = 31, 32, 33
SERIAL, SPI, I2C, HARD_PWM, UNKNOWN = 40, 41, 42, 43, -1
VERSION = "0.7.1"
RPI_INFO = {
    "P1_REVISION": 3,
    "REVISION": "c03115",
    "TYPE": "Pi 4 Model B",
    "MANUFACTURER": "Sony",
    "PROCESSOR": "BCM2711",
    "RAM": "4G",
}
RPI_REVISION = RPI_INFO["P1_REVISION"]

_BOARD_TO_BCM = {
    3: 2, 5: 3, 7: 4, 8: 14, 10: 15, 11: 17, 12: 18, 13: 27, 15: 22, 16: 23, 18: 24, 19: 10, 21: 9, 22: 25, 23: 11,
    24: 8, 26: 7, 29: 5, 31: 6, 32: 12, 33: 13, 35: 19, 36: 16, 37: 26, 38: 20, 40: 21,
}  # fmt: skip
_SPECIAL = {7: SPI, 8: SPI, 9: SPI, 10: SPI, 11: SPI, 14: SERIAL, 15: SERIAL}
_ASKED = {RISING: 1, FALLING: 2, BOTH: 3}

_line = BoardLine()
_lock = threading.RLock()
_mode = None
_warn = True
_directions = {}
_edges = {}
_edge_line = None


def setmode(mode):
    """BOARD or BCM; raises ValueError for another than before."""
    global _mode
    if _mode is not None and mode != _mode:
        raise ValueError("A different mode has already been set!")
    if mode not in (BOARD, BCM):
        raise ValueError("An invalid mode was passed to setmode()")
    _mode = mode


def getmode():
    """BOARD, BCM or None."""
    return _mode


def setwarnings(on):
    """Whether RuntimeWarnings are given."""
    global _warn
    _warn = bool(on)


def setup(channel, direction, pull_up_down=PUD_OFF, initial=-1):
    """Makes one channel or several inputs or outputs."""
    if direction not in (OUT, IN):
        raise ValueError("An invalid direction was passed to setup()")
    if direction == OUT and pull_up_down != PUD_OFF:
        raise ValueError("pull_up_down parameter is not valid for outputs")
    if direction == IN and initial != -1:
        raise ValueError("initial parameter is not valid for inputs")
    if pull_up_down not in (PUD_OFF, PUD_DOWN, PUD_UP):
        raise ValueError("Invalid value for pull_up_down - should be either PUD_OFF, PUD_UP or PUD_DOWN")
    for pin in _pins(channel):
        if _warn and pin not in _directions and _line.ask(bytes((ord("f"), pin))) == bytes((OUT,)):
            warnings.warn(
                "This channel is already in use, continuing anyway.  Use GPIO.setwarnings(False) to disable warnings.",
                RuntimeWarning,
                stacklevel=2,
            )
        level = 2 if initial == -1 else int(bool(initial))
        _line.ask(bytes((ord("d"), pin, direction, pull_up_down, level)))
        _directions[pin] = direction


def output(channel, value):
    """Sets one output or several, to one value or one each."""
    pins = _pins(channel)
    values = list(value) if isinstance(value, (list, tuple)) else [value] * len(pins)
    if len(values) != len(pins):
        raise RuntimeError("Number of channels != number of values")
    for pin, level in zip(pins, values, strict=True):
        if _directions.get(pin) != OUT:
            raise RuntimeError("The GPIO channel has not been set up as an OUTPUT")
        _line.ask(bytes((ord("w"), pin, int(bool(level)))))


def input(channel):
    """The level of a channel that is set up."""
    (pin,) = _pins(channel)
    if pin not in _directions:
        raise RuntimeError("You must setup() the GPIO channel first")
    return _level(pin)


def cleanup(channel=None):
    """Makes channels inputs again: those named, or all that this program used, and then the mode is forgotten too."""
    global _mode
    pins = [pin for pin in (_directions if channel is None else _pins(channel)) if pin in _directions]
    if not pins and _warn and (channel is None or not _directions):
        warnings.warn(
            "No channels have been set up yet - nothing to clean up!  "
            "Try cleaning up at the end of your program instead!",
            RuntimeWarning,
            stacklevel=2,
        )
        return
    for pin in pins:
        _forget_edges(pin)
        _line.ask(bytes((ord("d"), pin, IN, PUD_OFF, 2)))
        del _directions[pin]
    if channel is None:
        _mode = None


def gpio_function(channel):
    """IN, OUT, or what else the pin does."""
    (pin,) = _pins(channel)
    return _SPECIAL.get(pin) or _line.ask(bytes((ord("f"), pin)))[0]


def add_event_detect(channel, edge, callback=None, bouncetime=-666):
    """Watches an input for edges, on a thread of its own."""
    (pin,) = _pins(channel)
    if _directions.get(pin) != IN:
        raise RuntimeError("You must setup() the GPIO channel as an input first")
    if edge not in (RISING, FALLING, BOTH):
        raise ValueError("The edge must be set to RISING, FALLING or BOTH")
    if bouncetime != -666 and bouncetime <= 0:
        raise ValueError("Bouncetime must be greater than 0")
    if callback is not None and not callable(callback):
        raise TypeError("Parameter must be callable")
    with _lock:
        if pin in _edges:
            raise RuntimeError("Conflicting edge detection already enabled for this GPIO channel")
        _edges[pin] = _Edges(channel, edge, callback, max(bouncetime, 0) / 1000)
        try:
            _listen()
        except OSError as error:
            del _edges[pin]
            raise RuntimeError("Failed to add edge detection") from error


def remove_event_detect(channel):
    """Stops watching."""
    for pin in _pins(channel):
        _forget_edges(pin)


def event_detected(channel):
    """Whether an edge came since the last question."""
    (pin,) = _pins(channel)
    watch = _edges.get(pin)
    return watch is not None and watch.taken()


def add_event_callback(channel, callback):
    """One more to be called at each edge."""
    (pin,) = _pins(channel)
    if not callable(callback):
        raise TypeError("Parameter must be callable")
    if pin not in _edges:
        raise RuntimeError("Add event detection using add_event_detect first before adding a callback")
    _edges[pin].callbacks.append(callback)


def wait_for_edge(channel, edge, bouncetime=-666, timeout=-1):
    """Waits for an edge, `timeout` milliseconds at most; the channel, or None when none came."""
    (pin,) = _pins(channel)
    came = threading.Event()
    add_event_detect(channel, edge, lambda _channel: came.set(), bouncetime)
    try:
        return channel if came.wait(None if timeout < 0 else timeout / 1000) else None
    finally:
        _forget_edges(pin)


class PWM:
    """Pulse width modulation; the emulated board has nothing on it that could tell."""

    def __init__(self, channel, frequency):
        (pin,) = _pins(channel)
        if _directions.get(pin) != OUT:
            raise RuntimeError("You must setup() the GPIO channel as an output first")
        if frequency <= 0.0:
            raise ValueError("frequency must be greater than 0.0")
        self._pin = pin

    def start(self, dutycycle):
        """Begins; more than nothing is as good as on."""
        self.ChangeDutyCycle(dutycycle)

    def ChangeDutyCycle(self, dutycycle):
        """Per cent."""
        if not 0.0 <= dutycycle <= 100.0:
            raise ValueError("dutycycle must have a value from 0.0 to 100.0")
        _line.ask(bytes((ord("w"), self._pin, int(dutycycle > 0))))

    def ChangeFrequency(self, frequency):
        """Hertz."""
        if frequency <= 0.0:
            raise ValueError("frequency must be greater than 0.0")

    def stop(self):
        """Off."""
        _line.ask(bytes((ord("w"), self._pin, 0)))


class _Edges:
    """What is done at one pin's edges."""

    def __init__(self, channel, edge, callback, quiet_s):
        self.asked = _ASKED[edge]
        self.callbacks = [callback] if callback is not None else []
        self._channel, self._quiet_ns = channel, quiet_s * 1e9
        self._seen = False
        self._told = float("-inf")

    def happened(self, at):
        """One edge, at a moment in nanoseconds."""
        if at - self._told < self._quiet_ns:
            return
        self._told = at
        self._seen = True
        for callback in self.callbacks:
            callback(self._channel)

    def taken(self):
        seen, self._seen = self._seen, False
        return seen


def _listen():
    """Has the board tell of the edges that are watched now."""
    global _edge_line
    wanted = {pin: watch.asked for pin, watch in _edges.items()}
    if _edge_line is not None:
        try:
            _edge_line.want(wanted)
            return
        except OSError:
            _edge_line.close()  # the board was off, or it is another one
            _edge_line = None
    _edge_line = EdgeLine(_edge)
    _edge_line.want(wanted)


def _edge(pin, level, at):
    watch = _edges.get(pin)
    if watch is not None and watch.asked & (1 if level else 2):
        watch.happened(at)


def _forget_edges(pin):
    with _lock:
        if _edges.pop(pin, None) is not None:
            try:
                _listen()
            except OSError:
                pass  # the board is gone, and with it all edges


def _level(pin):
    return _line.ask(bytes((ord("r"), pin)))[0]


def _pins(channel):
    """BCM numbers of one channel or several."""
    channels = list(channel) if isinstance(channel, (list, tuple)) else [channel]
    return [_pin(one) for one in channels]


def _pin(channel):
    if not isinstance(channel, int):
        raise ValueError("Channel must be an integer or list/tuple of integers")
    if _mode is None:
        raise RuntimeError("Please set pin numbering mode using GPIO.setmode(GPIO.BOARD) or GPIO.setmode(GPIO.BCM)")
    pin = channel if _mode == BCM else _BOARD_TO_BCM.get(channel, -1)
    if not 0 <= pin <= 27:
        raise ValueError("The channel sent is invalid on a Raspberry Pi")
    return pin


def _hang_up():
    _edges.clear()
    if _edge_line is not None:
        _edge_line.close()
    _line.close()


atexit.register(_hang_up)
