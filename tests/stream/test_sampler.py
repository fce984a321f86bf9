import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from askcam.stream.sampler import MotionGate, Sampler


def taken(sampler: Sampler, times: list[float]) -> list[float]:
    return [t for t in times if sampler.take(t)]


@given(fps=st.sampled_from([0.5, 1.0, 2.0, 3.0, 5.0]), camera=st.floats(12, 60), start=st.floats(0, 1e6))
def test_the_rate_holds_over_a_minute_whatever_the_cameras_own(fps: float, camera: float, start: float) -> None:
    times = [start + k / camera for k in range(int(60 * camera))]
    assert abs(len(taken(Sampler(fps), times)) - 60 * fps) <= 2


@given(st.lists(st.floats(-0.024, 0.024), min_size=100, max_size=100))
def test_a_camera_as_fast_as_the_sampler_loses_no_frame_to_jitter(jitter: list[float]) -> None:
    times = [k * 0.5 + shift for k, shift in enumerate(jitter)]
    assert len(taken(Sampler(2.0), times)) >= 99


def test_the_first_frame_is_due_at_once() -> None:
    assert Sampler(2.0).take(1234.5)


def test_asking_changes_nothing() -> None:
    sampler = Sampler(2.0)
    assert sampler.wants(0.0)
    assert sampler.wants(0.0)
    assert sampler.take(0.0)
    assert not sampler.wants(0.1)


def test_after_a_pause_one_frame_is_due_not_many() -> None:
    sampler = Sampler(2.0)
    assert taken(sampler, [0.0, 10.0, 10.04, 10.08, 10.48]) == [0.0, 10.0, 10.48]


def test_a_clock_set_back_does_not_stop_sampling() -> None:
    sampler = Sampler(2.0)
    assert taken(sampler, [1000.0, 10.0, 10.1, 10.5]) == [1000.0, 10.0, 10.5]


def test_after_a_restart_the_next_frame_is_due() -> None:
    sampler = Sampler(1.0)
    assert sampler.take(0.0)
    sampler.restart()
    assert sampler.take(0.1)


def grey(value: int) -> np.ndarray:
    return np.full((24, 32), value, np.uint8)


def after(value: int, threshold: float | None = 3.0, quiet_s: float = 5.0) -> MotionGate:
    """A gate for which a pair that ended with this gray was kept at 10 s."""
    gate = MotionGate(threshold, quiet_s)
    gate.kept(grey(value), 10.0)
    return gate


@given(st.integers(0, 255), st.integers(0, 255))
def test_a_frame_is_still_when_it_differs_by_less_than_the_threshold_from_what_was_kept(kept: int, value: int) -> None:
    assert after(kept).still(grey(value), 11.0) == (abs(kept - value) < 3)


def test_slow_change_adds_up_since_only_kept_pairs_are_compared_with() -> None:
    gate = after(100)
    assert [gate.still(grey(100 + k), 11.0 + k / 10) for k in range(6)] == [True, True, True, False, False, False]


def test_asking_whether_a_frame_is_still_changes_nothing() -> None:
    gate = after(100)
    assert not gate.still(grey(200), 11.0)
    assert gate.still(grey(100), 11.0)


@given(st.floats(0, 0.1))
def test_a_while_after_the_last_pair_nothing_is_still_however_early_its_frame_comes(early_s: float) -> None:
    gate = after(7)
    assert gate.still(grey(7), 14.5)
    assert not gate.still(grey(7), 15.0 - early_s)


def test_a_clock_set_back_makes_no_frame_still() -> None:
    assert not after(7).still(grey(7), 9.0)


def test_before_a_pair_was_kept_and_without_a_threshold_nothing_is_still() -> None:
    assert not MotionGate(3.0).still(grey(7), 0.0)
    assert not after(7, threshold=None).still(grey(7), 10.5)


def test_a_picture_of_another_size_is_not_still() -> None:
    assert not after(7).still(np.full((12, 32), 7, np.uint8), 10.5)
