"""What is due when, and what a slow machine skips."""

from hypothesis import given
from hypothesis import strategies as st

from askcam.server.watching.timetable import Timetable


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
def test_it_is_never_due_twice_in_a_slot(every_s: float, gaps: list[float]) -> None:
    table: Timetable[str] = Timetable()
    table.put("a", every_s, 5.0)
    now, slots = 5.0, []
    table.begun("a", now)
    for gap in gaps:
        now += gap
        if table.due(now):
            slots.append(now // every_s)
            table.begun("a", now)
            assert table.due(now) == []
    assert len(set(slots)) == len(slots)
