"""`microlib-hub ingest` from the command line, and what is said when it can't be."""

from pathlib import Path

import pytest

from hub import claim
from hub.cli import main
from tests.hub.test_claim import holder
from tests.hub.test_serve import config_in


@pytest.mark.parametrize("command", ["ingest", "serve"])
def test_shards_that_another_process_has_end_it_with_a_sentence(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(claim, "PATIENCE_S", 0.0)
    config = str(config_in(tmp_path, 1, 0))
    with holder(f"sqlite:///{tmp_path / 'hub.sqlite3'}", "40"):
        assert main([command, "--config", config, "--shards", "00-7f"]) == 1
    said = capsys.readouterr().err
    assert "another process takes in shards 40 of this ledger" in said
    assert "Traceback" not in said


def test_a_worker_without_shards_is_no_worker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ingest", "--config", str(config_in(tmp_path, 1, 0)), "--shards", "none"]) == 1
    assert "a worker needs shards to take in" in capsys.readouterr().err


def test_shards_that_are_none_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["ingest", "--config", str(tmp_path / "hub.toml"), "--shards", "0-7"])
    assert ended.value.code == 2
    assert "no range of shards" in capsys.readouterr().err
