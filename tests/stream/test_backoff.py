import itertools

from askcam.stream.backoff import Backoff


def tries(seconds: float) -> list[float]:
    """When a camera that refuses at once is tried, over so many seconds."""
    backoff, now, times = Backoff(), 0.0, []
    while now < seconds:
        now += backoff.failed(now)
        times.append(now)
    return times


def test_the_first_try_comes_within_half_a_second() -> None:
    assert tries(10)[0] <= 0.5


def test_tries_are_at_most_two_seconds_apart_in_the_first_half_minute() -> None:
    times = [t for t in tries(40) if t <= 30]
    assert max(b - a for a, b in itertools.pairwise(times)) <= 2.0
    assert len(times) < 30  # and it does not hammer


def test_later_tries_are_ten_seconds_apart_at_most() -> None:
    times = tries(300)
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert max(gaps) <= 10
    assert gaps[-1] == 10


def test_a_permanent_error_is_tried_again_rarely() -> None:
    backoff = Backoff()
    assert backoff.failed(0.0, permanent=True) >= 30
    assert backoff.failed(30.0, permanent=True) >= 30


def test_a_frame_makes_the_next_loss_a_first_one() -> None:
    backoff = Backoff()
    for now in range(60):
        backoff.failed(now)
    backoff.succeeded()
    assert backoff.failed(100.0) <= 0.5
