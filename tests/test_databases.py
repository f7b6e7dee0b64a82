"""No database is left out unnoticed."""

import pytest

from tests import databases


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "server_binaries", lambda: None)


def test_without_a_server_ci_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(RuntimeError, match="CI must test on PostgreSQL too"):
        databases.needed_binaries()


def test_without_a_server_a_persons_run_says_so_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no PostgreSQL server is installed"):
        databases.needed_binaries()
