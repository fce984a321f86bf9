"""What is proposed out of what people have judged: on enough of it, never more than it says, and nothing by chance."""

from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.judged import EVERY_S, QUESTION, turned_on
from support.watch_events import WALL

from askcam.client.watches import WatchEvent
from askcam.server.judging.labels import AskedNow, JudgedEvent, JudgedReadings
from askcam.server.judging.proposal import CHANCE, LEAST_RIGHT, MOST_LOST, by_chance, judged, lost_at_most, proposed

NOW = AskedNow(QUESTION, EVERY_S, 0.7, 0.4, 2.0)
MET = st.one_of(st.sampled_from([0.7, 0.8, 0.9, 1.0]), st.integers(7000, 10_000).map(lambda n: n / 10_000))
LABELS = st.lists(st.tuples(MET, st.booleans()), max_size=60)
Draw = Callable[[np.random.Generator, int], list[float]]


def label(told: WatchEvent, right: bool, at: float = WALL) -> JudgedEvent:
    return JudgedEvent(at, right, msgspec.convert(msgspec.to_builtins(told), JudgedReadings))


def test_how_many_right_ones_it_takes_follows_from_what_is_promised() -> None:
    assert LEAST_RIGHT == 11
    assert lost_at_most(10) > MOST_LOST >= lost_at_most(11)
    assert 0.75**11 <= CHANCE < 0.75**10


def test_it_is_proposed_in_the_middle_between_right_ones_and_the_wrong_ones_below() -> None:
    labels = [(0.9 + i / 1000, True) for i in range(12)] + [(0.7 + i / 100, False) for i in range(7)]
    found = proposed([*labels, (0.95, False), (0.96, False)])
    assert found is not None
    assert (found.on, found.wrong, found.wrong_kept_back, found.right, found.right_lost) == (0.83, 9, 7, 12, 0)
    assert found.lost_at_most == 0.221
    assert proposed(labels[1:][:10] + labels[12:]) is None, "ten right ones are too few"


@given(LABELS)
def test_what_it_says_of_the_judged_ones_is_so(labels: list[tuple[float, bool]]) -> None:
    found = proposed(labels)
    if found is None:
        return
    right, wrong = ([met for met, was in labels if was is kind] for kind in (True, False))
    assert len(right) == found.right >= LEAST_RIGHT
    assert len(wrong) == found.wrong
    assert found.wrong_kept_back == sum(met < found.on for met in wrong) > 0
    assert found.right_lost == sum(met < found.on for met in right) == 0
    assert by_chance(found.right, found.wrong, found.wrong_kept_back) <= CHANCE
    assert max((met for met in wrong if met < found.on), default=0.0) < found.on <= min(right)


@given(LABELS.filter(lambda labels: sum(was for _, was in labels) < LEAST_RIGHT))
def test_nothing_is_proposed_on_too_few_right_ones(labels: list[tuple[float, bool]]) -> None:
    assert proposed(labels) is None


def beta(a: float, b: float) -> Draw:
    """Probabilities of a watch at 0.7 and above."""
    return lambda chance, number: [float(each) for each in 0.7 + 0.3 * chance.beta(a, b, number)]


def near_one(chance: np.random.Generator, number: int) -> list[float]:
    return [float(1.0 - each) for each in 10 ** chance.uniform(-6, -0.6, number)]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (beta(5, 1), beta(1, 5)), (beta(2, 1), beta(1, 2)), (beta(1, 1), beta(1, 1)), (beta(0.3, 0.3), beta(1, 3)),
        (near_one, beta(2, 2)), (beta(8, 2), near_one),
    ],
)  # fmt: skip
def test_of_a_hundred_watches_five_lose_more_than_it_says(right: Draw, wrong: Draw) -> None:
    """Simulated ones: each is judged some times, and then many right ones come."""
    chance, num_watches, broken, helped = np.random.default_rng(7), 500, 0, 0
    for _ in range(num_watches):
        num_right, num_wrong = int(chance.integers(8, 30)), int(chance.integers(1, 25))
        labels = [(met, True) for met in right(chance, num_right)]
        labels += [(met, False) for met in wrong(chance, num_wrong)]
        found = proposed(labels)
        if found is None:
            continue
        helped += 1
        to_come = np.array(right(chance, 2000))
        broken += float((to_come < found.on).mean()) > found.lost_at_most + 0.02  # 2000 say it to 2 in 100
    assert broken <= CHANCE * num_watches
    assert broken <= helped


def test_probabilities_that_tell_nothing_are_seldom_taken_for_some_that_do() -> None:
    chance, num_watches = np.random.default_rng(11), 2000
    same = beta(2, 2)
    made = sum(
        proposed([(met, True) for met in same(chance, 15)] + [(met, False) for met in same(chance, 15)]) is not None
        for _ in range(num_watches)
    )
    spread = 4 * (CHANCE * (1 - CHANCE) * num_watches) ** 0.5
    assert 0 < made <= CHANCE * num_watches + spread


def test_a_watch_is_judged_by_what_it_would_tell_as_it_is_set_now() -> None:
    events = [label(turned_on(0.75, i), False, WALL + i) for i in range(4)]
    events += [label(turned_on(0.95, i), True, WALL + 10 + i) for i in range(5)]
    events.append(label(turned_on(0.95, question="Is it raining? Answer yes or no."), False, WALL - 9))
    found = judged(events, NOW)
    assert found is not None
    assert (found.judged, found.wrong, found.since) == (9, 4, "2025-10-09T08:53:20.000000Z")
    higher = judged(events, AskedNow(QUESTION, EVERY_S, 0.9, 0.4, 2.0))
    assert higher is not None
    assert (higher.judged, higher.wrong, higher.since) == (5, 0, "2025-10-09T08:53:30.000000Z")
    assert judged(events, AskedNow("Is it raining?", EVERY_S, 0.7, 0.4, 2.0)) is None
    assert judged([], NOW) is None


def test_where_readings_do_not_reach_far_enough_there_is_a_rate_and_no_proposal() -> None:
    events = [label(turned_on(0.95, i), True) for i in range(20)] + [label(turned_on(0.75, i), False) for i in range(9)]
    known = judged(events, NOW)
    assert known is not None
    assert known.proposed is not None
    unknown = label(turned_on(0.95, before=[], after=[]), True)
    with_one = judged([*events, unknown], NOW)
    assert with_one is not None
    assert (with_one.judged, with_one.proposed) == (30, None), "nobody knows whether it would be lost"
    longer = judged(events, AskedNow(QUESTION, EVERY_S, 0.7, 0.4, 60.0))
    assert longer is not None
    assert (longer.judged, longer.wrong, longer.proposed) == (29, 9, None)
