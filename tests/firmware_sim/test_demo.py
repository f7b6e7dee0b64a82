"""The demo as people start it: a whole run, ends of every kind, and what it refuses."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from firmware_sim.__main__ import main

PASSWORD = "a-password-for-tests"


def started(folder: Path, *words: str) -> "subprocess.Popen[str]":
    command = (sys.executable, "-m", "firmware_sim", "demo", "--dir", str(folder), "--ports", "free", *words)
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def until(demo: "subprocess.Popen[str]", words: str) -> str:
    """Everything it says up to a line with these words."""
    assert demo.stdout is not None
    said = ""
    for line in demo.stdout:
        said += line
        if words in line:
            return said
    pytest.fail(f"{words!r} never came: {said}")


def mentioning(folder: Path) -> list[int]:
    """Processes that were started with the folder's name among their words."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            words = (process / "cmdline").read_bytes()
        except (NotADirectoryError, FileNotFoundError, ProcessLookupError):
            continue
        if process.name.isdigit() and os.fsencode(folder) in words:
            found.append(int(process.name))
    return found


def soon(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 15
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
    return true()


def refused(capsys: pytest.CaptureFixture[str], words: Sequence[str]) -> str:
    assert main(words) == 1
    return capsys.readouterr().err


@pytest.mark.story
def test_a_few_visits_end_with_truth_and_hub_agreeing_and_nobody_left_behind(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with started(folder, "--visits", "6", "--exit", "--faults", "off", "--verbose", "--password", PASSWORD) as demo:
        said, _ = demo.communicate(timeout=170)
    assert demo.returncode == 0, said
    assert "128 of 128 items are where the hub says they are" in said
    assert re.search(r"^6 visits", said, re.MULTILINE)
    assert len(re.findall(r"^  \d{14}  .* \|  hub: ", said, re.MULTILINE)) == 128
    for site in ("harbour-bank", "garden-room"):
        assert f"on shelf {'A' if site == 'harbour-bank' else 'room'} at {site}" in said
    assert re.search(r"\|  hub: on (shelf \d\d at|loan to R\d+, from) east-station", said), "nothing was in the locker"
    assert f"password: {PASSWORD}" in said
    assert re.search(r"Restock +http://\S+/restock/plans/1 +a campaign runs, a plan awaits approval", said)
    assert soon(lambda: not mentioning(folder))


@pytest.mark.story
def test_ctrl_c_ends_with_the_truth_check(tmp_path: Path) -> None:
    with started(tmp_path / "demo", "--no-people", "--broker", "amqtt") as demo:
        assert "amqtt" in until(demo, "Ctrl-C ends it")
        demo.send_signal(signal.SIGINT)
        said, _ = demo.communicate(timeout=120)
    assert demo.returncode == 0, said
    assert "128 of 128" in said


@pytest.mark.story
def test_a_demo_that_is_killed_leaves_nobody_behind(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with started(folder) as demo:
        until(demo, "Everything is up")
        assert len(mentioning(folder)) > 4
        demo.kill()
        demo.wait(10)
    assert soon(lambda: not mentioning(folder))


@pytest.mark.story
def test_a_hub_that_dies_is_named_with_its_last_words(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with started(folder) as demo:
        until(demo, "Everything is up")
        hub = next(pid for pid in mentioning(folder) if b"serve" in Path(f"/proc/{pid}/cmdline").read_bytes())
        os.kill(hub, signal.SIGKILL)
        said, _ = demo.communicate(timeout=60)
    assert demo.returncode == 1
    assert "hub ended by itself, status -9" in said
    assert "hub.log" in said


def test_a_taken_port_is_told_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refused(capsys, ["demo", "--dir", str(tmp_path / "demo"), "--ports", f"hub={port}"])
    assert f"port {port}" in said
    assert said.count("\n") == 1


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    said = refused(capsys, ["demo", "--dir", str(tmp_path), "--ports", "free"])
    assert "no demo made" in said
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["demo", "--visits", "many"], "no number from 1 up"),
        (["demo", "--speed", "0"], "no speed"),
        (["demo", "--ports", "fridge=1"], "hub="),
        (["demo", "--password", "short"], "10 characters"),
        ([], "COMMAND"),
    ],
)
def test_wrong_words_are_told(words: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(words)
    assert why in capsys.readouterr().err
