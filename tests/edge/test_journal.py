"""What the site wrote down is there afterwards: all of it up to some moment, or what its digests vouch for."""

import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.clock import Stamp
from edge.errors import StorageFailed
from edge.generation import Row
from edge.journal import OLD_COPIES, Journal
from protocol.envelope import ZERO, Aside, Envelope, chain, chain_all, read_event
from protocol.events import AgentStarted, DeviceFailed, EpochOpened, EpochReason
from protocol.names import BootId, CardTag, ClockTrust, DeviceName

BOOT = BootId("b0" * 16)
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def stamp(seconds: float = 0, clock: ClockTrust = ClockTrust.SYNCED) -> Stamp:
    return Stamp(NOON + timedelta(seconds=seconds), round(seconds * 1000), clock)


def fact(number: int) -> DeviceFailed:
    return DeviceFailed(device=DeviceName("reader-a"), driver="feig-obid", why=f"number {number} " + "x" * 150)


def opened(folder: Path, **more: int) -> Journal:
    return Journal.open(folder, boot=BOOT, random=os.urandom, stamp=stamp(), **more)


def rows(journal: Journal) -> tuple[Row, ...]:
    return journal.after(0, 100_000)


def said(row: Row) -> Envelope:
    event = read_event(row.body)
    assert isinstance(event, Envelope)
    return event


def filled(folder: Path, count: int) -> list[Row]:
    """A journal of `count` commits, each with its own number as kept state; its rows."""
    with opened(folder) as journal:
        for number in range(count):
            journal.commit([fact(number)], stamp(number), keep={"number": str(number), f"n/{number}": "y" * 40})
        return list(rows(journal))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with opened(tmp_path) as journal:
        yield journal


def test_a_new_journal_begins_with_the_event_that_opens_its_epoch(journal: Journal, tmp_path: Path) -> None:
    (first,) = rows(journal)
    assert said(first).fact == EpochOpened(reason=EpochReason.NEW)
    assert (journal.base, journal.last, journal.stored, journal.archived) == (1, 1, 0, 0)
    assert stat.S_IMODE((tmp_path / "journal.db").stat().st_mode) == 0o600


def test_places_are_dense_and_the_chain_runs_over_the_bytes_that_are_sent(journal: Journal) -> None:
    events = journal.commit([fact(1), fact(2)], stamp())
    held = rows(journal)
    assert [row.seq for row in held] == [1, 2, 3]
    assert [row.body for row in held[1:]] == [event.wire() for event in events]
    assert journal.digest_at(3) == chain_all(ZERO, [row.body for row in held])
    assert journal.digest_at(0) == ZERO
    assert journal.digest_at(4) is None


def test_a_restart_goes_on_in_the_same_epoch_with_the_same_state(tmp_path: Path) -> None:
    aside = Aside(salt="5a" * 16, card=CardTag("ca" * 16))
    with opened(tmp_path) as before:
        before.commit([fact(1), fact(2)], stamp(), keep={"visit/cabinet-1": "{}", "shelf/a": "1"}, asides={1: aside})
        before.commit([], stamp(), keep={"visit/cabinet-1": None})
        before.settle(2, 1)
        epoch = before.epoch
    with opened(tmp_path) as after:
        assert (after.epoch, after.last, after.stored, after.archived) == (epoch, 3, 2, 1)
        assert after.kept() == {"shelf/a": "1"}
        assert after.kept("visit/") == {}
        assert [row.aside for row in rows(after)] == [None, None, aside]


def test_a_commit_that_fails_leaves_everything_as_it_was(journal: Journal) -> None:
    journal.commit([fact(1)], stamp(), keep={"k": "old"})
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count = {pages}")  # a full disk, as SQLite sees it
    with pytest.raises(StorageFailed, match="full"):
        journal.commit([fact(n) for n in range(100)], stamp(), keep={"k": "new"})
    assert (journal.last, journal.kept()) == (2, {"k": "old"})
    journal._db.execute("PRAGMA max_page_count = 100000")
    journal.check()
    (event,) = journal.commit([fact(3)], stamp())
    assert event.seq == 3
    assert journal.digest_at(3) == chain_all(ZERO, [row.body for row in rows(journal)])


