"""The wiring guide says what the example settings say, and its drawings show it."""

import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "wiring.md").read_text(encoding="utf-8")
EXAMPLES = {
    "cabinet": ("A cabinet", ["site.toml"]),
    "room": ("A reading room", ["stations/room.toml", "stations/desk.toml", "stations/gate.toml"]),
    "lockers": ("A locker wall", ["stations/locker.toml", "stations/drop.toml"]),
}
HEADER = {5: 29, 6: 31, 7: 26, 8: 24, 9: 21, 10: 19, 11: 23, 13: 33, 17: 11, 20: 38, 21: 40, 22: 15, 23: 16}
HEADER |= {24: 18, 25: 22, 27: 13}
"""Header pin of each BCM pin that the guide uses, from the Raspberry Pi's pinout."""


def section(heading: str) -> str:
    return GUIDE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def rows(heading: str) -> list[list[str]]:
    found = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section(heading).splitlines() if "|" in line]
    return [row for row in found if re.match(r"GPIO\d", row[0])]


def pins(row: list[str]) -> list[int]:
    return [int(number) for number in re.findall(r"\b(?:GPIO)?(\d+)\b", re.sub(r"\(.*?\)", "", row[0]))]


@pytest.mark.parametrize("name", EXAMPLES)
def test_headers_and_settings_belong_to_their_pins(name: str) -> None:
    table = rows(EXAMPLES[name][0])
    assert table
    for row in table:
        assert [HEADER[pin] for pin in pins(row)] == [int(number) for number in re.findall(r"\d+", row[1])]
        for number in re.findall(r"pin = (\d+)", row[3]):
            assert int(number) in pins(row)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_pin_of_the_examples_is_in_the_table(name: str) -> None:
    heading, files = EXAMPLES[name]
    told = {pin for row in rows(heading) for pin in pins(row)}
    for file in files:
        settings = tomllib.loads((ROOT / "deploy" / "edge" / file).read_text(encoding="utf-8"))
        for device in settings.get("device", {}).values():
            used = {value for key, value in device.items() if key == "pin" or key.endswith("_pin")}
            assert used <= told, f"{file}: {device}"


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_drawing_shows_pins_as_the_table_has_them(name: str) -> None:
    heading = EXAMPLES[name][0]
    path = f"images/wiring-{name}.svg"
    assert f"]({path})" in section(heading)
    texts = [
        text.text or "" for text in ElementTree.parse(ROOT / "docs" / path).iter("{http://www.w3.org/2000/svg}text")
    ]
    shown = {int(pin): int(at) for text in texts for pin, at in re.findall(r"GPIO(\d+)(?: CE\d)? \((\d+)\)", text)}
    assert shown
    assert shown == {pin: HEADER[pin] for pin in shown}
    assert shown.keys() <= {pin for row in rows(heading) for pin in pins(row)}
