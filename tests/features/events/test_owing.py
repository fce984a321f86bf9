"""Events of cameras that a front has given to this server: what is owed of them, until when, told apart from own."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from support.watch_events import WALL, event, open_store

from askcam.client.watches import Reading, WatchEvent
from askcam.features.events.config import EventBounds
from askcam.features.events.publish import News, Publisher
from askcam.features.events.query import EventQuery
from askcam.features.events.service import EventLog
from askcam.features.events.store import EventStore
from askcam.features.events.thread import EventThread


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    made = open_store(tmp_path, EventBounds(max_events=4))
    yield made
    made.close()


def happen(store: EventStore, camera: str = "lobby", epoch: int | None = 7) -> int:
    return store.add(event(camera=camera), WALL, None, epoch=epoch).id


def test_what_happens_before_a_camera_of_the_front_is_owed_until_the_front_has_it(store: EventStore) -> None:
    numbers = [happen(store), happen(store, "own", None), happen(store, "hall", 8)]
    owed = store.owed(10)
    assert [(each.number, each.camera, each.epoch) for each in owed] == [
        (numbers[0], "lobby", 7), (numbers[2], "hall", 8),
    ]  # fmt: skip
    assert (store.front.num_owed(), store.front.num_owed("hall"), store.front.num_owed("own")) == (2, 1, 0)
    document = owed[0].document
    assert document is not None
    assert msgspec.json.decode(document, type=WatchEvent).id == numbers[0]
    store.settled(owed[:1])
    assert [each.number for each in store.owed(10)] == [numbers[2]]


def test_what_is_read_since_is_owed_after_all_events_and_an_event_is_the_same_however_often_it_is_told(
    store: EventStore,
) -> None:
    first = happen(store)
    (once,) = store.owed(10)
    store.follow(first, [Reading("2025-10-09T08:53:21Z", 0.5)])
    (again,) = store.owed(10)
    assert again.document == once.document
    assert again.num_after == 1
    store.settled([once])  # it was told without the reading, which came meanwhile
    second = happen(store)
    whole, since = store.owed(10)
    assert (whole.number, since.number, since.document) == (second, first, None)
    assert msgspec.json.decode(since.after, type=list[Reading]) == [Reading("2025-10-09T08:53:21Z", 0.5)]
    store.settled([whole, since])
    assert store.owed(10) == []
    store.follow(first, [Reading("2025-10-09T08:53:21Z", 0.5), Reading("2025-10-09T08:53:22Z", 0.6)])
    assert [each.num_after for each in store.owed(10)] == [2]


def test_an_event_that_has_to_go_before_it_was_told_is_counted(store: EventStore) -> None:
    first = happen(store)
    store.settled(store.owed(1))
    for _ in range(5):
        happen(store)
    assert store.event(first) is None
    assert store.front.num_missed == 1, "the first was told"
    assert len(store.owed(10)) == 4


def test_lists_and_who_catches_up_tell_own_events_from_those_of_the_front(store: EventStore) -> None:
    own, given = happen(store, epoch=None), happen(store)
    for said, expected in ((True, [own]), (False, [given]), (None, [given, own])):
        assert [each.id for each in store.newest(10, EventQuery(own=said))] == expected
        following = store.following(0, 10, watch=None, camera=None, own=said)
        assert [each.id for each in following] == sorted(expected)


def test_a_database_keeps_its_name_and_another_has_another(store: EventStore, tmp_path: Path) -> None:
    other = open_store(tmp_path / "other")
    assert store.front.origin() == store.front.origin() != other.front.origin()
    other.close()


async def test_an_event_has_the_epoch_under_which_the_camera_is_held_when_it_is_told(tmp_path: Path) -> None:
    log = EventLog(EventThread(tmp_path, EventBounds()))
    log.need()
    await log.open()
    telling: Publisher = log.telling
    with log.readers.reading(True) as own, log.readers.reading(False) as given, log.readers.reading() as all_of_them:
        telling.epochs["lobby"] = 3
        await telling.tell(News(event(), WALL, None, (), None))
        telling.epochs["lobby"] = 5
        await telling.tell(News(event(), WALL, None, (), None))
        del telling.epochs["lobby"]
        await telling.tell(News(event(), WALL, None, (), None))
        heard = [[(await each.next(60)) for _ in range(n)] for each, n in ((own, 1), (given, 2), (all_of_them, 3))]
    assert [[one.id for one in row if isinstance(one, WatchEvent)] for row in heard] == [[3], [1, 2], [1, 2, 3]]
    owed = await log.read(lambda store: store.owed(10), [])
    assert [(each.number, each.epoch) for each in owed] == [(1, 3), (2, 5)]
    await log.close()
