import pytest

from askcam.stream.rate import FrameRate


def test_the_rate_of_a_steady_camera() -> None:
    rate = FrameRate()
    for k in range(100):
        rate.tick(k / 25)
    assert rate.fps == pytest.approx(25)
    assert rate.interval_s == pytest.approx(0.04)


def test_one_frame_has_no_rate() -> None:
    rate = FrameRate()
    rate.tick(1.0)
    assert rate.fps is None


def test_only_the_last_seconds_count() -> None:
    rate = FrameRate()
    for k in range(100):
        rate.tick(k * 0.5)
    for k in range(100):
        rate.tick(50 + k * 0.1)
    assert rate.fps == pytest.approx(10)


def test_a_restart_forgets() -> None:
    rate = FrameRate()
    rate.tick(0.0)
    rate.tick(1.0)
    rate.restart()
    assert rate.fps is None


def test_one_long_gap_does_not_make_a_camera_a_slow_one() -> None:
    rate = FrameRate()
    for now in (0.0, 2.0, 2.04, 2.08, 2.12):
        rate.tick(now)
    assert rate.usual_s == pytest.approx(0.04)


def test_what_is_usual_cannot_be_told_from_the_first_frames() -> None:
    rate = FrameRate()
    for now in (0.0, 2.0, 2.04):
        rate.tick(now)
    assert rate.usual_s is None


def test_what_was_learnt_outlives_a_connection() -> None:
    rate = FrameRate()
    for now in range(0, 50, 10):
        rate.tick(float(now))
    rate.restart()
    assert rate.usual_s == pytest.approx(10)
    rate.tick(100.0)
    assert rate.usual_s == pytest.approx(10)
    for now in (100.1, 100.2, 100.3):
        rate.tick(now)
    assert rate.usual_s == pytest.approx(0.1)


def test_two_pictures_of_a_connection_teach_the_next() -> None:
    rate = FrameRate()
    rate.tick(0.0)
    rate.tick(12.0)
    rate.restart()
    assert rate.usual_s == pytest.approx(12)


def test_a_connection_that_brings_one_picture_refutes_what_was_learnt() -> None:
    rate = FrameRate()
    for k in range(50):
        rate.tick(k * 0.04)
    rate.restart()
    assert rate.usual_s == pytest.approx(0.04)
    rate.tick(10.0)
    rate.restart()
    assert rate.usual_s is None
