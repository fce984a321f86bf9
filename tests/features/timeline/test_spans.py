"""Times that questions name, by the clocks of a place."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.features.timeline.query import QueryTurn, read
from askcam.features.timeline.spans import named_time

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 2, 1, 16, 10, tzinfo=BERLIN).timestamp()


def told(at: float | None) -> str | None:
    """Day of the month, and time, in Berlin."""
    return None if at is None else f"{datetime.fromtimestamp(at, BERLIN):%d %H:%M}"


@pytest.mark.parametrize(
    ("query", "since", "until", "words", "turn"),
    [
        ("what happened between two and three?", "01 14:00", "01 15:00", "", None),
        ("what happened between 14:00 and 15:30", "01 14:00", "01 15:30", "", None),
        ("when did the van leave, between 9am and 11am?", "01 09:00", "01 11:00", "van", QueryTurn.WENT),
        ("what happened between 10 pm and 2 am?", "31 22:00", "01 02:00", "", None),
        ("from 23:30 to 23:45", "31 23:30", "31 23:45", "", None),
        ("两点到三点发生了什么？", "01 14:00", "01 15:00", "", None),
        ("下午两点半到四点发生了什么", "01 14:30", "01 16:00", "", None),
        ("昨天发生了什么", "31 00:00", "01 00:00", "", None),
        ("what happened yesterday between two and four?", "31 14:00", "31 16:00", "", None),
        ("cat since noon", "01 12:00", None, "cat", None),
        ("cat after five", "01 05:00", None, "cat", None),
        ("cat before 9:00", None, "01 09:00", "cat", None),
        ("when did the van leave today?", "01 00:00", "02 00:00", "van", QueryTurn.WENT),
        ("昨天下午三点之后货车什么时候离开的", "31 15:00", "01 00:00", "货 车", QueryTurn.WENT),
        ("what came after three o'clock?", "01 15:00", None, "", QueryTurn.CAME),
        ("when did two apples appear?", None, None, "two apples", QueryTurn.CAME),
        ("van", None, None, "van", None),
    ],
)
def test_a_question_names_a_time(
    query: str, since: str | None, until: str | None, words: str, turn: QueryTurn | None
) -> None:
    named = named_time(query, BERLIN, NOW)
    assert (told(named.since), told(named.until)) == (since, until)
    wanted = read(named.rest)
    assert (" ".join(wanted.words), wanted.turn) == (words, turn)


@given(st.text(alphabet="0123456789:： amp点到两三十一二之后前昨天betwn onduic", max_size=40), st.floats(1e9, 2e9))
def test_nothing_that_is_typed_breaks_it_and_spans_go_forward(query: str, now: float) -> None:
    named = named_time(query, BERLIN, now)
    if named.since is not None and named.until is not None:
        assert named.since < named.until


@given(st.integers(0, 23), st.integers(0, 59), st.floats(1e9, 2e9))
def test_a_clock_time_is_the_last_of_its_name(hour: int, minute: int, now: float) -> None:
    since = named_time(f"since {hour}:{minute:02}", BERLIN, now).since
    assert since is not None
    assert now - 25 * 3600 <= since <= now  # a day of 25 hours
    assert f"{datetime.fromtimestamp(since, BERLIN):%M}" == f"{minute:02}"


@pytest.mark.parametrize(
    ("written", "since"),
    [
        ("12 am", "01 00:00"),
        ("12am", "01 00:00"),
        ("12 a.m.", "01 00:00"),
        ("12:30 am", "01 00:30"),
        ("12 AM", "01 00:00"),
        ("twelve am", "01 00:00"),
        ("midnight", "01 00:00"),
        ("12 pm", "01 12:00"),
        ("12:30 p.m.", "01 12:30"),
        ("noon", "01 12:00"),
        ("12", "01 12:00"),
        ("1 am", "01 01:00"),
        ("11 am", "01 11:00"),
        ("1 pm", "01 13:00"),
        ("11 pm", "31 23:00"),
        ("9:30 pm", "31 21:30"),
        ("9:30pm", "31 21:30"),
        ("9:30 a.m.", "01 09:30"),
        ("0:15", "01 00:15"),
    ],
)
def test_twelve_is_noon_or_midnight_as_it_is_written(written: str, since: str) -> None:
    assert told(named_time(f"cat since {written}", BERLIN, NOW).since) == since


@pytest.mark.parametrize(
    ("written", "since"),
    [
        ("中午12点", "01 12:00"),
        ("上午12点", "01 12:00"),
        ("上午十一点", "01 11:00"),
        ("凌晨12点", "01 00:00"),
        ("凌晨两点半", "01 02:30"),
        ("晚上十二点", "01 00:00"),
        ("晚上12点半", "01 00:30"),
        ("晚上两点", "01 02:00"),
        ("晚上八点", "31 20:00"),
        ("夜里十一点", "31 23:00"),
        ("下午一点", "01 13:00"),
        ("傍晚六点", "31 18:00"),
        ("早上七点", "01 07:00"),
    ],
)
def test_twelve_in_chinese_is_what_its_part_of_the_day_says(written: str, since: str) -> None:
    assert told(named_time(f"{written}之后发生了什么", BERLIN, NOW).since) == since
