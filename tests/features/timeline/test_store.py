"""What was noted is kept and found, merged without being counted twice: over restarts, kills, full disks and broken
files, within bounds."""

import logging
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from support.timeline_notes import WALL, entries, found, note, open_store

from askcam.features.timeline.config import TimelineBounds
from askcam.features.timeline.errors import TimelineError
from askcam.features.timeline.merging import Digest
from askcam.features.timeline.note import Note
from askcam.features.timeline.store import NoteStore
from askcam.features.timeline.tables import NAME

PROGRAM = Path(__file__).parent / "crashing.py"
DAY_S = 86_400.0


def digests(store: NoteStore, level: str) -> list[Digest]:
    rows = store.db.execute("SELECT document FROM entries WHERE level = ? ORDER BY start", (level,))
    return [msgspec.json.decode(document, type=Digest) for (document,) in rows]


def test_words_in_english_and_chinese_find_their_notes(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.add(note(0, came=("a red van", "two apples")), None, WALL)
    store.add(note(60, went=("a red van",)), None, WALL)
    store.add(note(120, text="门口出现了一辆蓝色货车。"), None, WALL)
    assert found(store, "vans", "note") == ["a red van disappeared.", "a red van appeared. two apples appeared."]
    assert found(store, "red apple", "note") == ["a red van appeared. two apples appeared."]
    assert found(store, "货车", "note") == ["门口出现了一辆蓝色货车。"]
    assert found(store, "车货", "note") == []
    assert found(store, "car", "note") == []
    store.close()


def test_a_question_finds_the_coming_or_the_going(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for at in (0, 600):
        store.add(note(at, came=("a van",)), None, WALL)
        store.add(note(at + 300, went=("a van",), came=("a cat",)), None, WALL)
    at = [entry.start for entry in entries(store, "when did the van leave?", "note")]
    assert at == ["2025-10-09T10:15:00.000000Z", "2025-10-09T10:05:00.000000Z"]
    assert [entry.start for entry in entries(store, "when did the van first appear?", "note", oldest_first=True)] == [
        "2025-10-09T10:00:00.000000Z",
        "2025-10-09T10:10:00.000000Z",
    ]
    assert entries(store, "when did the cat leave?") == []
    store.close()


@pytest.mark.parametrize("oldest_first", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_of_either_order_are_the_list(tmp_path: Path, oldest_first: bool, limit: int) -> None:
    store = open_store(tmp_path)
    for i in (3, 1, 4, 1, 5, 9, 2, 6):  # two at one moment
        store.add(note(i), None, WALL)
    whole = [entry.id for entry in entries(store, level="note", oldest_first=oldest_first)]
    paged: list[int] = []
    while page := entries(store, "", "note", limit, oldest_first=oldest_first, before=paged[-1] if paged else None):
        paged += [entry.id for entry in page]
    assert paged == whole
    assert len(whole) == 8
    store.close()


def test_spans_and_cameras_cut_the_list(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for i in range(6):
        store.add(note(i * 600.0, camera="lobby" if i % 2 else "desk"), None, WALL)
    between = {"since": WALL + 600, "until": WALL + 2400}
    assert [entry.start[11:16] for entry in entries(store, level="note", **between)] == ["10:30", "10:20", "10:10"]
    assert [entry.start[11:16] for entry in entries(store, level="note", camera="lobby", **between)] == [
        "10:30",
        "10:10",
    ]
    hours = entries(store, level="hour", camera="lobby", since=WALL + 1800, until=WALL + 1801)
    assert [(entry.start, entry.end) for entry in hours] == [
        ("2025-10-09T10:00:00.000000Z", "2025-10-09T11:00:00.000000Z")
    ]
    store.close()


def test_notes_are_merged_once_to_minutes_hours_and_days(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.add(note(0, came=("an apple",)), None, WALL)
    store.add(note(30, went=("an apple",)), None, WALL)
    store.close()
    store = open_store(tmp_path)
    store.add(note(90, came=("an apple",)), None, WALL)
    store.hear([Note("lobby", WALL + 95, WALL + 95, "[on] door", event=3, kind="on")], 3, WALL)
    assert found(store, level="minute") == [
        "1 note. 1 event (on 1). Appeared: an apple. Seen: an apple.",
        "2 notes. Appeared: an apple. Disappeared: an apple. Seen: an apple.",
    ]
    (day,) = digests(store, "day")
    assert (day.notes, day.events) == (3, {"on": 1})
    assert (day.things["apple"].came, day.things["apple"].went) == (2, 1)
    assert (day.things["apple"].first, day.things["apple"].last) == (WALL, WALL + 91)
    assert (store.heard, len(entries(store))) == (3, 4)
    (entry,) = entries(store, level="day")
    assert (entry.start, entry.end) == ("2025-10-08T22:00:00.000000Z", "2025-10-09T22:00:00.000000Z")
    store.close()


def test_detail_goes_by_age_and_what_is_coarser_stands_for_it(tmp_path: Path) -> None:
    store = open_store(tmp_path, TimelineBounds(detail_days=2, max_days=10))
    for day in range(0, 14):
        store.add(note(day * DAY_S, came=(f"thing{day}",)), b"jpeg", WALL + day * DAY_S)
    counts = store.counts()
    assert counts["note"] == counts["minute"] == 3
    assert counts["hour"] == 11
    listed = entries(store)
    assert [entry.level for entry in listed] == ["note"] * 3 + ["hour"] * 8
    assert len({entry.start[:10] for entry in listed}) == 11
    assert [entry.level for entry in entries(store, "thing5")] == ["hour"]
    assert entries(store, "thing2") == []
    store.close()


def test_the_database_stays_within_its_bytes_and_notes_go_before_days(tmp_path: Path) -> None:
    bound = 1 << 20
    store = open_store(tmp_path, TimelineBounds(max_bytes=bound))
    for i in range(400):
        store.add(note(i * 1000.0, came=(f"thing{i}", "an apple")), bytes(8000), WALL)
        assert store.num_bytes <= bound
    counts = store.counts()
    assert 20 < counts["note"] < 200
    assert counts["day"] == 6
    assert counts["hour"] == 111
    listed = entries(store)
    assert "thing399" in listed[0].text
    assert {entry.level for entry in listed} >= {"note", "minute"}
    starts = [entry.start for entry in listed]
    assert starts == sorted(starts, reverse=True)
    assert [entry.level for entry in listed] == ["note"] * counts["note"] + ["minute"] * (400 - counts["note"])
    store.close()
    assert sum(path.stat().st_size for path in tmp_path.glob(f"{NAME}*")) <= bound + (8 << 20)  # with its journal


def test_on_a_full_disk_old_pictures_give_way_and_it_goes_on_when_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(tmp_path)
    pages = 60 + store.db.execute("PRAGMA page_count").fetchone()[0]
    store.db.execute(f"PRAGMA max_page_count = {pages}")  # SQLite then says what it says of a full disk
    numbers = [store.add(note(i), bytes(30_000), WALL) for i in range(12)]
    assert len(entries(store, level="note")) == 12
    assert store.picture(numbers[0]) is None
    assert store.picture(numbers[-1]) is not None
    assert any("the disk is full: old pictures" in record.message for record in caplog.records)
    larger = store.add(note(12), bytes(600_000), WALL)
    assert store.picture(larger) is None
    assert digests(store, "day")[0].notes == 13
    store.close()


@pytest.mark.parametrize("harm", ["not a database", "torn"])
def test_a_broken_database_is_kept_aside_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: str) -> None:
    store = open_store(tmp_path)
    for i in range(100):
        store.add(note(i), bytes(5000), WALL)
    store.close()
    file = tmp_path / NAME
    whole = file.read_bytes()
    broken = b"hello" * 1000 if harm == "not a database" else whole[:4096] + bytes(80_000) + whole[84_096:]
    file.write_bytes(broken)
    with caplog.at_level(logging.ERROR):
        store = open_store(tmp_path)
    assert entries(store) == []
    store.add(note(0), None, WALL)
    store.close()
    (aside,) = tmp_path.glob(f"{NAME}.broken-*")
    assert aside.read_bytes() == broken
    assert "the timeline's database" in caplog.text
    assert str(aside) in caplog.text


def test_a_folder_has_one_writer(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with pytest.raises(TimelineError, match="another askcam keeps its timeline in"):
        open_store(tmp_path)
    store.close()
    open_store(tmp_path).close()


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TimelineError, match="name another folder"):
        open_store(tmp_path / "file" / "folder")


def test_after_kills_there_is_all_of_a_note_or_nothing_of_it(tmp_path: Path) -> None:
    chance = random.Random(5)
    said: list[int] = []
    for _ in range(4):
        process = subprocess.Popen([sys.executable, str(PROGRAM), str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        last = len(said) + chance.randint(1, 30)
        with process.stdout:
            for line in process.stdout:
                said.append(int(line))
                if len(said) >= last:
                    process.kill()
        process.wait()
        store = open_store(tmp_path)
        kept = entries(store, level="note")
        assert set(said) <= {entry.id for entry in kept}
        assert all(store.picture(entry.id) == b"jpeg" for entry in kept)
        for level in ("minute", "hour", "day"):
            assert sum(digest.notes for digest in digests(store, level)) == len(kept)
            assert sum(digest.things["apple"].came for digest in digests(store, level)) == len(kept)
        assert len(entries(store, "apple", "note")) == len(kept)
        store.close()


def test_events_and_the_cursor_behind_them_are_one_transaction(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.db.execute("CREATE TRIGGER full BEFORE UPDATE ON heard BEGIN SELECT raise(ABORT, 'a planted end'); END")
    events = [Note("lobby", WALL + i, WALL + i, "[on] door", event=i + 1, kind="on") for i in range(3)]
    with pytest.raises(sqlite3.Error, match="a planted end"):
        store.hear(events, 3, WALL)
    assert (store.heard, store.counts()) == (0, {})
    store.db.execute("DROP TRIGGER full")
    store.hear(events, 3, WALL)
    assert (store.heard, [entry.event_id for entry in entries(store, level="note", oldest_first=True)]) == (
        3,
        [1, 2, 3],
    )
    store.close()


@pytest.mark.parametrize("bounds", [TimelineBounds(detail_days=2, max_days=10), TimelineBounds(max_bytes=1 << 18)])
def test_no_word_of_what_is_forgotten_is_found_in_the_index(tmp_path: Path, bounds: TimelineBounds) -> None:
    store = open_store(tmp_path, bounds)
    for day in range(40):
        store.add(note(day * DAY_S, came=(f"thing{day}",), text=f"only{day} " * 20), bytes(4000), WALL + day * DAY_S)
    indexed = {row for (row,) in store.db.execute("SELECT rowid FROM words")}
    kept = {row for (row,) in store.db.execute("SELECT id FROM entries")}
    assert indexed == kept
    assert not list(store.db.execute("SELECT rowid FROM words WHERE words MATCH 'only0'"))
    assert list(store.db.execute("SELECT rowid FROM words WHERE words MATCH 'only39'"))
    store.close()
