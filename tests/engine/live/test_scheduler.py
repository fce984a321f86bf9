"""Who is asked to sample less when the model cannot keep up; and who is being answered has half of the engine."""

from hypothesis import given
from hypothesis import strategies as st

from askcam.engine.live.scheduler import (
    CALM_S,
    LEAST_FPS,
    LOOK_S,
    PATIENCE_S,
    BackgroundTurns,
    CameraPace,
    PaceChange,
    Scheduler,
)

SECONDS = st.floats(0.001, 10)


def pace(name: str, lag_s: float = 0.0, fps: float = 2.0, asked_at: float = 0.0, own_fps: float = 2.0) -> CameraPace:
    return CameraPace(name, fps, own_fps, asked_at, lag_s)


def test_a_short_lag_changes_nothing() -> None:
    scheduler = Scheduler()
    assert scheduler.look(0.0, [pace("a", lag_s=3.0)]) is None
    assert scheduler.look(PATIENCE_S - 0.1, [pace("a", lag_s=3.0)]) is None
    assert scheduler.look(PATIENCE_S, [pace("a")]) is None
    assert scheduler.look(PATIENCE_S + 0.1, [pace("a", lag_s=3.0)]) is None


def test_a_lag_that_lasts_slows_the_camera_that_was_asked_longest_ago() -> None:
    scheduler = Scheduler()
    cameras = [pace("a", lag_s=1.5, asked_at=50.0), pace("b", asked_at=10.0), pace("c", asked_at=90.0)]
    assert scheduler.look(100.0, cameras) is None
    assert scheduler.look(100.0 + PATIENCE_S, cameras) == PaceChange("b", 1.0, slower=True)
    assert scheduler.look(100.1 + PATIENCE_S, cameras) is None  # the change must show first
    assert scheduler.look(100.0 + 2 * PATIENCE_S, cameras) == PaceChange("b", 1.0, slower=True)


def test_a_pair_within_its_own_period_is_no_lag() -> None:
    scheduler = Scheduler()
    for second in range(20):
        assert scheduler.look(float(second), [pace("a", lag_s=0.9)]) is None


def test_nobody_is_slowed_for_ever() -> None:
    scheduler = Scheduler()
    slowest = [pace("a", lag_s=60.0, fps=LEAST_FPS)]
    assert scheduler.look(0.0, slowest) is None
    assert scheduler.look(PATIENCE_S, slowest) is None


def test_calm_gives_the_rate_back_to_who_was_asked_last() -> None:
    scheduler = Scheduler()
    cameras = [pace("a", fps=0.5, asked_at=3.0), pace("b", fps=0.5, asked_at=7.0), pace("c")]
    assert scheduler.look(CALM_S - 1, cameras) is None
    assert scheduler.look(CALM_S, cameras) == PaceChange("b", 1.0, slower=False)
    assert scheduler.look(CALM_S + 1, cameras) is None
    assert scheduler.look(3 * CALM_S, [pace("b", fps=1.5, asked_at=7.0)]) == PaceChange("b", 2.0, slower=False)


def test_it_looks_twice_a_second() -> None:
    scheduler = Scheduler()
    scheduler.look(10.0, [])
    assert not scheduler.due(10.0 + LOOK_S / 2)
    assert scheduler.due(10.0 + LOOK_S)


def test_a_lag_has_the_calm_begin_anew() -> None:
    scheduler = Scheduler()
    slowed = [pace("a", fps=0.5)]
    assert scheduler.look(CALM_S - 1, [pace("a", fps=0.5, lag_s=9.0)]) is None
    assert scheduler.look(CALM_S, slowed) is None
    assert scheduler.look(2 * CALM_S - 1.1, slowed) is None
    assert scheduler.look(2 * CALM_S - 1, slowed) == PaceChange("a", 1.0, slower=False)


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
