import pytest

from askcam.server.openai.realtime.clock import ClientClock, ClockSample
from askcam.stream.frame import AgeBasis

NOW = 1_763_800_000.0


def test_without_a_sample_only_the_arrival_is_known() -> None:
    clock = ClientClock()
    assert clock.captured(NOW - 3, NOW) == (NOW, AgeBasis.ARRIVAL)
    assert clock.wire() == {"basis": "arrival"}


def test_the_quickest_round_trip_counts() -> None:
    clock = ClientClock()
    assert clock.offer(ClockSample(10.0, 0.050, taken=0))
    assert clock.offer(ClockSample(10.4, 0.010, taken=1))
    assert not clock.offer(ClockSample(11.0, 0.200, taken=2))
    assert clock.captured(NOW - 10.4 - 0.25, NOW) == (pytest.approx(NOW - 0.25), AgeBasis.CAPTURE)
    assert clock.wire() == {"basis": "capture", "offset_us": 10_400_000, "rtt_us": 10_000}


def test_after_a_minute_a_slower_one_counts_too_since_clocks_drift() -> None:
    clock = ClientClock()
    clock.offer(ClockSample(10.0, 0.010, taken=0))
    assert not clock.offer(ClockSample(10.5, 0.100, taken=59))
    assert clock.offer(ClockSample(10.5, 0.100, taken=61))
    assert clock.best == ClockSample(10.5, 0.100, taken=61)


@pytest.mark.parametrize("rtt_s", [-0.1, 2.1])
def test_a_round_trip_that_says_nothing_is_not_used(rtt_s: float) -> None:
    clock = ClientClock()
    assert not clock.offer(ClockSample(10.0, rtt_s, taken=0))
    assert clock.best is None


def test_a_frame_is_never_from_the_future() -> None:
    clock = ClientClock()
    clock.offer(ClockSample(0.0, 0.010, taken=0))
    assert clock.captured(NOW + 0.004, NOW) == (NOW, AgeBasis.CAPTURE)  # within the error of the offset
    assert clock.captured(NOW + 60, NOW) == (NOW, AgeBasis.ARRIVAL)  # the client's clock was set anew
    assert clock.captured(None, NOW) == (NOW, AgeBasis.ARRIVAL)
