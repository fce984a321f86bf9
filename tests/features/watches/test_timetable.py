"""What is due when, and what a slow machine skips."""

from hypothesis import given
from hypothesis import strategies as st

from askcam.features.watches.timetable import Timetable


def test_equal_periods_fall_together_whenever_they_began() -> None:
    table: Timetable[str] = Timetable()
    table.put("a", 2.0, 100.3)
    table.put("b", 2.0, 101.1)
    for key in ("a", "b"):
        table.begun(key, 101.2)
    assert table.next() == 102.0
    assert [key for key, _ in table.due(102.0)] == ["a", "b"]


def test_slots_that_pass_are_skipped_and_counted() -> None:
    table: Timetable[str] = Timetable()
    table.put("a", 1.0, 10.0)
    table.begun("a", 10.0)
    assert table.due(14.5) == [("a", 3.5)]
    table.begun("a", 14.5)
    assert table.skipped == 3  # those of 12, 13 and 14; the one of 11 is the one that came late
    assert table.due(14.9) == []
    assert table.next() == 15.0


def test_only_those_that_are_wanted_are_next() -> None:
    table: Timetable[str] = Timetable()
    table.put("a", 1.0, 10.0)
    table.put("b", 1.0, 11.0)
    assert table.next(lambda key: key != "a") == 11.0
    table.drop("b")
    assert table.next(lambda key: key != "a") is None


@given(st.floats(0.2, 3600), st.lists(st.floats(0, 100), max_size=50))
def test_the_next_slot_is_ahead_and_within_one_period(every_s: float, gaps: list[float]) -> None:
    table: Timetable[str] = Timetable()
    table.put("a", every_s, 5.0)
    now, begun = 5.0, 0
    for gap in gaps:
        now += gap
        if table.due(now):
            table.begun("a", now)
            begun += 1
            following = table.next()
            assert following is not None
            assert now < following <= now + every_s * 1.000001
    assert begun <= (now - 5.0) / every_s + 2.000001
