"""Waits between tries: they grow, are spread, and have bounds."""

import email.utils
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from askcam.features.notify.backoff import FIRST_S, MAX_RETRY_AFTER_S, MAX_S, MIN_S, retry_after_s, wait_s

WALL = 1_760_000_000.0


@given(num_failures=st.integers(1, 10**6), seed=st.integers())
def test_a_wait_is_within_its_bounds(num_failures: int, seed: int) -> None:
    assert MIN_S <= wait_s(num_failures, Random(seed)) <= min(MAX_S, FIRST_S * 2 ** min(num_failures - 1, 40))


def test_waits_grow_and_are_spread_over_all_of_their_span() -> None:
    random = Random(7)
    for num_failures, most in ((1, 2.0), (4, 16.0), (20, 600.0)):
        waits = sorted(wait_s(num_failures, random) for _ in range(2000))
        assert waits[100] < 0.2 * most
        assert 0.4 * most < waits[1000] < 0.6 * most
        assert waits[-100] > 0.9 * most


@given(header=st.one_of(st.text(), st.integers().map(str), st.datetimes().map(email.utils.format_datetime)))
def test_whatever_a_target_asks_for_is_bounded(header: str) -> None:
    asked = retry_after_s(header, WALL)
    assert asked is None or 0 <= asked <= MAX_RETRY_AFTER_S


def test_what_a_target_asks_for_is_read_in_both_forms() -> None:
    assert retry_after_s("120", WALL) == 120
    assert retry_after_s(" 7 ", WALL) == 7
    assert retry_after_s(email.utils.formatdate(WALL + 90, usegmt=True), WALL) == 90
    assert retry_after_s(email.utils.formatdate(WALL - 90, usegmt=True), WALL) == 0
    assert retry_after_s("99999999999999999999", WALL) == MAX_RETRY_AFTER_S
    assert [retry_after_s(text, WALL) for text in ("", "soon", "-5", "1.5", "²")] == [None] * 5