def test_a_second_agent_is_kept_out(journal: Journal, tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="another agent"):
        opened(tmp_path)
    assert journal.commit([fact(1)], stamp())


def test_a_place_that_cannot_hold_a_journal_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="file"):
        opened(tmp_path / "file")


def test_the_hubs_word_is_taken_up_and_down_but_never_beyond_the_journal(journal: Journal) -> None:
    journal.commit([fact(1), fact(2)], stamp())
    journal.settle(3, 2)
    journal.settle(1, 0)
    assert (journal.stored, journal.archived) == (1, 0)
    for stored, archived in [(4, 0), (1, 2), (-1, -1)]:
        with pytest.raises(ValueError, match="don't fit"):
            journal.settle(stored, archived)


def test_a_full_journal_still_takes_facts(tmp_path: Path) -> None:
    with opened(tmp_path, cap_mb=1) as journal:
        assert not journal.full
        journal.commit([fact(n) for n in range(2500)], stamp())
        assert journal.full
        assert journal.commit([fact(1)], stamp())


class TestNewEpoch:
    def test_carries_what_is_not_archived_byte_for_byte(self, journal: Journal) -> None:
        journal.commit([fact(n) for n in range(9)], stamp(), keep={"k": "v"})
        journal.settle(7, 4)
        before, old = rows(journal), journal.epoch
        event = journal.new_epoch(EpochReason.REWOUND, stamp(9))
        after = rows(journal)
        assert event.fact == EpochOpened(reason=EpochReason.REWOUND, predecessor=old, predecessor_last=10, carried=6)
        assert after[0].body == event.wire()
        assert [(r.id, r.body) for r in after[1:]] == [(r.id, r.body) for r in before[4:]]
        assert [r.seq for r in after] == list(range(1, 8))
        assert (journal.stored, journal.archived, journal.base) == (0, 0, 1)
        assert journal.epoch != old
        assert journal.kept() == {"k": "v"}
        assert journal.digest_at(7) == chain_all(ZERO, [r.body for r in after])

    def test_survives_a_restart(self, tmp_path: Path) -> None:
        with opened(tmp_path) as journal:
            journal.commit([fact(1)], stamp())
            journal.new_epoch(EpochReason.DIVERGED, stamp())
            held = rows(journal)
        with opened(tmp_path) as journal:
            assert rows(journal) == held

    def test_keeps_the_old_generations_but_not_all_of_them(self, journal: Journal, tmp_path: Path) -> None:
        old = []
        for _ in range(OLD_COPIES + 2):
            old.append(f"journal-{journal.epoch}.db")
            journal.new_epoch(EpochReason.REWOUND, stamp())
        assert {path.name for path in tmp_path.glob("journal-*.db")} == set(old[-OLD_COPIES:])

    def test_that_cannot_be_written_changes_nothing(self, journal: Journal) -> None:
        journal.commit([fact(n) for n in range(300)], stamp())
        held, epoch = rows(journal), journal.epoch
        pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
        journal._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StorageFailed):
            journal.new_epoch(EpochReason.REWOUND, stamp())
        assert (rows(journal), journal.epoch) == (held, epoch)


