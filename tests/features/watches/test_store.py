"""What was told is kept: over restarts, kills, full disks and broken files, within bounds."""

import logging
import random
import subprocess
import sys
from pathlib import Path

import pytest
from support.watch_events import WALL, add, event, open_store

from askcam.client.watches import Reading
from askcam.features.events.config import EventBounds
from askcam.features.events.errors import EventLogError, FolderTaken
from askcam.features.events.query import EventQuery
from askcam.features.events.tables import NAME
from askcam.features.watches.setting import WatchSetting
from askcam.features.watches.store import CAMERA, WatchStore, remembering
from askcam.features.watches.threshold import WatchMemory
from askcam.server.wire.moments import rfc3339

PROGRAM = Path(__file__).parent / "crashing.py"
DOOR = WatchSetting("有人吗？", ("lobby", "desk"), quiet=("22:00-06:00",), for_s=0.5)


def test_watches_memories_and_events_outlive_a_restart(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    WatchStore(store.db).put("door", DOOR)
    told = [add(store, i, jpeg=b"jpeg %d" % i) for i in range(3)]
    store.follow(told[1].id, [Reading("2025-10-09T08:53:22Z", 0.2)])
    store.close()
    store = open_store(tmp_path)
    assert WatchStore(store.db).settings() == {"door": DOOR}
    assert WatchStore(store.db).memories() == {("door", "lobby"): WatchMemory(True, WALL + 2)}
    assert [each.id for each in store.newest(10)] == [3, 2, 1]
    assert store.event(1) == told[0]
    found = store.event(2)
    assert found is not None
    assert found.after == [Reading("2025-10-09T08:53:22Z", 0.2)]
    assert store.pictures.picture(3) == b"jpeg 2"
    assert add(store, 3).id == 4
    store.close()


def test_lists_are_cut_by_watch_camera_time_and_place(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for i in range(10):
        add(store, i, camera="lobby" if i % 3 else "desk", watch="door" if i % 2 else "shelf")
    assert [each.id for each in store.newest(3)] == [10, 9, 8]
    assert [each.id for each in store.newest(3, EventQuery(before=8))] == [7, 6, 5]
    assert [each.id for each in store.newest(9, EventQuery(camera="desk"))] == [10, 7, 4, 1]
    assert [each.id for each in store.newest(9, EventQuery(camera="desk", watch="door"))] == [10, 4]
    assert [each.id for each in store.newest(9, EventQuery(since=WALL + 7))] == [10, 9, 8]
    assert [each.id for each in store.following(6, 2, watch=None, camera=None)] == [7, 8]
    assert [each.id for each in store.following(0, 9, watch="door", camera="desk")] == [4, 10]
    store.close()


def test_what_somebody_has_seen_is_kept_found_and_taken_back(tmp_path: Path) -> None:
    store = open_store(tmp_path, EventBounds(max_events=5))
    for i in range(5):
        add(store, i)
    seen = store.acknowledge([2, 4, 4, 77], WALL + 10)
    assert [(each.id, each.acknowledged_at) for each in seen] == [(2, rfc3339(WALL + 10)), (4, rfc3339(WALL + 10))]
    (again,) = store.acknowledge([4], WALL + 20)
    assert again.acknowledged_at == rfc3339(WALL + 10)  # it keeps its first time
    store.close()
    store = open_store(tmp_path, EventBounds(max_events=5))
    assert [each.id for each in store.newest(9, EventQuery(acknowledged=True))] == [4, 2]
    assert [each.id for each in store.newest(9, EventQuery(acknowledged=False, before=5))] == [3, 1]
    assert [each.acknowledged_at for each in store.acknowledge([4], None)] == [None]
    assert [each.id for each in store.newest(9, EventQuery(acknowledged=True))] == [2]
    for i in range(5, 8):
        add(store, i)  # what is seen goes with its event
    assert store._db.execute("SELECT count(*) FROM acknowledgements").fetchone() == (0,)
    store.close()


def test_a_database_of_the_first_askcam_is_used_as_it_is(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    told = add(store, 0)
    for table in ("acknowledgements", "frames"):
        store._db.execute(f"DROP TABLE {table}")  # it had none
    store.close()
    store = open_store(tmp_path)
    assert store.newest(9) == [told]
    assert store.acknowledge([told.id], WALL)[0].acknowledged_at == rfc3339(WALL)
    store.close()


def test_the_oldest_events_go_and_no_id_comes_twice(tmp_path: Path) -> None:
    store = open_store(tmp_path, EventBounds(max_events=4))
    for i in range(9):
        add(store, i)
    assert ([each.id for each in store.newest(99)], store.first_id(), store.last_id()) == ([9, 8, 7, 6], 6, 9)
    assert store.pictures.picture(5) is None
    store.close()
    store = open_store(tmp_path, EventBounds(max_events=1))
    assert add(store, 9).id == 10
    assert store.first_id() == 10
    store.close()


def test_the_oldest_pictures_go_before_their_events(tmp_path: Path) -> None:
    store = open_store(tmp_path, EventBounds(max_bytes=250))
    told = [add(store, i, jpeg=bytes(100)) for i in range(4)]
    assert [store.pictures.picture(each.id) is not None for each in told] == [False, False, True, True]
    assert [each.frame_url for each in store.newest(9)] == [
        "/v1/events/4/frame.jpg",
        "/v1/events/3/frame.jpg",
        None,
        None,
    ]
    store.close()


def test_the_frames_of_an_event_are_kept_with_it_and_go_before_any_picture(tmp_path: Path) -> None:
    store = open_store(tmp_path, EventBounds(max_bytes=660))
    frames = tuple(bytes([i]) * 30 for i in range(4))
    told = [add(store, i, jpeg=bytes(100), frames=frames) for i in range(3)]  # 220 bytes each: it is full
    assert [frame.url for frame in told[1].frames] == [f"/v1/events/2/frames/{i}.jpg" for i in range(4)]
    assert [frame.at[17:21] for frame in told[1].frames] == ["20.0", "20.5", "21.0", "21.5"]
    assert store.newest(9) == told[::-1]
    store.close()
    store = open_store(tmp_path, EventBounds(max_bytes=660))
    told.append(add(store, 3, jpeg=bytes(100), frames=frames))
    kept = store.newest(9)[::-1]
    assert [len(each.frames) for each in kept] == [0, 0, 4, 4]  # two had to go for 220 bytes
    assert all(each.frame_url for each in kept)
    assert [store.pictures.frame(3, i) for i in range(5)] == [*frames, None]
    assert store.pictures.frame(1, 0) is None
    assert store.pictures.num_bytes == 640
    for i in range(4, 7):
        add(store, i, jpeg=bytes(200))
    assert [len(each.frames) for each in store.newest(99)] == [0] * 7
    assert [each.id for each in store.newest(99) if each.frame_url] == [7, 6, 5]
    assert store.pictures.num_bytes == 600
    store.close()


def test_frames_go_with_their_event(tmp_path: Path) -> None:
    store = open_store(tmp_path, EventBounds(max_events=2))
    for i in range(5):
        add(store, i, frames=(b"one", b"two"))
    assert store._db.execute("SELECT event, number FROM frames ORDER BY 1, 2").fetchall() == [
        (4, 0),
        (4, 1),
        (5, 0),
        (5, 1),
    ]
    assert store.pictures.num_bytes == 2 * (len(b"jpeg") + 6)
    store.close()


def test_on_a_full_disk_old_pictures_give_way_and_events_are_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(tmp_path)
    pages = 40 + store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")  # SQLite then says what it says of a full disk
    told = [add(store, i, jpeg=bytes(30_000)) for i in range(12)]
    assert [each.id for each in store.newest(99)] == [each.id for each in reversed(told)]
    assert store.pictures.picture(told[0].id) is None
    assert store.pictures.picture(told[-1].id) is not None
    assert any("the disk is full: old pictures give way" in record.message for record in caplog.records)
    larger = add(store, 12, jpeg=bytes(300_000))  # than the whole disk
    assert larger.frame_url is None
    assert store.event(larger.id) == larger
    assert caplog.records[-1].message == "the disk is full: this event is kept without its picture"
    store.close()


@pytest.mark.parametrize("harm", ["not a database", "torn"])
def test_a_broken_database_is_kept_aside_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: str) -> None:
    store = open_store(tmp_path)
    for i in range(200):
        add(store, i, jpeg=bytes(5000))
    store.close()
    file = tmp_path / NAME
    whole = file.read_bytes()
    broken = b"hello" * 1000 if harm == "not a database" else whole[:4096] + bytes(40_000) + whole[44_096:]
    file.write_bytes(broken)
    with caplog.at_level(logging.ERROR):
        store = open_store(tmp_path)
    assert store.newest(9) == []
    assert add(store, 0).id == 1
    store.close()
    (aside,) = tmp_path.glob(f"{NAME}.broken-*")
    assert aside.read_bytes() == broken
    assert "is broken" in caplog.text
    assert str(aside) in caplog.text


def test_a_folder_has_one_writer(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with pytest.raises(FolderTaken, match="another askcam keeps its watches in"):
        open_store(tmp_path)
    store.close()
    open_store(tmp_path).close()


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EventLogError, match="name another folder"):
        open_store(tmp_path / "file" / "folder")


def test_a_removed_watch_leaves_its_events(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    WatchStore(store.db).put("door", DOOR)
    add(store, 0)
    store.add(event("camera_lost", watch=None), WALL, None, remembering((CAMERA, "lobby"), WatchMemory(True)))
    WatchStore(store.db).remove("door")
    assert (WatchStore(store.db).settings(), WatchStore(store.db).memories()) == (
        {},
        {(CAMERA, "lobby"): WatchMemory(True)},
    )
    assert len(store.newest(9)) == 2
    store.close()


def test_what_was_told_before_a_kill_is_kept(tmp_path: Path) -> None:
    chance = random.Random(3)
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
        kept = [each.id for each in reversed(store.newest(100_000))]
        assert kept == list(range(1, len(kept) + 1))
        assert set(said) <= set(kept)
        newest = store.newest(1)[0]
        assert WatchStore(store.db).memories()["door", "lobby"].on is (newest.kind == "on")  # both or neither
        store.close()
