"""Settings: one object, and a sentence for whatever is wrong with it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.errors import SettingsWrong
from hub.settings import load
from tests.hub.cast import MASTER

Write = Callable[..., Path]
GOOD = """
fleet_salt = "00112233445566778899aabbccddeeff"
master_key_file = "{folder}/master.key"
owners = ["CN-110105001"]
data_dir = "{folder}"
[broker]
tls = false
port = 1883
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the good settings, changed, and answers the file."""
    (tmp_path / "master.key").write_text(MASTER.hex())

    def written(*changes: tuple[str, str]) -> Path:
        text = GOOD.format(folder=tmp_path)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "hub.toml"
        path.write_text(text)
        return path

    return written


def test_the_default_database_is_a_file_in_the_data_folder(write: Write, tmp_path: Path) -> None:
    settings = load(write())
    assert settings.url == f"sqlite:///{tmp_path}/hub.sqlite3"
    assert settings.master_key() == MASTER


def test_the_environment_wins_over_the_file(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROLIB_HUB_BROKER__PORT", "1999")
    monkeypatch.setenv("MICROLIB_HUB_TIMEZONE", "Europe/Berlin")
    settings = load(write())
    assert (settings.broker.port, settings.broker.tls, settings.timezone) == (1999, False, "Europe/Berlin")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("tls = false", "tls = false\nspeed = 3", "broker.speed: no such setting"),
        ("00112233445566778899aabbccddeeff", "0" * 32, "fleet_salt is a placeholder"),
        ("tls = false", "tls = false\nhost = 'broker.example'", "without tls the broker must be on this machine"),
        ("tls = false", "tls = true", "tls needs ca_file"),
        ("[broker]", "timezone = 'Mars/Base'\n[broker]", "no time zone is called 'Mars/Base'"),
        ("[broker]", "database_url = 'mysql://x/y'\n[broker]", "begins with sqlite:/// or postgresql+psycopg://"),
        ("[broker]", "database_url = 'postgresql+psycopg://m:changeme@h/d'\n[broker]", "placeholder password"),
        ("owners = ", "owner = ", "owner: no such setting"),
        ("[broker]", "[broker", "Expected"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(write: Write, old: str, new: str, sentence: str) -> None:
    with pytest.raises(SettingsWrong, match=r"hub\.toml: ") as wrong:
        load(write((old, new)))
    assert sentence in str(wrong.value)


def test_a_misspelt_variable_of_the_environment_stops_the_start(write: Write) -> None:
    with pytest.raises(SettingsWrong, match="MICROLIB_HUB_TIMEZON names no setting"):
        load(write(), {"MICROLIB_HUB_TIMEZON": "UTC"})


@pytest.mark.parametrize("content", ["", "00" * 32, "abcd", "not hex"])
def test_a_master_key_must_be_one(write: Write, tmp_path: Path, content: str) -> None:
    settings = load(write())
    (tmp_path / "master.key").write_text(content)
    with pytest.raises(SettingsWrong, match="master_key_file"):
        settings.master_key()


def test_a_missing_file_is_said() -> None:
    with pytest.raises(SettingsWrong, match="No such file"):
        load(Path("nowhere/hub.toml"))
