"""Token buckets: what passes, what waits, and how many clients are remembered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.server.access.rates import Bucket, Rate, Rates

RATES = st.builds(
    Rate,
    per_s=st.floats(0.01, 1000, allow_nan=False),
    burst=st.integers(1, 50).map(float),
)


def test_a_new_bucket_lets_its_burst_through_and_then_says_how_long_to_wait() -> None:
    bucket = Bucket(Rate(per_s=2, burst=3), now=10.0)
    assert [bucket.take(10.0) for _ in range(4)] == [0, 0, 0, 0.5]


def test_a_refusal_takes_nothing() -> None:
    bucket = Bucket(Rate(per_s=1, burst=1), now=0.0)
    bucket.take(0.0)
    for _ in range(5):
        assert bucket.take(0.5) == pytest.approx(0.5)
    assert bucket.take(1.0) == 0


def test_waiting_refills_up_to_the_burst_and_no_further() -> None:
    bucket = Bucket(Rate(per_s=1, burst=2), now=0.0)
    assert [bucket.take(1000.0) for _ in range(3)] == [0, 0, 1]


def test_a_clock_that_steps_back_gives_nothing_away() -> None:
    bucket = Bucket(Rate(per_s=1, burst=1), now=100.0)
    bucket.take(100.0)
    assert bucket.take(50.0) == 1
    assert bucket.take(100.5) == pytest.approx(0.5)


@given(RATES, st.lists(st.floats(0, 5, allow_nan=False), max_size=60))
def test_no_more_passes_than_burst_plus_rate_times_time(rate: Rate, gaps: list[float]) -> None:
    now, passed, bucket = 0.0, 0, Bucket(rate, 0.0)
    for gap in gaps:
        now += gap
        passed += bucket.take(now) == 0
    assert passed <= rate.burst + rate.per_s * now + 1e-6


@given(RATES, st.floats(0, 1e6, allow_nan=False))
def test_who_waits_as_long_as_told_passes(rate: Rate, start: float) -> None:
    bucket = Bucket(rate, start)
    while (wait_s := bucket.take(start)) == 0:
        pass
    assert bucket.take(start + wait_s * (1 + 1e-6) + 1e-6) == 0


@pytest.mark.parametrize(("per_s", "burst"), [(0, 1), (-1, 1), (1, 0.5)])
def test_a_rate_that_lets_nothing_through_is_refused(per_s: float, burst: float) -> None:
    with pytest.raises(ValueError, match="lets something through"):
        Rate(per_s, burst)


def test_clients_do_not_use_up_each_others_allowance() -> None:
    rates = Rates(Rate(per_s=1, burst=1))
    assert rates.take("a", 0.0) == 0
    assert rates.take("a", 0.0) > 0
    assert rates.take("b", 0.0) == 0


def test_looking_takes_nothing_and_remembers_nobody() -> None:
    rates = Rates(Rate(per_s=1, burst=1))
    assert rates.wait_s("a", 0.0) == 0
    assert len(rates) == 0
    rates.take("a", 0.0)
    assert rates.wait_s("a", 0.25) == pytest.approx(0.75)


def test_the_client_unused_for_longest_is_forgotten_for_a_new_one() -> None:
    rates = Rates(Rate(per_s=0.001, burst=1), max_clients=2)
    rates.take("a", 0.0)
    rates.take("b", 0.0)
    rates.take("a", 0.0)  # refused, but used
    rates.take("c", 0.0)
    assert len(rates) == 2
    assert rates.wait_s("a", 0.0) > 0
    assert rates.wait_s("b", 0.0) == 0


def test_what_is_left_is_told_and_nothing_is_taken() -> None:
    rates = Rates(Rate(per_s=2.0, burst=10.0))
    assert rates.left("a", 0.0) == (10.0, 0.0)
    for _ in range(4):
        rates.take("a", 0.0)
    assert rates.left("a", 0.0) == (6.0, 2.0)
    assert rates.left("a", 1.0) == (8.0, 1.0)
    assert rates.left("b", 1.0) == (10.0, 0.0)
