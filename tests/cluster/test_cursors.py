import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.cluster.cursors import MAX_CHARS, MAX_NUMBER, MOST, Cursor, is_cursor
from askcam.cluster.ids import BITS

NUMBERS = st.dictionaries(st.integers(0, 2**BITS - 1), st.integers(0, MAX_NUMBER), max_size=MOST)


@given(NUMBERS)
def test_a_cursor_is_read_as_it_was_written(numbers: dict[int, int]) -> None:
    text = Cursor(numbers).text()
    assert Cursor.read(text) == Cursor(numbers)
    assert is_cursor(text)
    assert len(text) <= MAX_CHARS
    assert re.fullmatch(r"[a-z0-9.-]+", text), "fit for a header, a query and a line of a stream"


@given(NUMBERS, st.integers(0, 2**BITS - 1), st.integers(0, MAX_NUMBER))
def test_going_on_at_one_shard_changes_no_other(numbers: dict[int, int], key: int, number: int) -> None:
    assert Cursor(numbers).after(key, number).numbers == {**numbers, key: number}


@given(st.text(max_size=60))
def test_whatever_is_sent_is_a_cursor_or_refused(text: str) -> None:
    try:
        found = Cursor.read(text)
    except ValueError:
        return
    assert Cursor.read(found.text()) == found


@pytest.mark.parametrize(
    "text",
    [
        "f1.",
        "f1..",
        "f2.1-1",
        "f1.1-g",
        "f1.-1",
        "f1.123456-1",
        "f1.1-12345678901234567",
        "f1.1-ffffffffffffffff",
        "f1.１-1",
        f"f1{'.1-1' * (MOST + 1)}",
        "f1." + "1" * MAX_CHARS,
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no cursor"):
        Cursor.read(text)
