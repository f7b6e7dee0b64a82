"""`microlib-edge` as an installer uses it: check, status, relock, against a cabinet and without one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware_sim import catalogue, settings
from firmware_sim.cabinet import CONTACT_PIN, LOCK_PIN, Cabinet
from firmware_sim.ports import free_port
from tests import rig


@dataclass
class Installed:
    """A cabinet and the site.toml that fits it."""

    cabinet: Cabinet
    config: Path

    def run(self, command: str, *, on_a_pi: bool = True) -> "subprocess.CompletedProcess[str]":
        wires = {"PYTHONPATH": str(rig.SHIMS), "MICROLIB_BOARD": str(self.cabinet.paths.board)} if on_a_pi else {}
        return subprocess.run(
            [sys.executable, "-m", "edge", command, "--config", str(self.config)],
            env={**os.environ, **wires},
            capture_output=True,
            text=True,
            timeout=60,
        )


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installed]:
    with rig.cabinet("installed") as cabinet:
        devices = {
            "card": {"driver": "mfrc522"},
            "door": {"driver": "gpio-door", "lock_pin": LOCK_PIN, "contact_pin": CONTACT_PIN},
            **{f"shelf-{s.lower()}": {"driver": "feig-obid", "port": str(cabinet.paths.readers[s])} for s in "AB"},
        }
        references = {catalogue.SHELVES[n]: cabinet.shelves[s].reference.uid for n, s in enumerate("AB")}
        kept = settings.keep(tmp_path)
        config = settings.write_site(
            tmp_path / "site", kept, catalogue.PARTNERS[0], 1883, free_port(), references, devices
        )
        yield Installed(cabinet, config)


def test_check_opens_every_device_and_says_what_answers(installed: Installed) -> None:
    done = installed.run("check")
    assert done.returncode == 0
    assert "MFRC522" in done.stdout
    assert "FEIG" in done.stdout
    assert "the door is shut" in done.stdout
    assert "4 of 4 devices answer" in done.stdout


def test_check_names_the_device_that_does_not_answer_and_fails(installed: Installed) -> None:
    installed.cabinet.unplug("reader-B")
    done = installed.run("check")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if "FAILED" in line]
    assert line.startswith("shelf-b")
    assert "Traceback" not in done.stderr


def test_check_off_a_pi_says_what_to_install(installed: Installed) -> None:
    done = installed.run("check", on_a_pi=False)
    assert done.returncode == 1
    assert "install microlib[pi]" in done.stdout
    assert "Traceback" not in done.stderr


def test_relock_lets_no_strike_stay_on(installed: Installed) -> None:
    installed.cabinet.door.drive(0)
    assert installed.cabinet.strike_energised
    assert installed.run("relock").returncode == 0
    assert not installed.cabinet.strike_energised


def test_status_without_an_agent_says_so_and_fails(installed: Installed) -> None:
    done = installed.run("status")
    assert done.returncode == 1
    assert "no agent answers" in done.stderr


@pytest.mark.parametrize("command", ["run", "check", "status", "relock"])
def test_a_settings_file_that_is_wrong_is_a_sentence_and_no_trace(installed: Installed, command: str) -> None:
    installed.config.write_text(installed.config.read_text().replace('site = "', 'colour = "blue"\nsite = "'))
    done = installed.run(command)
    assert done.returncode == 1
    assert "colour" in done.stderr
    assert "site.toml" in done.stderr
    assert "Traceback" not in done.stderr
