import pytest

from askcam.stream.rate import SLOWEST_S, grace, silence_limit


@pytest.mark.parametrize(
    ("usual_s", "slow", "limit_s"),
    [
        (None, False, 1.25),  # a webcam whose rate is not known: none is slow
        (None, True, 12.5),  # a network camera: from one picture nobody can tell
        (0.04, True, 1.25),
        (1.0, True, 3.0),
        (5.0, True, 15.0),
        (10.0, True, 30.0),
        (3600.0, True, SLOWEST_S),
    ],
)
def test_silence_is_measured_by_the_cameras_own_rate(usual_s: float | None, slow: bool, limit_s: float) -> None:
    assert silence_limit(1.25, 12.5, usual_s, slow) == limit_s


def test_a_camera_that_is_set_to_be_slow_is_given_its_time() -> None:
    assert silence_limit(1.25, 90.0, None, True) == 90
    assert silence_limit(1.25, 90.0, 60.0, True) == 90
    assert silence_limit(600.0, 12.5, 0.04, True) == 600


@pytest.mark.parametrize(("usual_s", "grace_s"), [(None, 2.0), (0.04, 2.0), (10.0, 10.0), (3600.0, SLOWEST_S)])
def test_its_reader_is_given_one_interval_more(usual_s: float | None, grace_s: float) -> None:
    assert grace(2.0, usual_s) == grace_s
