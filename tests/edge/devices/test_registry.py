"""Drivers are found by name, and a wrong section says what is wrong with it."""

import pytest

from edge.devices import registry
from edge.devices.hf import FeigReader
from edge.errors import SettingsWrong


def test_the_drivers_there_are_and_their_kinds() -> None:
    assert {name: registry.kind_of(registry.load(name)) for name in registry.names()} == {
        "mfrc522": "card reader",
        "feig-obid": "tag reader",
        "gpio-door": "door",
        "gpio-contact": "contact",
        "uhfreader18": "tag reader",
        "uhf-r200": "tag reader",
        "rdm6300": "card reader",
        "wiegand": "card reader",
        "gm65": "scanner",
        "3m-810": "tag reader",
        "kerong-cu16": "locker board",
        "kerong-cu48": "locker board",
        "kerong-cu12-v2": "locker board",
        "lockboard-wkly": "locker board",
        "lockboard-8a": "locker board",
    }
    assert registry.of_kind("door") == ("gpio-door",)


def test_a_device_is_built_from_its_section_and_nothing_is_touched() -> None:
    built = registry.build("shelf-a", {"driver": "feig-obid", "port": "/dev/nowhere"})
    assert isinstance(built, FeigReader)


def test_an_unknown_driver_is_answered_with_those_there_are() -> None:
    with pytest.raises(SettingsWrong) as wrong:
        registry.build("shelf-a", {"driver": "fieg"})
    known = ", ".join(registry.names())
    assert str(wrong.value) == f"[device.shelf-a] there is no driver 'fieg'; there are: {known}"


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"driver": "feig-obid"}, "port: is missing"),
        ({"driver": "feig-obid", "port": "x", "prot": 1}, "prot: no such setting"),
        ({"driver": "feig-obid", "port": "x", "parity": "mark"}, "parity: must be one of"),
        ({"driver": "feig-obid", "port": "x", "ignore": ["e004"]}, "ignore.0: must look like"),
        ({"driver": "gpio-door", "lock_pin": 17, "contact_pin": 17}, "lock_pin and contact_pin are both 17"),
        (
            {"driver": "gpio-door", "lock_pin": 17, "contact_pin": 27, "pulse_ms": 6000},
            "pulse_ms: must be 5000 or less",
        ),
        ({"driver": "mfrc522", "reset_pin": 28}, "reset_pin: must be 27 or less"),
        ({"driver": "uhf-r200", "port": "x", "password": "123"}, "password: must look like"),
        ({"driver": "uhfreader18", "port": "x", "antennas": []}, "antennas: "),
    ],
)
def test_a_wrong_section_names_device_key_and_reason(section: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsWrong) as wrong:
        registry.build("thing", section)
    assert str(wrong.value).startswith("[device.thing] ")
    assert words in str(wrong.value)
