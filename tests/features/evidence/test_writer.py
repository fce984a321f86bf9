"""The writer's thread: nobody waits for it, and what it cannot take is counted."""

import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support.evidence_cases import COMMON, PLENTY, Large, case, frame, noise
from support.waiting import until

from askcam.features.evidence.archive import EvidenceArchive
from askcam.features.evidence.errors import EvidenceError
from askcam.features.evidence.retention import EvidenceBounds
from askcam.features.evidence.verify import verify
from askcam.features.evidence.waiting import MAX_CASES, Waiting
from askcam.features.evidence.writer import EvidenceWriter, Stats
from askcam.stream.fit import Fit
from askcam.stream.frame import Pixels
from askcam.stream.shot import Shot

SIZE = noise(0).nbytes


class Held(Large):
    """A picture whose conversion takes until the test lets it go: a disk that is too slow."""

    go = threading.Event()

    def rgb(self, fit: Fit | None = None) -> Pixels:
        assert self.go.wait(60), "the test never let it go"
        return super().rgb(fit)


@pytest.fixture
def held() -> Callable[[], Shot]:
    Held.go.clear()
    return lambda: Shot("lobby", 1, Held(noise(1)), None)


async def test_all_that_was_taken_is_written_before_it_ends(tmp_path: Path) -> None:
    writer = EvidenceWriter(tmp_path, PLENTY, COMMON)
    await writer.open()
    assert all(writer.put(case(f"ans_{i}", [frame(i), frame(i + 1)], key=i)) for i in range(20))
    await writer.close()
    assert EvidenceArchive(tmp_path).ids() == [f"ans_{i}" for i in range(20)]
    assert verify(tmp_path).findings == ()
    stats = writer.stats()
    assert (stats.stored, stats.dropped, stats.failed, stats.waiting, stats.answers) == (20, 0, 0, 0, 20)
    assert not writer.put(case("ans_late"))


async def test_what_comes_while_too_much_waits_is_dropped_counted_and_said_once(
    tmp_path: Path, held: Callable[[], Shot], caplog: pytest.LogCaptureFixture
) -> None:
    writer = EvidenceWriter(tmp_path, PLENTY, COMMON)
    await writer.open()
    slow = case("ans_slow", [frame(1), frame(2)])
    object.__setattr__(slow, "shot", held())
    taken = [writer.put(slow)] + [writer.put(case(f"ans_{i}", [frame(i), frame(i)])) for i in range(MAX_CASES + 9)]
    assert (taken.count(True), taken.count(False)) == (MAX_CASES, 10)
    assert (writer.stats().dropped, writer.stats().waiting) == (10, MAX_CASES)
    Held.go.set()
    await writer.close()
    assert writer.stats().stored == MAX_CASES
    assert verify(tmp_path).findings == ()
    assert [record.levelno for record in caplog.records if "too slow" in record.message] == [logging.WARNING]


async def test_a_disk_that_refuses_costs_records_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writer = EvidenceWriter(tmp_path, PLENTY, COMMON)
    await writer.open()
    writer.put(case("ans_1", [frame(1), frame(2)]))
    until(lambda: writer.stats().stored, "the first record")
    shutil.rmtree(tmp_path / "pictures")
    (tmp_path / "pictures").write_text("no folder")
    for i in range(3):
        assert writer.put(case(f"ans_bad{i}", [frame(10 + i), frame(20 + i)]))
    until(lambda: writer.stats().failed == 3, "three failures")
    (tmp_path / "pictures").unlink()
    (tmp_path / "pictures").mkdir()
    writer.put(case("ans_2", [frame(3), frame(4)]))
    await writer.close()
    assert (writer.stats().stored, writer.stats().failed) == (2, 3)
    assert len([record for record in caplog.records if "writing an answer down" in record.message]) == 1
    assert {finding.answer_id for finding in verify(tmp_path).findings} == {"ans_1"}  # whose pictures the test removed


async def test_an_answer_larger_than_all_bounds_is_counted_as_dropped(tmp_path: Path) -> None:
    writer = EvidenceWriter(tmp_path, EvidenceBounds(10, 2000, 30), COMMON)
    await writer.open()
    writer.put(case("ans_1", [frame(i) for i in range(8)]))
    await writer.close()
    assert writer.stats() == Stats(dropped=1)


async def test_a_folder_that_is_taken_or_none_is_told_at_the_start(tmp_path: Path) -> None:
    first = EvidenceWriter(tmp_path / "data", PLENTY, COMMON)
    await first.open()
    second = EvidenceWriter(tmp_path / "data", PLENTY, COMMON)
    with pytest.raises(EvidenceError):
        await second.open()
    await second.close()
    await first.close()
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError):
        await EvidenceWriter(tmp_path / "file", PLENTY, COMMON).open()


def test_private_cameras_and_unwilling_askers_are_left_out(tmp_path: Path) -> None:
    usual, all_of_it = EvidenceWriter(tmp_path, PLENTY, COMMON), EvidenceWriter(tmp_path, PLENTY, COMMON, private=True)
    asked = [("lobby", True), ("push-0123", True), (None, True), ("lobby", False), ("push-0123", False)]
    assert [usual.traces(*one) for one in asked] == [True, False, True, False, False]
    assert [all_of_it.traces(*one) for one in asked] == [True, True, True, False, False]


def test_memory_is_bounded_and_shared_pictures_count_once() -> None:
    waiting, frames = Waiting(max_cases=10, max_bytes=4 * SIZE), [frame(i) for i in range(6)]
    assert waiting.put(case("ans_1", frames[:2]))
    assert waiting.put(case("ans_2", frames[:4]))
    assert not waiting.put(case("ans_3", frames[2:6]))
    assert waiting.put(case("ans_4", frames[1:3]))
    for name in ("ans_1", "ans_2", "ans_4"):
        taken = waiting.take(0)
        assert taken is not None
        assert taken.record.id == name
        waiting.done()
    assert waiting.take(0) is None
    assert waiting.put(case("ans_5", frames[2:6]))
    waiting.close()
    assert not waiting.put(case("ans_6"))
    assert len(waiting) == 1
