"""Spans of time as people read them in a terminal."""

import pytest

from askcam.engine.errors import Stale
from askcam.server.terminal.reasons import reason_in
from askcam.server.terminal.say import age


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (None, "unknown"),
        (0, "0 ms"),
        (999, "999 ms"),
        (1400, "1.4 s"),
        (59_900, "59.9 s"),
        (60_000, "1 min"),
        (300_000, "5 min"),
        (7_200_000, "2 h"),
    ],
)
def test_an_age_has_the_unit_that_it_is_read_in(ms: float | None, words: str) -> None:
    assert age(ms) == words


@pytest.mark.parametrize(
    ("age_s", "max_age_s", "english", "chinese"),
    [
        (3, 1.5, "is 3000 ms old, the question allows 1500 ms", "3000 毫秒前的，问题只允许 1500 毫秒"),
        (300, 1.5, "is 5 min old, the question allows 1500 ms", "5 分钟前的，问题只允许 1500 毫秒"),
        (125, 120, "is 2.08 min old, the question allows 2 min", "2.08 分钟前的，问题只允许 2 分钟"),
    ],
)
def test_a_frame_that_is_old_is_said_so_in_minutes(age_s: float, max_age_s: float, english: str, chinese: str) -> None:
    said = str(Stale("gate", age_s, max_age_s))
    assert english in said
    assert chinese in reason_in(said, "zh")
