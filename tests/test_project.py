"""The project holds together: import directions, versions, commands, drivers, settings and what their files explain."""

import os
import re
import subprocess
import sys
import tomllib
import typing
from importlib.metadata import distribution, entry_points, version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic import BaseModel

import edge.settings
import hub.settings
from edge.errors import SettingsWrong as SiteSettingsWrong
from hub.errors import SettingsWrong as HubSettingsWrong
from protocol import __version__

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PLACEHOLDER = 'fleet_salt = "00000000000000000000000000000000"'
REAL = 'fleet_salt = "8d1fa2c04be97735"'

ON_A_PI_ONLY = frozenset({"rpi-gpio", "spidev"})
"""Built on the device and shadowed in the simulation: not pinned, not installed here."""


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout: nothing says which files belong to the project")
    return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


# --- imports ---


def test_the_directions_of_imports_hold() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# --- versions ---


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in entries if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []
    return {canonicalize_name(name): pin for name, pin in (line.split("==") for line in entries)}


def asked_for() -> list[Requirement]:
    project = PROJECT["project"]
    extras = project["optional-dependencies"].values()
    return [Requirement(text) for text in [*project["dependencies"], *(one for extra in extras for one in extra)]]


def closure(wanted: list[Requirement]) -> set[str]:
    """Names of everything that `wanted` brings along on this machine."""
    seen: set[tuple[str, str]] = set()
    todo = [(canonicalize_name(one.name), extra) for one in wanted for extra in ("", *one.extras)]
    while todo:
        name, extra = todo.pop()
        if (name, extra) in seen or name in ON_A_PI_ONLY:
            continue
        seen.add((name, extra))
        for text in distribution(name).requires or []:
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                todo += [(canonicalize_name(needed.name), deeper) for deeper in ("", *needed.extras)]
    return {name for name, _ in seen}


def test_everything_that_gets_installed_is_pinned_to_what_is_installed() -> None:
    pinned = pins()
    installed = {name: version(name) for name in closure(asked_for())}
    assert {name: found for name, found in installed.items() if pinned.get(name) != found} == {}


def test_no_pin_contradicts_what_the_project_asks_for() -> None:
    pinned = pins()
    wrong = [
        str(one)
        for one in asked_for()
        if canonicalize_name(one.name) not in ON_A_PI_ONLY and pinned[canonicalize_name(one.name)] not in one.specifier
    ]
    assert wrong == []


def test_the_makefile_installs_the_card_package_that_the_project_names() -> None:
    asked = next(text for text in PROJECT["project"]["optional-dependencies"]["pi"] if text.startswith("mfrc522"))
    assert f"CARD_PACKAGE := {asked}\n" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_change_log_speaks_of_this_version() -> None:
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


# --- what must not be in the project ---


def forbidden(text: str) -> list[str]:
    index_hosts = r"[p]ypi\.org|[p]ythonhosted\.org|[p]iwheels|[p]ypi\.tuna|[m]irrors?\.[a-z]+\.(?:com|edu\.cn|cn)/pypi"
    options = r"--(?:extra-)?[i]ndex-url|--[f]ind-links|--[t]rusted-host|[f]ile:///"
    places = r"/(?:home|Users|work|root)/[a-z]"
    return re.findall(rf"{index_hosts}|{options}|{places}", text)


def test_no_file_names_a_package_index_or_somebodys_machine() -> None:
    blamed = {}
    for path in tracked():
        found = forbidden(path.read_bytes().decode("utf-8", "replace"))
        if found:
            blamed[str(path.relative_to(ROOT))] = found
    assert blamed == {}


@pytest.mark.parametrize("parts", [("https://py", "pi.org/simple"), ("--index", "-url x"), ("/ho", "me/ada/x")])
def test_a_planted_address_is_found(parts: tuple[str, str]) -> None:
    assert forbidden(f"see {''.join(parts)} for it")
    assert not forbidden(f"see {' '.join(parts)} for it")


# --- settings and the files that explain them ---


def sections(annotation: Any) -> type[BaseModel] | None:
    """The section model in a field's type: itself, or what a tuple of it holds; None for a plain value."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = [sections(part) for part in typing.get_args(annotation)]
    return next((model for model in inner if model is not None), None)


def keys(model: type[BaseModel], prefix: str = "") -> dict[str, Any]:
    """Every key of the settings, dotted, with its default; `...` where there is none."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        inner = sections(field.annotation)
        if inner is None:
            found[prefix + name] = ... if field.is_required() else field.get_default(call_default_factory=False)
        else:
            found |= keys(inner, f"{prefix}{name}.")
    return found


def explained(text: str) -> dict[str, str]:
    """Every key in a settings file, dotted, active or commented out, with the comment right above it."""
    found: dict[str, str] = {}
    section, comment = "", ""
    for line in text.splitlines():
        if heading := re.fullmatch(r"\[+([a-z_.0-9-]+)\]+", line):
            section, comment = heading[1] + ".", ""
        elif key := re.match(r"#?([a-z][a-z0-9_]*) = ", line):
            found.setdefault(section + key[1], comment)
            comment = ""
        elif line.startswith("# "):
            comment += line[1:]
        else:
            comment = ""
    return found


