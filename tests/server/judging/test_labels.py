"""Which thresholds an event would have met, against the machine that decides over watches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.judged import EVERY_S, QUESTION, readings, turned_on
from support.watch_events import WALL

from askcam.features.watches.setting import WatchSetting
from askcam.features.watches.threshold import Watch, WatchTurn
from askcam.server.judging.labels import AskedNow, JudgedReadings, highest_met

OFF = 0.4
GRADES = (0.1, 0.4, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0)
SERIES = st.lists(st.sampled_from(GRADES), min_size=1, max_size=30)
AFTER = st.lists(st.sampled_from(GRADES), max_size=10)
FOR_S = st.sampled_from([0.0, 1.0, 2.0, 3.9, 4.0, 10.0])


def now(for_s: float, on: float = 0.5) -> AskedNow:
    return AskedNow(QUESTION, EVERY_S, on, OFF, for_s)


def turns(probabilities: list[float], on: float, for_s: float) -> list[tuple[int, WatchTurn]]:
    """What a watch would tell of these, and at which of them."""
    watch = Watch(WatchSetting(QUESTION, ("lobby",), on=on, off=OFF, for_s=for_s))
    times = [i * EVERY_S for i in range(len(probabilities))]
    seen = [(i, watch.see(each, at, WALL + at)) for i, (each, at) in enumerate(zip(probabilities, times, strict=True))]
    return [(i, turn) for i, turn in seen if turn is not None]


@given(SERIES, AFTER, FOR_S)
def test_it_meets_those_thresholds_at_which_the_watch_would_have_turned_on(
    before: list[float], after: list[float], for_s: float
) -> None:
    told = [i for i, turn in turns(before, 0.5, for_s) if turn is WatchTurn.ON]
    if len(told) != 1:
        return
    decided = told[0]
    whole = before + after
    kept, since = whole[: decided + 1], whole[decided + 1 :][:10]
    until = next((i for i, each in enumerate(since) if each <= OFF), len(since))  # the same time that it was on
    said = JudgedReadings("on", QUESTION, kept[-1], readings(kept), readings(since, WALL + (decided + 1) * EVERY_S))
    met = highest_met(said, now(for_s))
    assert met is not None
    for on in (0.5, 0.7, 0.8, 0.9, 0.95, 1.0):
        turned = any(turn is WatchTurn.ON for _, turn in turns(kept + since[:until], on, for_s))
        assert turned == (on <= met), (on, met)


def test_what_came_before_a_break_is_another_time() -> None:
    high, low = readings([0.9, 0.9]), readings([0.6, 0.6], WALL + 60.0)
    said = JudgedReadings("on", QUESTION, 0.6, high + low)
    assert highest_met(said, now(2.0)) == 0.6


@pytest.mark.parametrize(
    "said",
    [
        JudgedReadings("changed", QUESTION),  # a text
        JudgedReadings("on", QUESTION, 0.9),  # without readings
        JudgedReadings("on", QUESTION, 0.9, readings([0.9, 0.9])),  # kept for less than it must hold
        JudgedReadings("on", QUESTION, 0.9, [type(readings([0.9])[0])("yesterday", 0.9)]),
    ],
)
def test_where_readings_do_not_say_nothing_is_said(said: JudgedReadings) -> None:
    assert highest_met(said, now(30.0)) is None


def test_an_event_of_the_store_is_read() -> None:
    told = turned_on(0.8)
    said = JudgedReadings(told.kind, told.question, told.probability, told.before, told.after)
    assert highest_met(said, now(2.0)) == 0.8
