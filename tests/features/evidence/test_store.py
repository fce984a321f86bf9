"""Evidence on disk: real SQLite, real files."""

import contextlib
import sqlite3
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.evidence_cases import CREATED, PLENTY, case, frame, noise, open_store

from askcam.engine.question import Clip, Picture
from askcam.features.evidence.again import RecordedWindow, question_of
from askcam.features.evidence.archive import EvidenceArchive
from askcam.features.evidence.errors import Broken, EvidenceError, NotKept
from askcam.features.evidence.index import NAME
from askcam.features.evidence.record import encode
from askcam.features.evidence.retention import EvidenceBounds
from askcam.server.storage.calendar import DAY_S


def files(folder: Path) -> list[Path]:
    return list(EvidenceArchive(folder).album.files())


def kept_bytes(folder: Path) -> int:
    archive = EvidenceArchive(folder)
    documents = sum(len(encode(archive.get(name))) for name in archive.ids())
    return documents + sum(path.stat().st_size for path in files(folder))


def test_what_was_put_in_comes_out(tmp_path: Path) -> None:
    store, frames = open_store(tmp_path), [frame(i) for i in range(6)]
    clip = Clip((noise(50), noise(51)), 1.5)
    asked = case("ans_1", frames, key=3, attached=[Picture(noise(9)), clip])
    assert store.put(asked)
    store.close()
    archive = EvidenceArchive(tmp_path)
    found = archive.get("ans_1")
    assert (found.text, found.tokens, found.saw) == ("a cup", (4, 5, 6), asked.record.saw)
    assert found.view is not None
    seen = RecordedWindow(found.view, archive.album).look()
    assert [np.array_equal(one.pixels, other.pixels) for one, other in zip(seen.frames, frames, strict=True)] == [
        True
    ] * 6
    assert [(one.seq, one.wall, one.basis) for one in seen.frames] == [(one.seq, one.wall, one.basis) for one in frames]
    assert [pair.index for pair in seen.pairs] == [0, 1, 2]
    still, moving, text = question_of(found, archive.album).messages[1].parts
    assert isinstance(still, Picture)
    assert isinstance(moving, Clip)
    assert np.array_equal(still.pixels, noise(9))
    assert [np.array_equal(a, b) for a, b in zip(moving.frames, clip.frames, strict=True)] == [True, True]
    assert (moving.fps, text) == (1.5, asked.messages[1].parts[2])
    assert found.key is not None
    shown = cv2.imdecode(np.frombuffer(archive.album.read(found.key.picture), np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape == (90, 160, 3)


def test_what_overlapping_windows_share_lies_there_once(tmp_path: Path) -> None:
    store, frames = open_store(tmp_path), [frame(i) for i in range(10)]
    store.put(case("ans_1", frames[:8]))
    store.put(case("ans_2", frames[2:10]))
    store.put(case("ans_3", [frame(i) for i in range(2, 10)]))  # the same pixels in other arrays
    assert len(files(tmp_path)) == 10
    assert store.num_bytes == kept_bytes(tmp_path)


def test_a_shared_picture_stays_as_long_as_one_answer_needs_it(tmp_path: Path) -> None:
    store, frames = open_store(tmp_path, EvidenceBounds(2, 1 << 30, 1000)), [frame(i) for i in range(12)]
    for i, start in enumerate((0, 2, 4)):
        store.put(case(f"ans_{i}", frames[start : start + 4]))
    archive = EvidenceArchive(tmp_path)
    assert archive.ids() == ["ans_1", "ans_2"]
    assert len(files(tmp_path)) == 6
    for name in archive.ids():
        for picture in archive.get(name).pictures():
            archive.album.read(picture)


def test_beyond_the_count_the_oldest_goes(tmp_path: Path) -> None:
    store = open_store(tmp_path, EvidenceBounds(3, 1 << 30, 1000))
    for i in range(7):
        store.put(case(f"ans_{i}", [frame(4 * i + j) for j in range(4)], key=i))
    assert EvidenceArchive(tmp_path).ids() == ["ans_4", "ans_5", "ans_6"]
    assert len(files(tmp_path)) == 3 * 5
    assert (store.num_answers, store.num_bytes) == (3, kept_bytes(tmp_path))


def test_beyond_the_bytes_the_oldest_goes(tmp_path: Path) -> None:
    one = open_store(tmp_path / "one")
    one.put(case("ans_0", [frame(i) for i in range(4)]))
    most = int(one.num_bytes * 2.5)
    store = open_store(tmp_path, EvidenceBounds(100, most, 1000))
    for i in range(5):
        store.put(case(f"ans_{i}", [frame(4 * i + j) for j in range(4)]))
        assert store.num_bytes <= most
    assert EvidenceArchive(tmp_path).ids() == ["ans_3", "ans_4"]


def test_what_is_too_old_goes_even_when_nothing_comes(tmp_path: Path) -> None:
    store = open_store(tmp_path, EvidenceBounds(100, 1 << 30, max_days=2))
    for day in range(3):
        store.put(case(f"ans_{day}", [frame(2 * day), frame(2 * day + 1)], created=CREATED + day * DAY_S))
    assert EvidenceArchive(tmp_path).ids() == ["ans_0", "ans_1", "ans_2"]
    store.prune(CREATED + 3.5 * DAY_S)
    assert EvidenceArchive(tmp_path).ids() == ["ans_2"]
    store.prune(CREATED + 10 * DAY_S)
    assert EvidenceArchive(tmp_path).ids() == files(tmp_path) == []
    assert (store.num_answers, store.num_bytes) == (0, 0)


def test_an_answer_that_is_too_large_alone_drives_nothing_out(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.put(case("ans_small", [frame(1), frame(2)]))
    before = store.num_bytes
    store.close()
    store = open_store(tmp_path, EvidenceBounds(100, before + 1000, 1000))
    assert not store.put(case("ans_large", [frame(i) for i in range(1, 13)]))
    assert EvidenceArchive(tmp_path).ids() == ["ans_small"]
    assert (store.num_bytes, len(files(tmp_path))) == (before, 2)


def test_counts_are_the_same_after_a_restart(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for i in range(3):
        store.put(case(f"ans_{i}", [frame(i), frame(i + 1)], key=i))
    before = (store.num_answers, store.num_bytes)
    store.close()
    assert (open_store(tmp_path).num_answers, store.num_bytes) == before


def test_a_record_that_cannot_be_written_leaves_nothing_and_the_next_one_is_kept(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.put(case("ans_1", [frame(1), frame(2)]))
    with pytest.raises(Exception, match="UNIQUE"):
        store.put(case("ans_1", [frame(3), frame(4)]))  # that id is taken
    assert len(files(tmp_path)) == 2
    assert store.put(case("ans_2", [frame(5), frame(6)]))
    assert EvidenceArchive(tmp_path).ids() == ["ans_1", "ans_2"]


def test_a_picture_that_is_gone_is_written_again(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.put(case("ans_1", [frame(1), frame(2)]))
    files(tmp_path)[0].unlink()
    store.put(case("ans_2", [frame(1), frame(2)]))
    archive = EvidenceArchive(tmp_path)
    for name in archive.ids():
        for picture in archive.get(name).pictures():
            archive.album.read(picture)


def test_a_folder_has_one_writer(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with pytest.raises(EvidenceError, match="another askcam"):
        open_store(tmp_path)
    store.close()
    open_store(tmp_path).close()


def test_its_reader_sees_what_is_there_while_it_is_written(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for i in range(3):
        store.put(case(f"ans_{i}", [frame(i), frame(i + 1)]))
        assert EvidenceArchive(tmp_path).ids()[-1] == f"ans_{i}"


def test_only_its_owner_may_look_into_it(tmp_path: Path) -> None:
    store = open_store(tmp_path / "deep" / "folder")
    store.put(case("ans_1", [frame(1), frame(2)]))
    assert (tmp_path / "deep" / "folder").stat().st_mode & 0o077 == 0


def test_what_is_not_there_is_said_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(NotKept, match="--data"):
        EvidenceArchive(tmp_path / "nowhere").get("ans_1")
    open_store(tmp_path).close()
    with pytest.raises(NotKept, match="ans_1"):
        EvidenceArchive(tmp_path).get("ans_1")


def test_a_folder_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    with pytest.raises(EvidenceError, match="cannot write evidence into"):
        open_store(tmp_path / "file")
    (tmp_path / "odd").mkdir()
    with contextlib.closing(sqlite3.connect(tmp_path / "odd" / NAME)) as db:
        db.execute("PRAGMA user_version = 99")
    for _ in range(2):  # and its lock is given back
        with pytest.raises(EvidenceError, match="format 99"):
            open_store(tmp_path / "odd")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "pictures").write_text("no folder")
    for _ in range(2):
        with pytest.raises(EvidenceError, match="cannot write evidence into"):
            open_store(tmp_path / "full")


@pytest.mark.parametrize("harm", ["not a database", "torn"])
def test_a_broken_index_is_kept_aside_with_its_pictures_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: str
) -> None:
    store = open_store(tmp_path)
    for i in range(60):
        store.put(case(f"ans_{i}", [frame(i), frame(i + 1)]))
    store.close()
    index, pictures = tmp_path / NAME, sorted(path.name for path in files(tmp_path))
    whole = index.read_bytes()
    broken = b"hello" * 1000 if harm == "not a database" else whole[:4096] + bytes(40_000) + whole[44_096:]
    index.write_bytes(broken)
    store = open_store(tmp_path)  # tidies up, too
    assert (store.num_answers, store.num_bytes) == (0, 0)
    assert store.put(case("ans_new", [frame(1), frame(2)]))
    store.close()
    assert EvidenceArchive(tmp_path).ids() == ["ans_new"]
    (aside,) = tmp_path.glob(f"{NAME}.broken-*")
    assert aside.read_bytes() == broken
    (kept,) = tmp_path.glob("pictures.broken-*")
    assert sorted(path.name for path in kept.rglob("*.png")) == pictures
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert str(aside) in caplog.text


def test_a_clock_that_was_ahead_for_a_while_keeps_nothing_beyond_its_days(tmp_path: Path) -> None:
    """The second record says that it is from next year; what came after it is old all the same when its time is up."""
    store = open_store(tmp_path, EvidenceBounds(1000, 1 << 30, 30))
    for i, created in enumerate((CREATED, CREATED + 365 * DAY_S, CREATED + 60, CREATED + 120)):
        store.put(case(f"ans_{i}", [frame(i), frame(i + 1)], created=created), CREATED + 60 * i)
    store.prune(CREATED + 29 * DAY_S)
    assert store.num_answers == 4
    store.prune(CREATED + 31 * DAY_S)
    assert store.num_answers == 0
    assert files(tmp_path) == []


def test_a_changed_picture_is_not_shown(tmp_path: Path) -> None:
    store = open_store(tmp_path, PLENTY)
    store.put(case("ans_1", [frame(1), frame(2)]))
    (first, _) = files(tmp_path)
    first.write_bytes(first.read_bytes()[:-1] + b"!")
    archive = EvidenceArchive(tmp_path)
    changed = next(one for one in archive.get("ans_1").pictures() if one.digest == first.stem)
    with pytest.raises(Broken, match=first.stem):
        archive.album.read(changed)


def test_tidying_up_leaves_everybody_elses_files_alone(tmp_path: Path) -> None:
    album = tmp_path / "pictures"
    others = [album / "2026" / "holiday.jpg", album / "ab" / "cat.png", album / "loose.png", album / "ab" / ("cd" * 32)]
    left = album / "ab" / ("ab" * 32 + ".part")
    for path in (*others, left):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("somebody's")
    open_store(tmp_path).put(case("ans_1", [frame(1), frame(2)]))
    assert all(path.exists() for path in others)
    assert not left.exists()


def test_the_index_shrinks_with_what_is_removed(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for i in range(40):
        store.put(case(f"ans_{i}", [frame(1), frame(2)]))
    store.close()
    before = (tmp_path / NAME).stat().st_size
    store = open_store(tmp_path, EvidenceBounds(2, 1 << 30, 1000))
    store.prune(CREATED)
    store.close()
    assert (tmp_path / NAME).stat().st_size < before / 2
