"""The demo's settings files are ones its programs accept."""

import tomllib
from pathlib import Path

import pytest

from edge import furniture
from edge.settings import load as load_site
from firmware_sim import settings
from firmware_sim.cabinet import Cabinet
from firmware_sim.catalogue import PARTNERS
from firmware_sim.fittings import fitted
from firmware_sim.lockerwall import LockerWall
from firmware_sim.readingroom import ReadingRoom
from hub.settings import load as load_hub
from protocol.cards import site_key


@pytest.fixture
def kept(tmp_path: Path) -> settings.Secrets:
    return settings.keep(tmp_path)


def test_the_hub_reads_its_file(tmp_path: Path, kept: settings.Secrets) -> None:
    hub = load_hub(settings.write_hub(tmp_path, kept, 8000, 18830))
    assert hub.listen.port == 8000
    assert hub.broker.port == 18830
    assert hub.master_key().hex() == kept.master_key


@pytest.mark.parametrize("partner", PARTNERS, ids=lambda p: p.site)
def test_each_site_reads_its_file_and_has_its_own_key(tmp_path: Path, kept: settings.Secrets, partner: object) -> None:
    assert isinstance(partner, type(PARTNERS[0]))
    folder = tmp_path / partner.site
    folder.mkdir()
    cabinet = Cabinet(partner.site, folder)
    site = load_site(settings.write_site(folder, kept, partner, 18831, 8101, fitted(cabinet)))
    assert site.site == partner.site
    assert site.name["zh-CN"] == partner.name_zh
    assert site.site_key() == site_key(bytes.fromhex(kept.master_key), partner.site)
    (station,) = site.station
    assert isinstance(station, furniture.Cabinet)
    assert [(s.name, s.reference_tag) for s in station.shelves] == [
        (name, shelf.reference.uid) for name, shelf in cabinet.shelves.items()
    ]


def test_a_reading_rooms_stations_are_ones_the_agent_knows(tmp_path: Path, kept: settings.Secrets) -> None:
    (tmp_path / "room").mkdir()
    made = ReadingRoom("garden-room", tmp_path / "room")
    site = load_site(settings.write_site(tmp_path / "room", kept, PARTNERS[2], 18831, 8101, fitted(made)))
    assert [station.kind for station in site.station] == ["room", "desk", "gate"]
    assert set(site.devices()) == set(site.device)


def test_a_locker_walls_stations_are_ones_the_agent_knows(tmp_path: Path, kept: settings.Secrets) -> None:
    (tmp_path / "wall").mkdir()
    made = LockerWall("east-station", tmp_path / "wall")
    site = load_site(settings.write_site(tmp_path / "wall", kept, PARTNERS[1], 18831, 8101, fitted(made)))
    assert [station.kind for station in site.station] == ["locker", "drop"]
    assert set(site.devices()) == set(site.device)
    locker = site.station[0]
    assert isinstance(locker, furniture.Locker)
    assert list(locker.names()) == list(made.latches)


def test_secrets_are_made_once_and_readable_by_nobody_else(tmp_path: Path, kept: settings.Secrets) -> None:
    assert settings.keep(tmp_path) == kept
    assert settings.Secrets.new() != kept
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())


def test_names_in_any_script_survive(tmp_path: Path, kept: settings.Secrets) -> None:
    path = settings.write_hub(tmp_path / '馆 "1"', kept, 1, 2)
    assert tomllib.loads(path.read_text(encoding="utf-8"))["data_dir"] == str(tmp_path / '馆 "1"' / "hub")
