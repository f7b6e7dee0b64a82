"""`microlib-edge` as an installer uses it: check, status, relock, against a cabinet and without one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from edge.clock import Clock
from edge.journal import Journal
from edge.settings import load
from edge.shelf import Shelf, Standing
from edge.stations.selftest import Trial
from edge.stations.state import Memory
from firmware_sim import catalogue, settings
from firmware_sim.cabinet import Cabinet
from firmware_sim.fittings import fitted
from firmware_sim.ports import free_port
from protocol.events import SelfTested
from protocol.names import BootId, ShelfName, TagUid
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
        kept = settings.keep(tmp_path)
        config = settings.write_site(tmp_path / "site", kept, catalogue.PARTNERS[0], 1883, free_port(), fitted(cabinet))
        yield Installed(cabinet, config)


def test_check_opens_every_device_and_says_what_answers(installed: Installed) -> None:
    done = installed.run("check")
    assert done.returncode == 0
    assert "MFRC522" in done.stdout
    assert "FEIG" in done.stdout
    assert "the door is shut" in done.stdout
    assert "4 of 4 devices answer" in done.stdout


def test_check_tries_scanners_and_switches_too(installed: Installed) -> None:
    computer = installed.cabinet.computer
    computer.switch(22, lambda: True)
    _, port = computer.scanner("scanner")
    computer.unplug("scanner", False)
    with installed.config.open("a") as config:
        config.write(f'\n[device.scanner]\ndriver = "gm65"\nport = "{port}"\n')
        config.write('\n[device.exit]\ndriver = "gpio-contact"\npin = 22\n')
    done = installed.run("check")
    assert "no code before it" in done.stdout
    assert "it is on" in done.stdout
    assert "6 of 6 devices answer" in done.stdout


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


def test_check_counts_every_shelf_and_knows_its_reference_tag(installed: Installed) -> None:
    done = installed.run("check")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("  B ")]
    assert line.split()[1] == "ok"
    assert line.endswith("0 of 0 known tags in 3 rounds, reference tag in 3")
    assert "no self-test yet" in done.stdout


def test_check_fails_where_a_shelf_does_not_see_what_the_journal_says_stands_on_it(installed: Installed) -> None:
    standing = tuple(Standing(tag=TagUid(f"E00401000001{n:04X}"), seen=4, rounds=4) for n in range(5))
    memory = Memory(shelves=(Shelf(name=ShelfName("A"), counted=True, standings=standing),))
    tested = SelfTested.model_validate(
        {"station": "cabinet-1", "ok": False, "parts": [{"part": "door", "ok": False, "says": "open now"}]}
    )
    trial = Trial(night=date(2026, 11, 23), fact=tested)
    settings = load(installed.config)
    clock = Clock.system("host")
    boot = BootId("0" * 32)
    with Journal.open(settings.data_dir, boot=boot, random=os.urandom, stamp=clock.stamp(), site=settings.site) as kept:
        keep = {"shelf/cabinet-1": memory.model_dump_json(), "trial/cabinet-1": trial.model_dump_json()}
        kept.commit((), clock.stamp(), keep=keep)
    done = installed.run("check")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("  A ")]
    assert line.split()[1] == "FAILED"
    assert "0 of 5 known tags" in line
    assert "self-test of the night of 2026-11-23: 1 of 1 parts failed\n  door" in done.stdout


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
