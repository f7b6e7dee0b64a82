"""site.toml: what is wrong is said, with file and key, and stops the start."""

from pathlib import Path

import pytest

from edge.errors import SettingsWrong
from edge.settings import Settings, load

GOOD = """
site = "harbour-bank"
name = { "zh-CN" = "海港银行", en = "Harbour Bank" }
data_dir = "/var/lib/microlib"
fleet_salt = "00112233445566778899aabbccddeeff"
site_key_file = "KEY"
[broker]
tls = false
port = 1883
[[station]]
name = "cabinet-1"
kind = "cabinet"
card_reader = "card"
door = "door"
shelves = [{ name = "A", reader = "shelf-a" }]
[device.card]
driver = "mfrc522"
[device.door]
driver = "gpio-door"
[device.shelf-a]
driver = "feig-obid"
"""


def written(folder: Path, text: str = GOOD, key: str = "ab" * 32) -> Settings:
    (folder / "site.key").write_text(key)
    path = folder / "site.toml"
    path.write_text(text.replace("KEY", str(folder / "site.key")), encoding="utf-8")
    return load(path)


def test_a_good_file_gives_settings_with_defaults(tmp_path: Path) -> None:
    settings = written(tmp_path)
    assert settings.delivery.window == 4
    assert settings.languages == ("zh-CN", "en")
    assert settings.site_key() == bytes.fromhex("ab" * 32)


@pytest.mark.parametrize(
    ("good", "bad", "says"),
    [
        ('site = "harbour-bank"', 'site = "Harbour Bank"', "site:"),
        ("tls = false", 'tls = false\nhost = "broker.example"', "without tls"),
        ("tls = false\nport = 1883", "port = 8883", "ca_file"),
        ('door = "door"', 'door = "gate"', "no [device.gate]"),
        ('driver = "mfrc522"', "bus = 0", "needs driver"),
        ("00112233445566778899aabbccddeeff", "00000000000000000000000000000000", "placeholder"),
        ('kind = "cabinet"', 'kind = "rocket"', "station.0: kind must be one of 'cabinet'"),
        ('kind = "cabinet"', "capacity = 1", "station.0: kind is missing"),
        ("[broker]", 'timezone = "Moon/Crater"\n[broker]', "timezone"),
        ("port = 1883", "port = 1883\ncolour = 1", "broker.colour"),
        ("[broker]", '[timing]\nself_test_at = "25:00"\n[broker]', "timing.self_test_at"),
        ("[[station]]", "[[station", "site.toml"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, good: str, bad: str, says: str) -> None:
    with pytest.raises(SettingsWrong, match=r"site\.toml") as wrong:
        written(tmp_path, GOOD.replace(good, bad, 1))
    assert says in str(wrong.value)


@pytest.mark.parametrize("key", ["", "ab", "zz" * 32, "00" * 32])
def test_a_site_key_that_is_none_stops_the_start(tmp_path: Path, key: str) -> None:
    with pytest.raises(SettingsWrong, match="site_key_file"):
        written(tmp_path, key=key).site_key()
