"""By which clock what is kept grows old: one that leaps must not have all of it removed."""

import pytest
from support.evidence_cases import CREATED

from askcam.server.storage.calendar import BELIEVE_S, DAY_S, LEAP_S, Calendar


def test_a_clock_that_goes_on_as_time_does_is_believed() -> None:
    calendar = Calendar()
    for hour in range(100):
        assert calendar.now(CREATED + hour * 3600, 50.0 + hour * 3600) == CREATED + hour * 3600
        assert not calendar.leapt


def test_small_steps_are_believed_whichever_way() -> None:
    calendar = Calendar()
    wall = CREATED
    for i, step_s in enumerate((0.0, 30.0, -30.0, LEAP_S - 1, -LEAP_S)):
        wall += 600 + step_s
        assert calendar.now(wall, i * 600.0) == wall


@pytest.mark.parametrize("ahead_s", [2 * LEAP_S, 40 * DAY_S, 3000 * DAY_S])
def test_a_leap_ahead_is_believed_after_a_day(ahead_s: float) -> None:
    calendar = Calendar()
    calendar.now(CREATED, 0.0)
    for minute in range(1, int(BELIEVE_S / 60)):
        now = calendar.now(CREATED + ahead_s + minute * 60, minute * 60.0)
        assert now == pytest.approx(CREATED + minute * 60)
        assert calendar.leapt
    later = BELIEVE_S + 120
    assert calendar.now(CREATED + ahead_s + later, later) == CREATED + ahead_s + later
    assert not calendar.leapt


def test_a_leap_that_is_taken_back_was_none() -> None:
    calendar = Calendar()
    calendar.now(CREATED, 0.0)
    assert calendar.now(CREATED + 400 * DAY_S, 600.0) == CREATED + 600
    assert calendar.now(CREATED + 1200, 1200.0) == CREATED + 1200
    assert not calendar.leapt


def test_back_is_believed_at_once_and_the_way_to_and_fro_removes_nothing() -> None:
    calendar = Calendar()
    calendar.now(CREATED, 0.0)
    assert calendar.now(CREATED - 400 * DAY_S, 600.0) == CREATED - 400 * DAY_S
    assert calendar.now(CREATED + 1200, 1200.0) == pytest.approx(CREATED - 400 * DAY_S + 600)  # a leap ahead, for now
