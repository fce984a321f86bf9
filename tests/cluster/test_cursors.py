import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.cluster.cursors import LARGEST, MAX_CHARS, Cursor, is_cursor
from askcam.cluster.ids import KEY_BITS, MOST_SOURCES

KEYS, PLACES = st.integers(0, 2**KEY_BITS - 1), st.integers(0, LARGEST)
PLACED = st.dictionaries(KEYS, PLACES, max_size=80)
LINE = 8190  # bytes that Apache takes of a request's first line, and of a header; nginx takes two more


def full(begin: int = 2**KEY_BITS - MOST_SOURCES) -> Cursor:
    """Of as many sources as a front may have, with the longest keys and numbers."""
    return Cursor({begin + number: LARGEST - number for number in range(MOST_SOURCES)})


@given(PLACED)
def test_a_cursor_is_read_as_it_was_written(numbers: dict[int, int]) -> None:
    text = Cursor(numbers).text()
    assert Cursor.read(text) == Cursor(numbers)
    assert is_cursor(text)
    assert len(text) <= MAX_CHARS
    assert re.fullmatch(r"[a-z0-9.-]+", text), "fit for a header, a query and a line of a stream"


def test_the_longest_is_read_and_goes_through_a_line_of_a_request() -> None:
    text = full().text()
    assert len(text) == MAX_CHARS
    assert Cursor.read(text) == full()
    assert len(f"GET /v1/timeline?limit=500&order=desc&camera={'c' * 63}&before={text} HTTP/1.1\r\n") < LINE
    assert len(f"Last-Event-ID: {text}\r\n") < LINE


@given(PLACED, KEYS, PLACES)
def test_going_on_at_one_shard_changes_no_other(numbers: dict[int, int], key: int, number: int) -> None:
    assert Cursor(numbers).after(key, number).numbers == {**numbers, key: number}


@given(PLACED, st.lists(KEYS, max_size=30, unique=True))
def test_whatever_shards_come_and_go_its_own_cursor_is_read(there: dict[int, int], come: list[int]) -> None:
    """Of those that are there none loses its place, whoever was there before them."""
    cursor = full(0)
    for key, number in (there | dict.fromkeys(come, 1)).items():
        cursor = cursor.after(key, number).among({*there, *come})
        assert Cursor.read(cursor.text()) == cursor
        assert cursor.numbers[key] == number


def test_those_that_are_gone_keep_their_places_while_there_is_room() -> None:
    cursor = Cursor(dict(list(full(0).numbers.items())[:-1])).after(2**19, 5)
    assert cursor.among({2**19}) == cursor
    assert cursor.after(2**18, 6).among({2**18, 2**19}).numbers == {2**18: 6, 2**19: 5}


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
        f"f1.1-{LARGEST + 1:x}",
        "f1.１-1",
        f"f1{'.1-1' * (MOST_SOURCES + 1)}",
        "f1." + "1" * MAX_CHARS,
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no cursor"):
        Cursor.read(text)