class TestForget:
    def test_only_what_is_archived_and_old(self, journal: Journal) -> None:
        for number in range(9):
            journal.commit([fact(number)], stamp(number * 100))
        journal.settle(8, 6)
        digest = journal.digest_at(4)
        assert journal.forget(stamp(1000), timedelta(seconds=799)) == 4  # the fifth is 700 s old
        assert (journal.base, journal.digest_at(4)) == (5, digest)
        assert journal.forget(stamp(10_000), timedelta(0)) == 2
        assert journal.base == 7
        assert journal.forget(stamp(10_000), timedelta(0)) == 0

    def test_nothing_by_a_clock_nobody_vouches_for(self, journal: Journal) -> None:
        journal.commit([fact(1)], stamp())
        journal.settle(2, 2)
        assert journal.forget(stamp(1e6, ClockTrust.UNSYNCED), timedelta(0)) == 0

    def test_rows_of_unknown_age_are_as_old_as_the_next_that_is_known(self, journal: Journal) -> None:
        wrong = Stamp(datetime(1970, 1, 1, tzinfo=UTC), 0, ClockTrust.UNSYNCED)
        journal.commit([fact(1)], wrong)
        journal.commit([fact(2)], stamp(100))
        journal.commit([fact(3)], wrong)
        journal.settle(4, 4)
        assert journal.forget(stamp(1000), timedelta(seconds=899)) == 3
        assert journal.base == 4

    def test_an_archived_card_is_forgotten_at_once(self, journal: Journal) -> None:
        aside = Aside(salt="5a" * 16, card=CardTag("ca" * 16))
        journal.commit([fact(1), fact(2)], stamp(), asides={0: aside, 1: aside})
        journal.settle(3, 2)
        journal.forget(stamp(), timedelta(days=30))
        assert [row.aside for row in rows(journal)] == [None, None, aside]

    def test_everything_and_the_chain_goes_on(self, tmp_path: Path) -> None:
        with opened(tmp_path) as journal:
            journal.commit([fact(1)], stamp())
            journal.settle(2, 2)
            assert journal.forget(stamp(9), timedelta(0)) == 2
            before = journal.digest_at(2)
        with opened(tmp_path) as journal:
            assert (journal.base, journal.last, rows(journal)) == (3, 2, ())
            (event,) = journal.commit([fact(3)], stamp())
            assert event.seq == 3
            assert before is not None
            assert journal.digest_at(3) == chain(before, event.wire())


FRAME, WAL_HEAD = 4096 + 24, 32


def reopened(files: dict[str, bytes], folder: Path) -> Journal:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return opened(folder)


def crash_files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ("journal.db", "journal.db-wal")}


def assert_one_moment_of(truth: list[Row], journal: Journal) -> None:
    """A prefix with the state that belonged to it; or a new epoch of true rows with a whole state or none."""
    held = rows(journal)
    first = said(held[0]).fact
    assert isinstance(first, EpochOpened)
    if first.reason is EpochReason.NEW:
        assert list(held) == truth[: len(held)]
        assert journal.kept() == state_after(len(held) - 1)
    else:
        assert first.reason is EpochReason.DAMAGED
        at = {row.id: place for place, row in enumerate(truth)}
        places = [at[row.id] for row in held[1:]]
        assert places == sorted(set(places))
        assert [row.body for row in held[1:]] == [truth[place].body for place in places]
        assert journal.kept() in [{}, state_after(int(journal.kept().get("number", -1)) + 1)]


def state_after(commits: int) -> dict[str, str]:
    """What `filled` keeps after so many commits."""
    if commits == 0:
        return {}
    return {"number": str(commits - 1), **{f"n/{number}": "y" * 40 for number in range(commits)}}


