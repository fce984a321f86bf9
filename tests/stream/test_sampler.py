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


def still(value: int) -> np.ndarray:
    return np.full((24, 32), value, np.uint8)


def test_the_gate_keeps_still_frames_out_and_lets_motion_pass() -> None:
    gate = MotionGate(3.0)
    assert gate.passes(still(100), 0.0)
    assert not gate.passes(still(102), 0.5)
    assert gate.passes(still(104), 1.0)
    assert not gate.passes(still(104), 1.5)


def test_slow_change_adds_up_to_motion() -> None:
    gate = MotionGate(3.0, quiet_s=1e9)
    assert sum(gate.passes(still(100 + k), k) for k in range(30)) == 10


def test_the_gate_lets_one_frame_pass_after_a_quiet_while() -> None:
    gate = MotionGate(3.0, quiet_s=5.0)
    assert [t for t in range(12) if gate.passes(still(7), t)] == [0, 5, 10]
