"""Faults come by name, and the same way again from the same seed."""

import pytest

from firmware_sim.faults import FAULTS, Faults


def test_every_fault_says_what_it_is_in_one_line() -> None:
    assert all(fault.says and "\n" not in fault.says for fault in FAULTS.values())
    assert {kind for fault in FAULTS.values() for kind in fault.kinds} == {"reader", "card", "door", "scanner", "locks"}


def test_the_same_seed_strikes_the_same_occasions() -> None:
    def run(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.set("silent", "reader-A", probability=0.4)
        return [faults.strikes("silent", "reader-A") for _ in range(100)]

    assert run(1) == run(1) != run(2)
    assert 20 < sum(run(1)) < 60


def test_a_count_is_used_up() -> None:
    faults = Faults()
    faults.set("cut", "reader-A", count=2)
    assert [faults.strikes("cut", "reader-A") for _ in range(4)] == [True, True, False, False]
    assert faults.active() == []


def test_a_star_means_every_device_that_it_fits() -> None:
    faults = Faults()
    faults.set("unplugged")
    faults.set("collision")
    assert all(faults.stands("unplugged", device) for device in ("reader-A", "reader-B", "card", "door"))
    assert faults.strikes("collision", "reader-B")
    assert not faults.strikes("collision", "door")
    faults.clear("unplugged")
    assert not faults.stands("unplugged", "card")
    assert [fault["name"] for fault in faults.active()] == ["collision"]


def test_unknown_faults_and_devices_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="there is no fault 'gremlins'; there are unplugged, silent"):
        Faults().set("gremlins")
    with pytest.raises(ValueError, match="jammed can't happen to reader-A; only to door"):
        Faults().set("jammed", "reader-A")


def test_those_who_listen_hear_of_each_change() -> None:
    faults, heard = Faults(), []
    faults.on_change(lambda: heard.append(len(faults.active())))
    faults.set("stuck", "door")
    faults.clear("stuck", "door")
    assert heard == [1, 0]