class TestPowerCuts:
    @pytest.fixture
    def cut(self, tmp_path: Path) -> tuple[dict[str, bytes], list[Row]]:
        with opened(tmp_path / "site") as journal:
            for number in range(14):
                journal.commit([fact(number)], stamp(number), keep={"number": str(number), f"n/{number}": "y" * 40})
                if number == 4:
                    journal.rest()
            return crash_files(tmp_path / "site"), list(rows(journal))

    def test_a_wal_cut_at_every_frame_leaves_a_prefix(
        self, cut: tuple[dict[str, bytes], list[Row]], tmp_path: Path
    ) -> None:
        files, truth = cut
        wal = files["journal.db-wal"]
        lengths = set()
        for size in sorted({*range(WAL_HEAD, len(wal) + 1, FRAME), *range(WAL_HEAD + 2000, len(wal), FRAME), 0, 7}):
            with reopened({**files, "journal.db-wal": wal[:size]}, tmp_path / "cut") as journal:
                assert_one_moment_of(truth, journal)
                lengths.add(journal.last)
        assert lengths >= set(range(6, 16))  # every commit since the last checkpoint was met

    def test_a_bit_flipped_in_any_frame_leaves_a_prefix(
        self, cut: tuple[dict[str, bytes], list[Row]], tmp_path: Path
    ) -> None:
        files, truth = cut
        dice = random.Random(1)
        for start in range(WAL_HEAD, len(files["journal.db-wal"]), FRAME):
            wal = bytearray(files["journal.db-wal"])
            wal[start + dice.randrange(FRAME)] ^= 1 << dice.randrange(8)
            with reopened({**files, "journal.db-wal": bytes(wal)}, tmp_path / "cut") as journal:
                assert_one_moment_of(truth, journal)

    def test_pages_of_different_moments_are_never_taken_for_one(self, tmp_path: Path) -> None:
        site = tmp_path / "site"
        moments, truth = [], filled(site, 12)
        for _ in range(2):
            with opened(site) as journal:
                start = journal.last - 1
                for number in range(start, start + 12):
                    keep = {"number": str(number), f"n/{number}": "y" * 40}
                    journal.commit([fact(number)], stamp(number), keep=keep)
                truth = list(rows(journal))
            moments.append((site / "journal.db").read_bytes())
        old, new = moments
        refused = 0
        for page in range(len(old) // 4096):
            mixed = new[: page * 4096] + old[page * 4096 : (page + 1) * 4096] + new[(page + 1) * 4096 :]
            with reopened({"journal.db": mixed}, tmp_path / "mixed") as journal:
                assert_one_moment_of(truth, journal)
                refused += journal.last != len(truth)
        assert refused >= 2

    def test_a_process_killed_between_commits_loses_nothing_it_said(self, tmp_path: Path) -> None:
        dice = random.Random(7)
        for _ in range(4):
            said_last = killed_after(tmp_path, dice.randrange(1, 60))
            with opened(tmp_path) as journal:
                assert said_last <= journal.last <= said_last + 1
                assert journal.kept()["last"] == str(journal.last)
                assert {said(row).epoch for row in rows(journal)} == {journal.epoch}


CHILD = """
import os, sys
from pathlib import Path
from tests.edge.test_journal import fact, opened, stamp
journal = opened(Path(sys.argv[1]))
while True:
    journal.commit([fact(1)], stamp(), keep={"last": str(journal.last + 1)})
    os.write(1, f"{journal.last}\\n".encode())
"""


def killed_after(folder: Path, lines: int) -> int:
    """Runs a child that commits and says so, kills it after so many lines; returns the last place it had said."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    for _ in range(lines):
        child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    rest = child.stdout.read().split()
    child.stdout.close()
    child.wait()
    with sqlite3.connect(folder / "journal.db") as db:
        newest = db.execute("SELECT max(seq) FROM event").fetchone()[0]
    db.close()
    return int(rest[-1]) if rest else newest


class TestDamage:
    """Rule E6: `edge.salvage`, seen through the journal."""

    def test_a_row_that_changed_is_left_behind_and_all_others_are_carried(self, tmp_path: Path) -> None:
        truth = filled(tmp_path, 20)
        with sqlite3.connect(tmp_path / "journal.db") as db:
            db.execute("UPDATE event SET body = CAST(replace(body, 'number 7 ', 'number 9 ') AS BLOB) WHERE seq = 9")
        db.close()
        with opened(tmp_path) as journal:
            held = rows(journal)
            first = said(held[0]).fact
            assert isinstance(first, EpochOpened)
            assert (first.reason, first.predecessor_last, first.carried) == (EpochReason.DAMAGED, 21, 20)
            assert first.predecessor == said(truth[0]).epoch
            assert [r.body for r in held[1:]] == [r.body for r in truth if r.seq != 9]
            assert journal.kept() == {}, "what the lost event changed would never be told"
        assert (tmp_path / "journal-damaged-1.db").exists()

    def test_a_damage_that_costs_no_event_the_hub_may_lack_costs_no_state(self, tmp_path: Path) -> None:
        truth = filled(tmp_path, 20)
        with opened(tmp_path) as journal:
            journal.settle(12, 9)
            journal.rest()
        with sqlite3.connect(tmp_path / "journal.db") as db:
            db.execute("UPDATE event SET body = CAST(replace(body, 'number 7 ', 'number 9 ') AS BLOB) WHERE seq = 9")
        db.close()
        with opened(tmp_path) as journal:
            assert [r.body for r in rows(journal)[1:]] == [r.body for r in truth if r.seq > 9]
            assert journal.kept()["number"] == "19"

    def test_flipped_bits_anywhere_in_the_file_lose_only_what_they_touch(self, tmp_path: Path) -> None:
        truth = filled(tmp_path / "site", 60)
        whole = (tmp_path / "site" / "journal.db").read_bytes()
        dice = random.Random(3)
        for _ in range(60):
            broken = bytearray(whole)
            broken[dice.randrange(len(broken))] ^= 1 << dice.randrange(8)
            with reopened({"journal.db": bytes(broken)}, tmp_path / "flip") as journal:
                assert_one_moment_of(truth, journal)

    @pytest.mark.parametrize("content", [b"", b"not a database at all" * 500, bytes(8192)])
    def test_a_file_that_is_no_journal_is_put_aside(self, tmp_path: Path, content: bytes) -> None:
        with reopened({"journal.db": content}, tmp_path / "site") as journal:
            assert said(rows(journal)[0]).fact == EpochOpened(reason=EpochReason.DAMAGED)
        assert (tmp_path / "site" / "journal-damaged-1.db").read_bytes() == content

    def test_what_is_put_aside_is_kept_with_its_wal_as_it_was_found(self, tmp_path: Path) -> None:
        with opened(tmp_path / "site") as journal:
            journal.commit([fact(1)], stamp())
            files = crash_files(tmp_path / "site")
        files["journal.db"] = files["journal.db"][:8192] + bytes(len(files["journal.db"]) - 8192)
        wal = files["journal.db-wal"]
        files["journal.db-wal"] = wal[: WAL_HEAD + FRAME] + bytes(len(wal) - WAL_HEAD - FRAME)
        folder = tmp_path / "cut"
        reopened(files, folder).close()
        assert (folder / "journal-damaged-1.db").read_bytes() == files["journal.db"]
        assert (folder / "journal-damaged-1.db-wal").read_bytes() == files["journal.db-wal"]

    def test_half_a_state_is_no_state(self, tmp_path: Path) -> None:
        filled(tmp_path, 5)
        with sqlite3.connect(tmp_path / "journal.db") as db:
            db.execute("DELETE FROM keep WHERE key = 'n/2'")
        db.close()
        with opened(tmp_path) as journal:
            assert journal.kept() == {}
            assert journal.last == 7

    def test_only_what_is_not_archived_is_carried(self, tmp_path: Path) -> None:
        with opened(tmp_path) as journal:
            journal.commit([fact(n) for n in range(9)], stamp())
            journal.settle(8, 6)
        with sqlite3.connect(tmp_path / "journal.db") as db:
            db.execute("UPDATE event SET digest = zeroblob(16) WHERE seq = 3")
        db.close()
        with opened(tmp_path) as journal:
            assert [said(row).seq for row in rows(journal)] == [1, 7, 8, 9, 10]

    def test_a_power_cut_between_any_two_renames_loses_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        truth = filled(tmp_path / "site", 8)
        with sqlite3.connect(tmp_path / "site" / "journal.db") as db:
            db.execute("UPDATE event SET digest = zeroblob(16) WHERE seq = 9")
        db.close()
        broken = (tmp_path / "site" / "journal.db").read_bytes()
        really = Path.rename
        cuts = 0
        for survived in range(8):
            done = 0

            def rename(self: Path, target: Path, survived: int = survived) -> Path:
                nonlocal done
                if done == survived:
                    raise OSError("power cut")
                done += self.exists()
                return really(self, target)

            with monkeypatch.context() as patched:
                patched.setattr(Path, "rename", rename)
                try:
                    reopened({"journal.db": broken}, tmp_path / "cut").close()
                except StorageFailed:
                    cuts += 1
            with opened(tmp_path / "cut") as journal:
                assert [r.body for r in rows(journal)[1:]] == [r.body for r in truth[:8]]
            assert (tmp_path / "cut" / "journal-damaged-1.db").read_bytes() == broken
        assert cuts >= 3

    def test_an_agents_start_is_recorded_after_damage_as_ever(self, tmp_path: Path) -> None:
        (tmp_path / "journal.db").write_bytes(b"x" * 5000)
        with opened(tmp_path) as journal:
            (event,) = journal.commit([AgentStarted(version="1")], stamp())
            assert event.seq == 2
