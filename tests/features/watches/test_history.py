"""The readings that are drawn as a line: the newest, in order, whatever the clocks do."""

import random

from askcam.features.watches.history import MOST, History
from askcam.server.wire.moments import rfc3339

WALL = 1_760_000_000.0


def test_the_newest_are_kept_in_order() -> None:
    history = History()
    for i in range(5 * MOST + 7):
        history.add(WALL + i, i / 10_000)
        assert len(history) == min(i + 1, MOST)
    found = history.since(None)
    last = 5 * MOST + 6
    assert [each.at for each in found] == [rfc3339(WALL + i) for i in range(last - MOST + 1, last + 1)]
    assert (found[0].probability, found[-1].probability) == ((last - MOST + 1) / 10_000, last / 10_000)


def test_whoever_has_some_asks_for_the_later_ones() -> None:
    history = History()
    for i in range(10):
        history.add(WALL + i, 0.5)
    assert [each.at for each in history.since(WALL + 7)] == [rfc3339(WALL + 8), rfc3339(WALL + 9)]
    assert history.since(WALL + 9) == []
    assert len(history.since(WALL - 1)) == 10


def test_after_a_clock_was_set_back_the_line_goes_on_from_there() -> None:
    history, chance, wall = History(), random.Random(5), WALL
    for _ in range(3000):
        wall += chance.choice((1.0, 1.0, 1.0, -20.0))
        history.add(wall, 0.5)
        times = [each.at for each in history.since(None)]
        assert times == sorted(set(times))
        assert times[-1] == rfc3339(wall)
        assert len(times) <= MOST
