"""An event is kept before it is told; while the disk refuses it waits, and a slow listener is told to come again."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from support.watch_events import WALL, event

from askcam.client.watches import WatchEvent
from askcam.features.events.config import EventBounds
from askcam.features.events.publish import News, Publisher
from askcam.features.events.store import EventStore
from askcam.features.events.subscribers import MAX_WAITING, Readers
from askcam.features.events.thread import EventThread
from askcam.server.wire.moments import rfc3339
from askcam.stream.frame import Frame


def news(**more: Any) -> News:
    return News(event(**more), WALL, None, (), None)


@pytest.fixture
async def keeping(tmp_path: Path) -> AsyncIterator[EventThread]:
    keeping = EventThread(tmp_path, EventBounds())
    await keeping.begin()
    yield keeping
    await keeping.close()


async def test_what_is_told_is_kept_already(keeping: EventThread) -> None:
    readers = Readers()
    telling = Publisher(keeping, readers)
    with readers.reading() as reader:
        await telling.tell(news())
        told = await reader.next(5)
        assert told is not None
        assert await keeping.do(lambda store: store.event(told.id)) == told
    assert telling.told["on", "warning"] == 1


async def test_what_the_disk_refuses_waits_and_comes_in_order(keeping: EventThread) -> None:
    readers = Readers()
    telling = Publisher(keeping, readers)
    await keeping.do(lambda store: store._db.execute("PRAGMA query_only = 1"))
    with readers.reading() as reader:
        for probability in (0.7, 0.8, 0.9):
            await telling.tell(news(probability=probability))
        assert telling.num_waiting == 3
        with pytest.raises(TimeoutError):
            await reader.next(0)
        await keeping.do(lambda store: store._db.execute("PRAGMA query_only = 0"))
        await telling.again()
        heard = [await reader.next(5) for _ in range(3)]
    assert [each.probability for each in heard if each] == [0.7, 0.8, 0.9]
    assert (telling.num_waiting, telling.lost) == (0, 0)


def frames(number: int) -> tuple[Frame, ...]:
    """Half a second apart, each of another gray."""
    pixels = (np.full((30, 40, 3), 10 * i, np.uint8) for i in range(number))
    return tuple(Frame("lobby", i, WALL + i / 2, i / 2, each) for i, each in enumerate(pixels))


def gray(jpeg: bytes | None) -> int:
    assert jpeg is not None
    return round(float(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE).mean()))


@pytest.mark.parametrize(
    ("seen", "kept"),
    [(1, []), (2, [0, 1]), (8, [*range(8)]), (10, [0, 1, 3, 4, 5, 6, 8, 9]), (16, [0, 2, 4, 6, 9, 11, 13, 15])],
)
async def test_an_event_is_kept_with_the_frames_it_was_decided_from_eight_at_most(
    keeping: EventThread, seen: int, kept: list[int]
) -> None:
    await Publisher(keeping, Readers()).tell(News(event(), WALL, None, frames(seen), None))
    told = await keeping.do(lambda store: store.event(1))
    assert told is not None
    assert [frame.at for frame in told.frames] == [rfc3339(WALL + i / 2) for i in kept]
    shown = await keeping.do(lambda store: [store.pictures.frame(1, i) for i in range(len(kept))])
    assert [gray(jpeg) for jpeg in shown] == [10 * i for i in kept]
    assert gray(await keeping.do(lambda store: store.pictures.picture(1))) == 10 * (seen - 1)


async def test_events_that_wait_for_the_disk_keep_one_picture_each(keeping: EventThread) -> None:
    telling = Publisher(keeping, Readers())
    await keeping.do(lambda store: store._db.execute("PRAGMA query_only = 1"))
    for _ in range(3):
        await telling.tell(News(event(), WALL, None, frames(4), None))
    assert all(not news.frames and shown is not None and not shown.frames for news, shown in telling._waiting)
    await keeping.do(lambda store: store._db.execute("PRAGMA query_only = 0"))
    await telling.again()
    told = await keeping.do(lambda store: store.newest(9))
    assert [(each.frames, each.frame_url is not None) for each in told] == [([], True)] * 3
    await telling.tell(News(event(), WALL, None, frames(4), None))
    (last,) = await keeping.do(lambda store: store.newest(1))
    assert len(last.frames) == 4


async def test_only_beyond_the_bound_is_an_event_lost_and_that_is_counted(
    keeping: EventThread, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any) -> WatchEvent:
        raise sqlite3.OperationalError("unable to write")

    monkeypatch.setattr("askcam.features.events.publish.MAX_WAITING", 2)
    monkeypatch.setattr(EventStore, "add", refuse)
    telling = Publisher(keeping, Readers())
    for _ in range(3):
        await telling.tell(news())
    assert (telling.num_waiting, telling.lost) == (2, 1)
    assert "an event is lost" in caplog.text


async def test_a_slow_reader_gets_what_waits_and_then_the_end() -> None:
    readers = Readers()
    with readers.reading() as slow, readers.reading() as quick:
        for _ in range(MAX_WAITING + 5):
            readers.tell(event())
            assert await quick.next(5) is not None
        heard = [await slow.next(5) for _ in range(MAX_WAITING + 1)]
        assert (heard.count(None), heard[-1]) == (1, None)
    assert len(readers) == 0


async def test_all_streams_end_with_the_server() -> None:
    readers = Readers()
    with readers.reading() as reader:
        waiting = asyncio.ensure_future(reader.next(5))
        readers.close()
        assert await waiting is None
    with readers.reading() as late:
        assert await late.next(5) is None