FILES = [
    pytest.param(edge.settings.Settings, ROOT / "deploy" / "edge" / "site.toml", id="site.toml"),
    pytest.param(hub.settings.Settings, ROOT / "deploy" / "hub" / "hub.toml", id="hub.toml"),
]


@pytest.mark.parametrize(("model", "path"), FILES)
def test_every_setting_is_explained_and_every_explanation_has_a_setting(model: type[BaseModel], path: Path) -> None:
    known = {key for key in keys(model) if key != "device"}
    said = {key: text for key, text in explained(path.read_text(encoding="utf-8")).items() if key[:7] != "device."}
    assert known - set(said) == set()
    assert set(said) - known == set()
    assert [key for key, comment in said.items() if len(comment) < 10] == []


@pytest.mark.parametrize(("model", "path"), FILES)
def test_a_value_called_the_default_is_the_default(model: type[BaseModel], path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    shown = flat(tomllib.loads(text))
    wrong = {
        key: (shown[key], default)
        for key, default in keys(model).items()
        if "(default)" in explained(text).get(key, "") and plain(default) != shown[key]
    }
    assert wrong == {}
    marked = sum("(default)" in comment for comment in explained(text).values())
    assert marked >= 10


def flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in table.items():
        first = value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else value
        if isinstance(first, dict):
            found |= flat(first, f"{prefix}{key}.")
        found[prefix + key] = value
    return found


def plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def test_the_sites_file_loads_once_its_placeholder_is_replaced(tmp_path: Path) -> None:
    text = (ROOT / "deploy" / "edge" / "site.toml").read_text(encoding="utf-8")
    written = tmp_path / "site.toml"
    written.write_text(text, encoding="utf-8")
    with pytest.raises(SiteSettingsWrong, match="fleet_salt is a placeholder"):
        edge.settings.load(written)
    written.write_text(text.replace(PLACEHOLDER, REAL), encoding="utf-8")
    settings = edge.settings.load(written)
    assert settings.station[0].shelves[0].reference_tag is not None


def test_the_hubs_file_loads_once_its_placeholder_is_replaced(tmp_path: Path) -> None:
    text = (ROOT / "deploy" / "hub" / "hub.toml").read_text(encoding="utf-8")
    written = tmp_path / "hub.toml"
    written.write_text(text, encoding="utf-8")
    with pytest.raises(HubSettingsWrong, match="fleet_salt is a placeholder"):
        hub.settings.load(written, {})
    written.write_text(text.replace(PLACEHOLDER, REAL), encoding="utf-8")
    assert hub.settings.load(written, {}).owners == ("CN-110105001",)


# --- drivers and commands ---

DRIVERS = {point.name: point for point in entry_points(group="microlib.devices")}


def test_the_drivers_that_are_installed_are_those_of_the_project() -> None:
    named = PROJECT["project"]["entry-points"]["microlib.devices"]
    assert {name: point.value for name, point in DRIVERS.items()} == named


@pytest.mark.parametrize("name", sorted(DRIVERS))
def test_a_driver_loads_and_its_options_are_explained(name: str) -> None:
    driver = DRIVERS[name].load()
    own = ROOT / "deploy" / "edge" / "drivers" / f"{name}.toml"
    text = (own if own.exists() else ROOT / "deploy" / "edge" / "site.toml").read_text(encoding="utf-8")
    devices = tomllib.loads(text)["device"]
    section = next(key for key, options in devices.items() if options["driver"] == name)
    said = explained(text)
    missing = [key for key in driver.Options.model_fields if len(said.get(f"device.{section}.{key}", "")) < 10]
    assert missing == []
    defaults = {key: field.default for key, field in driver.Options.model_fields.items() if not field.is_required()}
    shown = devices[section]
    assert {key: shown[key] for key, default in defaults.items() if plain(default) != shown[key]} == {}
    for options in devices.values():
        if options["driver"] == name:
            driver.Options.model_validate({key: value for key, value in options.items() if key != "driver"})


COMMANDS = sorted(PROJECT["project"]["scripts"])


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_explains_itself(command: str) -> None:
    program = Path(sys.executable).parent / command
    environment = {**os.environ, "COLUMNS": "100"}
    done = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert command in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("unit", ["deploy/edge/microlib-edge.service", "deploy/hub/microlib-hub.service"])
def test_a_service_calls_a_command_that_there_is(unit: str) -> None:
    text = (ROOT / unit).read_text(encoding="utf-8")
    calls = re.findall(r"^Exec\w+=/opt/microlib/venv/bin/(\S+) (\S+) --config (\S+)$", text, re.MULTILINE)
    assert calls
    for command, subcommand, config in calls:
        program = Path(sys.executable).parent / command
        done = subprocess.run([program, subcommand, "--help"], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{command} {subcommand}: {done.stderr}"
        assert "--config" in done.stdout
        assert config in {"/etc/microlib/site.toml", "/etc/microlib/hub.toml"}
