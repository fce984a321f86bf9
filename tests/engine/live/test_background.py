"""Frames and scorings leave half of the engine's time to those who are being answered, however slow the machine is."""

from hypothesis import given
from hypothesis import strategies as st

from askcam.engine.live.background import BackgroundTurns

SECONDS = st.floats(0.001, 10)


@given(st.lists(st.tuples(SECONDS, SECONDS), min_size=1, max_size=50))
def test_who_waits_has_half_of_the_time(steps: list[tuple[float, float]]) -> None:
    """Of each step: how long its pass takes, and what there is to take in."""
    turns, now, passes, others, last = BackgroundTurns(), 0.0, 0.0, 0.0, 0.0
    for answering, background in steps:
        now += answering
        passes += answering
        if turns.due(now, somebody_waits=True):
            turns.took(now, now + background)
            now += background
            others, last = others + background, background
        assert others <= passes + last + 1e-6  # the last one is not made up for yet


@given(st.lists(SECONDS, max_size=20))
def test_nobody_waits_and_nothing_is_held_up(turns_s: list[float]) -> None:
    turns, now = BackgroundTurns(), 0.0
    for took in turns_s:
        assert turns.due(now, somebody_waits=False)
        turns.took(now, now + took)
        now += took
