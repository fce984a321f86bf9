import pytest

from askcam.stream.frame import AgeBasis
from askcam.stream.sources.capture_clock import CaptureClock

WALL = 1_800_000_000.0  # wall clock at timestamp 0


def test_without_a_timestamp_a_frame_is_as_old_as_its_arrival() -> None:
    assert CaptureClock().delay(None, WALL) == (0.0, AgeBasis.ARRIVAL)


def test_a_burst_after_a_hitch_of_the_network_is_known_to_be_old() -> None:
    clock = CaptureClock()
    for k in range(50):
        clock.delay(k * 0.04, WALL + k * 0.04)
    delays = [clock.delay(2 + k * 0.04, WALL + 5)[0] for k in range(75)]  # three seconds' worth at once
    assert delays[0] == pytest.approx(3.0)
    assert delays[-1] == pytest.approx(0.04)


def test_the_cameras_own_clock_is_believed_when_its_frames_take_a_likely_time() -> None:
    clock = CaptureClock()
    clock.camera_says(0.0, WALL)
    delay, basis = clock.delay(1.0, WALL + 1.3)
    assert delay == pytest.approx(0.3)
    assert basis is AgeBasis.CAPTURE


@pytest.mark.parametrize("error_s", [-3600.0, -5.0, 0.5, 60.0])
def test_a_camera_whose_clock_is_wrong_is_not_believed(error_s: float) -> None:
    clock = CaptureClock()
    clock.camera_says(0.0, WALL + error_s)
    assert clock.delay(1.0, WALL + 1.05) == (0.0, AgeBasis.ARRIVAL)


def test_a_believed_camera_may_send_old_frames() -> None:
    clock = CaptureClock()
    clock.camera_says(0.0, WALL)
    clock.delay(1.0, WALL + 1.05)
    delay, basis = clock.delay(1.04, WALL + 9.04)
    assert delay == pytest.approx(8.0)
    assert basis is AgeBasis.CAPTURE


def test_a_drifting_timestamp_does_not_age_frames_for_ever() -> None:
    clock = CaptureClock()
    delays = [clock.delay(t * 0.999, WALL + t)[0] for t in range(3600)]  # loses 3.6 s in an hour
    assert max(delays) < 0.05


def test_timestamps_that_begin_anew_are_no_delay() -> None:
    clock = CaptureClock()
    clock.delay(90_000.0, WALL)
    assert clock.delay(0.0, WALL + 1) == (0.0, AgeBasis.ARRIVAL)
