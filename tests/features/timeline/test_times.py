"""Hours and days of a place, and the times that people write."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.features.timeline.times import MERGED, Level, moment, span, spoken

BERLIN, KATHMANDU = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")
ZONES = st.sampled_from([None, BERLIN, KATHMANDU, ZoneInfo("UTC"), ZoneInfo("America/St_Johns")])
WALLS = st.floats(1e9, 2e9)


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@given(WALLS, ZONES, st.sampled_from(MERGED))
def test_every_moment_is_in_its_span_and_the_spans_border_has_the_same(
    wall: float, where: ZoneInfo | None, level: Level
) -> None:
    start, end = span(level, wall, where)
    assert start <= wall < end
    assert span(level, start, where) == (start, end)
    assert span(level, end, where)[0] == end


@given(WALLS, ZONES)
def test_a_minute_is_in_one_hour_and_an_hour_in_one_day(wall: float, where: ZoneInfo | None) -> None:
    for fine, coarse in ((Level.MINUTE, Level.HOUR), (Level.HOUR, Level.DAY)):
        (start, end), (first, last) = span(fine, wall, where), span(coarse, wall, where)
        assert first <= start < end <= last


def test_days_and_hours_are_those_of_the_place() -> None:
    noon = utc("2026-03-29T12:00:00")  # the clocks go forward that day
    assert span(Level.DAY, noon, BERLIN) == (utc("2026-03-28T23:00:00"), utc("2026-03-29T22:00:00"))
    assert span(Level.HOUR, noon, KATHMANDU) == (utc("2026-03-29T11:15:00"), utc("2026-03-29T12:15:00"))


NOW = utc("2026-02-01T13:30:00")  # 14:30 in Berlin


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("14:00", "2026-02-01T13:00:00"),
        ("15:00", "2026-01-31T14:00:00"),
        ("9:05:30", "2026-02-01T08:05:30"),
        ("2026-01-31", "2026-01-30T23:00:00"),
        ("2026-01-31T08:00", "2026-01-31T07:00:00"),
        ("2026-01-31 08:00", "2026-01-31T07:00:00"),
        ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00"),
        ("yesterday", "2026-01-30T23:00:00"),
        ("Yesterday 18:00", "2026-01-31T17:00:00"),
        ("昨天 18:00", "2026-01-31T17:00:00"),
        ("today", "2026-01-31T23:00:00"),
        ("now", "2026-02-01T13:30:00"),
    ],
)
def test_times_are_read_as_people_write_them(text: str, expected: str) -> None:
    assert moment(text, BERLIN, NOW) == utc(expected)


@pytest.mark.parametrize("text", ["", "25:00", "soon", "yesterday noon", "2026-13-01", "99999-01-01"])
def test_what_is_no_time_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(ValueError, match="is no time; write it like 14:00"):
        moment(text, BERLIN, NOW)


def test_moments_are_spoken_by_the_clocks_there() -> None:
    assert spoken("2026-02-01T13:30:05.123456Z", BERLIN) == "2026-02-01 14:30:05"
