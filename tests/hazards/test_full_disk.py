"""A disk that is really full: old evidence goes first, then events are no longer illustrated, but all are kept."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support.evidence_cases import COMMON, PLENTY, case, frame
from support.parts import small_disk
from support.timeline_notes import WALL as NOTED
from support.timeline_notes import entries, note, open_store
from support.waiting import until
from support.watch_events import WALL, event

from askcam.features.events.config import EventBounds
from askcam.features.events.publish import News, Publisher
from askcam.features.events.subscribers import Readers
from askcam.features.events.thread import EventThread
from askcam.features.evidence.archive import EvidenceArchive
from askcam.features.evidence.verify import verify
from askcam.features.evidence.writer import EvidenceWriter
from askcam.stream.frame import Frame

SIZE = 12 << 20  # bytes
NUM = 400  # answers, each of about 40 kB


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", SIZE) as folder:
        yield folder


def fill(folder: Path) -> None:
    """Somebody else takes all that is left, to the last byte."""
    with (folder / "filler").open("ab", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def news(i: int, height: int = 120) -> News:
    """With a picture of noise: about 40 kB as a JPEG, for 120 rows."""
    pixels = np.random.default_rng(i).integers(0, 256, (height, 240, 3), np.uint8)
    told = event("off" if i % 2 else "on")
    return News(told, WALL + i, None, (Frame("lobby", i, WALL + i, i, pixels),), None)


async def test_new_evidence_takes_the_place_of_old(disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    writer = EvidenceWriter(disk / "evidence", PLENTY, COMMON)  # which allows more than the disk
    await writer.open()
    for i in range(NUM):
        assert writer.put(case(f"ans_{i}", [frame(2 * i), frame(2 * i + 1)], key=i))
        until(lambda i=i: sum((writer.stats().stored, writer.stats().failed)) == i + 1, "it to be written")
    stats = writer.stats()
    await writer.close()
    assert (stats.stored, stats.failed) == (NUM, 0)
    assert stats.gone >= 8
    kept = EvidenceArchive(disk / "evidence").ids()
    assert kept == [f"ans_{i}" for i in range(stats.gone, NUM)]  # the newest, without a gap
    assert verify(disk / "evidence").findings == ()
    said = [record for record in caplog.records if "is full: the evidence of" in record.message]
    assert [record.levelno for record in said] == [logging.ERROR]  # once a minute at most


async def test_events_are_kept_to_the_last_though_somebody_else_fills_the_disk(
    disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writer = EvidenceWriter(disk / "evidence", PLENTY, COMMON)
    await writer.open()
    for i in range(12):
        assert writer.put(case(f"ans_{i}", [frame(2 * i), frame(2 * i + 1)], key=i))
    until(lambda: writer.stats().stored == 12, "some evidence")
    keeping = EventThread(disk / "watches", EventBounds(), writer.make_room)
    telling = Publisher(keeping, Readers())
    await keeping.begin()
    number = 0

    async def tell(height: int = 120) -> None:
        nonlocal number
        await telling.tell(news(number, height))
        number += 1

    for _ in range(20):
        await tell()
    fill(disk)
    assert free_bytes(disk) == 0
    while not writer.stats().gone:
        await tell()
        assert number < 500
    assert telling.without_picture == 0  # old evidence has made room for it
    while writer.stats().answers:
        await tell()
        fill(disk)
        assert number < 500
    first = await keeping.do(lambda store: store.event(1))
    assert first is not None
    while first.frame_url is not None:  # then the pictures of old events make room
        await tell()
        fill(disk)
        first = await keeping.do(lambda store: store.event(1))
        assert first is not None
        assert number < 500
    assert telling.without_picture == 0
    await tell(height=6000)  # a picture for which there is no room however many go
    assert telling.without_picture == 1
    assert (telling.num_waiting, telling.lost) == (0, 0)
    kept = await keeping.do(lambda store: store.newest(1000))
    assert [each.id for each in kept] == list(range(number, 0, -1))  # all of them
    assert kept[0].frame_url is None
    told = "\n".join(record.message for record in caplog.records if record.levelno == logging.ERROR)
    for said in ("old evidence gives way", "old pictures give way", "this event is kept without its picture"):
        assert f"the disk is full: {said}" in told
    await keeping.close()
    await writer.close()


def test_notes_are_kept_to_the_last_though_somebody_else_fills_the_disk(
    disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(disk / "timeline")
    numbers = [store.add(note(i), os.urandom(20_000), NOTED) for i in range(30)]
    fill(disk)
    assert free_bytes(disk) == 0
    while store.picture(numbers[5]) is not None:  # the oldest pictures make room, again and again
        numbers.append(store.add(note(len(numbers)), os.urandom(20_000), NOTED))
        fill(disk)
        assert len(numbers) < 500
    assert store.picture(numbers[0]) is None
    assert store.picture(numbers[-1]) is not None
    larger = store.add(note(len(numbers)), os.urandom(SIZE), NOTED)  # for which there is no room however many go
    assert store.picture(larger) is None
    assert len(entries(store, level="note")) == len(numbers) + 1  # all of them
    told = "\n".join(record.message for record in caplog.records if record.levelno == logging.ERROR)
    assert "the disk is full: old pictures of the timeline give way" in told
    assert "the disk is full: no picture" in told
    store.close()
