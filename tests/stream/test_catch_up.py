"""A decoder that is too slow, simulated: how far behind it gets, and what it does about that."""

from collections import deque
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askcam.stream.sources.catch_up import (
    BEHIND_S,
    CALM_S,
    KEYFRAME_S,
    LONGEST_S,
    START_S,
    CatchUp,
    Head,
    Step,
)


@dataclass
class Run:
    shown: list[tuple[float, float]]  # when a picture was decoded, and how long after its arrival
    behind: bool
    lean: bool
    left_out: int
    reconnected: int


def run(fps: float, gop: int, costs_s: float, seconds: float, faster_from: float = 1e9) -> Run:
    """A camera of `fps` with a keyframe every `gop`, decoded at `costs_s` a picture; at next to nothing later on."""
    catch_up = CatchUp(0.0)
    done = Run([], False, False, 0, 0)
    queue: deque[int] = deque()
    now, arrived, waits_for_key = 0.0, 0, True
    while now < seconds:
        while arrived / fps <= now:
            queue.append(arrived)
            arrived += 1
        if not queue:
            now = arrived / fps
            continue
        one = queue.popleft()
        keys = [each for each in queue if each % gop == 0]
        step = catch_up.next(Head(now - one / fps, one % gop == 0, bool(keys)), now)
        if step is Step.RECONNECT:
            done.reconnected += 1
            catch_up, waits_for_key = CatchUp(now), True
            arrived += -arrived % gop  # it begins with a keyframe
            queue.clear()
            continue
        if step is Step.EMPTY:
            done.left_out += 1 + len(queue)
            queue.clear()
            waits_for_key = True
            continue
        if step is Step.JUMP:
            while one != keys[-1]:
                one = queue.popleft()
                done.left_out += 1
        waits_for_key = waits_for_key and one % gop != 0
        if not waits_for_key:
            now += costs_s if now < faster_from else 0.001
            done.shown.append((now, now - one / fps))
    done.behind, done.lean = catch_up.behind, catch_up.lean
    return done


def test_who_keeps_up_leaves_nothing_out() -> None:
    done = run(25, 50, 0.03, 60)
    assert len(done.shown) >= 1498
    assert (done.behind, done.lean, done.left_out) == (False, False, 0)


def test_a_moment_of_slowness_is_no_falling_behind_once_it_is_over() -> None:
    done = run(25, 50, 0.08, 30, faster_from=10)
    assert not done.behind
    assert done.shown[-1][1] < 0.1


def test_it_is_behind_until_it_has_been_calm_for_a_while() -> None:
    catch_up = CatchUp(0.0)
    catch_up.next(Head(BEHIND_S + 0.1, True, False), START_S + 1)
    assert catch_up.behind
    assert catch_up.lean
    catch_up.next(Head(0.0, True, False), START_S + 1 + CALM_S)
    assert catch_up.behind
    catch_up.next(Head(0.0, True, False), START_S + 1.1 + CALM_S)
    assert not catch_up.behind


def test_a_backlog_at_the_start_is_no_fault_of_this_machine() -> None:
    catch_up = CatchUp(0.0)
    catch_up.next(Head(1.5, True, False), START_S / 2)
    assert not catch_up.behind


def test_streams_of_keyframes_alone_go_on_with_the_newest() -> None:
    done = run(25, 1, 0.2, 60)
    assert max(lag for at, lag in done.shown if at > 5) < 0.35
    assert done.left_out > 1000


@pytest.mark.parametrize("slower", [1.2, 2.0, 5.0])
@pytest.mark.parametrize("gop", [25, 60, 125])
def test_a_slow_decoder_stays_near_the_present_by_jumping(gop: int, slower: float) -> None:
    done = run(30, gop, slower / 30, 120)
    longest = min(LONGEST_S, gop / 30) + 1.0
    assert max(lag for _, lag in done.shown) < longest + BEHIND_S
    assert done.behind
    assert len(done.shown) > 100 / slower


def test_without_keyframes_it_waits_for_one_and_then_connects_anew() -> None:
    done = run(30, 1800, 3 / 30, 120)
    assert done.reconnected >= 1
    assert max(lag for _, lag in done.shown) < LONGEST_S + 0.2


def test_the_keyframe_that_it_waited_for_is_decoded_and_all_after_it() -> None:
    catch_up = CatchUp(0.0)
    assert catch_up.next(Head(5.0, key=False, key_behind=False), 10.0) is Step.EMPTY
    assert catch_up.next(Head(0.1, key=False, key_behind=False), 11.0) is Step.EMPTY
    assert catch_up.next(Head(0.1, key=True, key_behind=False), 12.0) is Step.DECODE
    for second in range(13, 40):
        assert catch_up.next(Head(0.1, key=False, key_behind=False), float(second)) is Step.DECODE


def test_it_does_not_connect_anew_before_its_time() -> None:
    catch_up = CatchUp(0.0)
    assert catch_up.next(Head(LONGEST_S + 1, False, False), 10.0) is Step.EMPTY
    assert catch_up.next(Head(0.0, False, False), 10.0 + KEYFRAME_S) is Step.EMPTY
    assert catch_up.next(Head(0.0, False, False), 10.1 + KEYFRAME_S) is Step.RECONNECT


@settings(max_examples=100, deadline=None)
@given(
    fps=st.sampled_from([0.2, 1, 5, 15, 25, 60]), gop=st.sampled_from([1, 5, 30, 300, 2000]), slower=st.floats(0.01, 8)
)
def test_no_picture_is_shown_that_waited_for_long(fps: float, gop: int, slower: float) -> None:
    done = run(fps, gop, min(2.0, slower / fps), 90)
    assert all(lag < LONGEST_S + 2 * min(2.0, slower / fps) for _, lag in done.shown)
