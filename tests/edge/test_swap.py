"""A card that was in another site's machine: nothing of one site's is ever said in another's name."""

import os
import sqlite3
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from edge import salvage
from edge.directory import Mirror
from edge.errors import StorageFailed
from edge.journal import Journal
from protocol.envelope import Envelope, read_event
from protocol.events import EpochOpened, EpochReason
from tests.edge.test_journal import BOOT, fact, rows, said, stamp
from tests.edge.whole import directory

HARBOUR, SCHOOL = "harbour-bank", "garden-school"


def opened(folder: Path, site: str) -> Journal:
    return Journal.open(folder, boot=BOOT, random=os.urandom, stamp=stamp(), site=site)


def facts(journal: Journal) -> list[object]:
    return [event.fact for row in rows(journal) if isinstance(event := read_event(row.body), Envelope)]


def test_another_sites_journal_is_put_aside_and_nothing_of_it_is_used(tmp_path: Path) -> None:
    with opened(tmp_path, SCHOOL) as school:
        school.commit([fact(1)], stamp(), keep={"visit/cabinet-1": "{}"})
    with opened(tmp_path, HARBOUR) as harbour:
        assert facts(harbour) == [EpochOpened(reason=EpochReason.SWAPPED)]
        assert harbour.kept() == {}
    assert (tmp_path / f"journal-of-{SCHOOL}.db").exists()


def test_a_card_that_comes_back_goes_on_with_its_events_but_not_with_its_open_visit(tmp_path: Path) -> None:
    with opened(tmp_path, SCHOOL) as school:
        school.commit([fact(1), fact(2)], stamp(), keep={"visit/cabinet-1": "{}"})
        before, epoch = rows(school), school.epoch
    with opened(tmp_path, HARBOUR) as harbour:
        harbour.commit([fact(3)], stamp())
    with opened(tmp_path, SCHOOL) as again:
        first, *carried = rows(again)
        assert said(first).fact == EpochOpened(
            reason=EpochReason.SWAPPED, predecessor=epoch, predecessor_last=3, carried=3
        )
        assert [row.body for row in carried] == [row.body for row in before]
        assert again.kept() == {}
        assert again.epoch != epoch
    assert (tmp_path / f"journal-of-{HARBOUR}.db").exists()
    assert not (tmp_path / f"journal-of-{SCHOOL}.db").exists()
    assert (tmp_path / f"journal-{epoch}.db").exists()


def test_what_was_carried_once_is_not_carried_again(tmp_path: Path) -> None:
    for site in (SCHOOL, HARBOUR, SCHOOL):
        with opened(tmp_path, site) as journal:
            journal.commit([fact(1)], stamp())
    with opened(tmp_path, SCHOOL) as journal:
        count = len(rows(journal))
    with opened(tmp_path, SCHOOL) as journal:
        assert len(rows(journal)) == count == 4


def test_a_journal_of_an_older_version_is_the_sites_that_finds_it(tmp_path: Path) -> None:
    with opened(tmp_path, "") as old:
        old.commit([fact(1)], stamp())
        epoch = old.epoch
    with opened(tmp_path, HARBOUR) as journal:
        assert (journal.epoch, journal.last) == (epoch, 2)
        journal.commit([fact(2)], stamp())
    assert salvage.owner(tmp_path) == HARBOUR


@pytest.mark.parametrize("moment", range(8))
def test_a_power_cut_at_any_rename_leaves_everything_to_be_found(
    tmp_path: Path, moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends at the n-th change of a name; whatever was there is carried by the next start."""
    with opened(tmp_path, SCHOOL) as school:
        school.commit([fact(1)], stamp())
        events = {row.id for row in rows(school)}
    with opened(tmp_path, HARBOUR):
        pass
    left = moment
    rename = Path.rename

    def cut(self: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError("power cut")
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", cut)
        with suppress(StorageFailed):
            opened(tmp_path, SCHOOL).close()
    with opened(tmp_path, SCHOOL) as again:
        assert events <= {row.id for row in rows(again)}
        assert len({row.id for row in rows(again)}) == len(rows(again))


def test_a_directory_of_another_site_is_asked_for_anew(tmp_path: Path) -> None:
    mirror = Mirror.open(tmp_path, SCHOOL)
    assert mirror.apply(directory(), stamp())
    mirror.close()
    same = Mirror.open(tmp_path, SCHOOL)
    assert same.version == 7
    same.close()
    other = Mirror.open(tmp_path, HARBOUR)
    assert (other.version, other.policy(), other.lost) == (0, None, 1)
    other.close()


def test_room_that_was_freed_is_given_back(tmp_path: Path) -> None:
    with opened(tmp_path, HARBOUR) as journal:
        for number in range(2000):
            journal.commit([fact(number)], stamp(number))
        journal.rest()
        full = (tmp_path / "journal.db").stat().st_size
        journal.settle(journal.last, journal.last)
        while journal.forget(stamp(10**8), timedelta(days=1)):
            pass
        journal.rest()
        assert (tmp_path / "journal.db").stat().st_size < full / 20
        assert (tmp_path / "journal.db-wal").stat().st_size == 0


def test_years_of_events_take_no_more_room_than_the_days_that_are_kept(tmp_path: Path) -> None:
    day, largest = 86_400, 0
    with opened(tmp_path, HARBOUR) as journal:
        for number in range(400):
            journal.commit([fact(number)] * 20, stamp(number * day))
            journal.settle(journal.last, max(0, journal.last - 40))
            journal.forget(stamp(number * day), timedelta(days=30))
            journal.rest()
            largest = max(largest, sum(file.stat().st_size for file in tmp_path.iterdir()))
    assert largest < 2**20


def test_of_damaged_files_the_newest_are_kept(tmp_path: Path) -> None:
    for number in range(salvage.KEPT + 3):
        with opened(tmp_path, HARBOUR) as journal:
            journal.commit([fact(number)], stamp())
        with closing(sqlite3.connect(tmp_path / "journal.db")) as db, db:
            db.execute("UPDATE event SET body = x'00' WHERE seq = (SELECT max(seq) FROM event)")
    with opened(tmp_path, HARBOUR):
        kept = sorted(int(f.stem.rsplit("-", 1)[1]) for f in tmp_path.glob("journal-damaged-*.db"))
    assert kept == list(range(4, salvage.KEPT + 4))
