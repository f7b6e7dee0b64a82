"""What every door must do. A class of tests over a `rig`; test_door.py runs it for each driver."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from edge.devices.debounce import Debounce
from edge.errors import DeviceError
from tests.conformance.rig import Rig

DIES = """
import json, os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts us in the background has it ignored
from edge.devices import registry
door = registry.build("door", json.loads(sys.argv[1]))
door.connect()
door.unlock()
print("unlocked", flush=True)
time.sleep(60)
"""
"""An agent that unlocks and then hangs."""


def soon(true: Callable[[], bool], within_s: float = 5.0) -> bool:
    """Whether it becomes true before long."""
    end = time.monotonic() + within_s
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


class DoorConformance:
    def test_it_says_what_it_is(self, rig: Rig) -> None:
        assert rig.says

    def test_connecting_and_closing_never_release_the_lock_for_a_moment(self, rig: Rig) -> None:
        rig.reconnect()
        rig.driver.close()
        assert rig.cabinet.door.pulses == 0
        assert not rig.cabinet.open_door()

    def test_unlocked_it_can_be_opened_and_the_contact_says_so(self, rig: Rig) -> None:
        assert not rig.driver.is_open()
        rig.driver.unlock()
        assert rig.cabinet.open_door(1.0)
        assert soon(rig.driver.is_open)
        rig.cabinet.close_door()
        assert soon(lambda: not rig.driver.is_open())

    def test_a_pulse_ends_by_itself_and_the_door_is_locked_again(self, rig: Rig) -> None:
        rig.driver.unlock()
        assert rig.cabinet.strike_energised
        assert soon(lambda: not rig.cabinet.strike_energised, 2.0)
        assert not rig.cabinet.open_door()

    def test_relocking_ends_the_pulse_at_once(self, rig: Rig) -> None:
        rig.driver.unlock()
        rig.driver.relock()
        assert not rig.cabinet.strike_energised
        rig.driver.relock()

    def test_each_unlock_is_one_pulse(self, rig: Rig) -> None:
        for _ in range(3):
            rig.driver.unlock()
            rig.driver.relock()
        assert rig.cabinet.door.pulses == 3

    def test_a_door_forced_open_is_seen_to_be_open(self, rig: Rig) -> None:
        rig.cabinet.force_door()
        assert soon(rig.driver.is_open)

    def test_a_cut_wire_reads_as_an_open_door(self, rig: Rig) -> None:
        rig.cabinet.unplug("door")
        assert rig.driver.is_open()

    def test_a_bouncing_contact_is_one_edge_once_debounced(self, rig: Rig) -> None:
        contact = Debounce(0.05, rig.driver.is_open())
        rig.cabinet.force_door()
        edges, end = [], time.monotonic() + 0.2
        while time.monotonic() < end:
            edge = contact.see(rig.driver.is_open(), time.monotonic())
            edges += [] if edge is None else [edge]
        assert edges == [True]

    def test_closing_ends_a_pulse(self, rig: Rig) -> None:
        rig.driver.unlock()
        rig.driver.close()
        assert not rig.cabinet.strike_energised
        rig.driver.close()

    def test_closed_it_can_do_nothing(self, rig: Rig) -> None:
        rig.driver.close()
        for act in (rig.driver.unlock, rig.driver.relock, rig.driver.is_open):
            with pytest.raises(DeviceError):
                act()
        assert rig.cabinet.door.pulses == 0

    @pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSEGV])
    def test_an_agent_that_dies_leaves_the_door_locked(self, rig: Rig, end: signal.Signals, section: str) -> None:
        rig.driver.close()
        agent = subprocess.Popen([sys.executable, "-c", DIES, section], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with agent:
            assert agent.stdout is not None
            assert agent.stdout.readline() == b"unlocked\n"
            assert rig.cabinet.strike_energised
            os.kill(agent.pid, end)
        assert soon(lambda: not rig.cabinet.strike_energised, 1.0)

    def test_without_a_board_it_cant_be_connected_and_comes_back_with_it(self, rig: Rig) -> None:
        rig.cabinet.power(False)
        with pytest.raises(DeviceError):
            rig.reconnect()
        rig.cabinet.power(True)
        rig.reconnect()
        rig.driver.unlock()
        assert rig.cabinet.strike_energised
