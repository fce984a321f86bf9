"""The order of one target's events, on a clock that the test turns."""

from random import Random

import pytest

from askcam.features.notify.backoff import MAX_REST_S, MAX_S
from askcam.features.notify.queue import HOLD_S, MAX_ASIDE, DeliveryQueue, WaitingDelivery

WALL = 1_760_000_000.0


class Turned:
    """A line with its clock, and a target that takes what `takes` says."""

    def __init__(self, *events: int, give_up_s: float = 86_400.0) -> None:
        self.line = DeliveryQueue(max(events, default=0), give_up_s, Random(3))
        self.line.ahead.extend((event, WALL + event) for event in events)
        self.now = 1000.0
        self.refused: set[int] = set()
        self.down = False
        self.tried: list[tuple[float, int, bool]] = []  # when, which, whether it was taken
        self.dead: list[int] = []

    def come(self, *events: int) -> None:
        self.line.ahead.extend((event, WALL + event) for event in events)
        self.line.cursor = max(events)

    def run(self, seconds: float) -> list[int]:
        """What was taken meanwhile."""
        end, taken = self.now + seconds, []
        while True:
            event = self.line.next(self.now)
            if event is None:
                at = self.line.wake_at(self.now)
                if at is None or at > end:
                    self.now = end
                    return taken
                assert at > self.now, "it must not turn in vain"
                self.now = at
                continue
            good = not self.down and event not in self.refused
            self.tried.append((self.now, event, good))
            if good:
                self.line.took(event)
                taken.append(event)
            elif self.line.failed(event, self.now, WALL + self.now, "500").dead:
                self.dead.append(event)


def test_all_that_is_taken_goes_in_order_and_at_once() -> None:
    turned = Turned(1, 2, 5, 9)
    assert turned.run(0.0) == [1, 2, 5, 9]
    assert turned.line.done == 9
    assert turned.line.wake_at(turned.now) is None


def test_a_short_failure_changes_no_order() -> None:
    turned = Turned(1, 2, 3)
    turned.down = True
    turned.run(20)
    assert {event for _, event, _ in turned.tried} == {1}
    assert len(turned.tried) > 2
    turned.down = False
    assert turned.run(60) == [1, 2, 3]


def test_one_that_is_never_taken_holds_the_others_for_two_minutes_at_most() -> None:
    turned = Turned(*range(1, 30))
    turned.refused = {1}
    assert turned.run(HOLD_S - 1) == []
    assert turned.run(HOLD_S + 2) == list(range(2, 30))
    turned.come(30, 31)
    assert turned.run(2) == [30, 31]  # what comes later is not held up
    turned.refused = set()
    assert turned.run(MAX_S) == [1]


def test_many_that_are_never_taken_do_not_keep_the_others_out() -> None:
    turned = Turned(*range(1, 21))
    turned.refused = set(range(1, 11))
    assert turned.run(10 * 2 * HOLD_S) == list(range(11, 21))
    for event in range(21, 40):
        turned.come(event)
        assert turned.run(MAX_REST_S) == [event]


def test_a_target_that_is_down_is_not_hammered_and_gets_all_when_it_is_back() -> None:
    turned = Turned(*range(1, 201))
    turned.down = True
    turned.run(3600)
    assert 60 < len(turned.tried) < 400  # in an hour
    turned.down = False
    taken = turned.run(MAX_S + MAX_REST_S)
    assert sorted(taken) == list(range(1, 201))
    assert turned.line.waiting == {}


def test_after_long_enough_an_event_is_given_up() -> None:
    turned = Turned(1, give_up_s=600)
    turned.down = True
    turned.run(500)
    assert turned.dead == []
    turned.run(600 + MAX_S)
    assert turned.dead == [1]
    assert turned.line.waiting == {}
    turned.down = False
    assert turned.run(10_000) == []


def test_what_a_target_asks_for_is_granted_to_all_of_its_events() -> None:
    turned = Turned(1, 2)
    turned.line.failed(1, turned.now, WALL, "429", retry_after_s=300.0)
    turned.run(299)
    assert turned.tried == []
    assert turned.run(2) == [1, 2]


def test_a_disabled_one_gets_nothing_until_it_is_enabled() -> None:
    turned = Turned(1, 2)
    turned.down = True
    turned.run(1)
    turned.down, turned.line.disabled = False, True
    assert turned.run(100_000) == []
    turned.line.enable(turned.now)
    assert turned.run(0) == [1, 2]


def test_a_dead_letter_that_is_sent_again_holds_up_nobody() -> None:
    turned = Turned(7, 8)
    turned.refused = {3}
    turned.line.again(WaitingDelivery(3, WALL, 0, HOLD_S, turned.now, turned.now, "500", WALL, WALL))
    assert turned.run(5) == [7, 8]
    assert turned.tried[0][1] == 3
    turned.refused = set()
    assert turned.run(MAX_S) == [3]


def test_when_too_many_stand_aside_the_others_wait_behind() -> None:
    turned = Turned(MAX_ASIDE + 1)
    turned.line.waiting = {
        event: WaitingDelivery(event, WALL, 3, HOLD_S, turned.now, turned.now + 5, "500", WALL, WALL)
        for event in range(1, MAX_ASIDE + 1)
    }
    turned.down = True
    turned.run(600)
    assert MAX_ASIDE + 1 not in {event for _, event, _ in turned.tried}
    turned.down = False
    assert sorted(turned.run(2 * MAX_S)) == list(range(1, MAX_ASIDE + 2))


@pytest.mark.parametrize("failures", [0, 3])
def test_the_cursor_stands_before_what_was_never_tried(failures: int) -> None:
    turned = Turned(4, 6, 9)
    turned.line.cursor = 12
    assert turned.line.done == 3
    for _ in range(failures):
        turned.line.failed(4, turned.now, WALL, "500")
    assert turned.line.done == (5 if failures else 3)
    if not failures:
        turned.line.took(4)
    turned.line.took(6)
    assert turned.line.took(9).cursor == 12


class Longest(Random):
    """Waits are as long as they may be."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_a_target_that_took_something_is_let_alone_as_shortly_as_at_first() -> None:
    line = DeliveryQueue(9, 86_400.0, Longest())
    line.ahead.extend((event, WALL) for event in range(1, 10))
    rests = []
    for event in range(1, 6):
        line.failed(event, 1000.0, WALL, "500")
        rests.append(line.rest_until - 1000.0)
    assert rests == [2.0, 4.0, 8.0, 16.0, 32.0]
    line.took(6)
    assert (line.failures, line.rest_until) == (0, 0.0)
    line.failed(7, 2000.0, WALL, "500")
    assert line.rest_until == 2002.0


def test_a_target_that_is_enabled_again_is_tried_at_once_as_if_it_had_never_failed() -> None:
    line = DeliveryQueue(3, 86_400.0, Longest())
    line.ahead.extend((event, WALL) for event in range(1, 4))
    for event in (1, 2):
        line.failed(event, 1000.0, WALL, "410")
    line.disabled = True
    assert line.next(1e9) is None
    line.enable(1001.0)
    assert (line.next(1001.0), line.failures) == (1, 0)
