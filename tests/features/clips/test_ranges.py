"""Which bytes a player gets: as RFC 9110 has it, against Python's own slices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askcam.features.clips.ranges import ByteSpan, NotThere, has_tag, wanted_span


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-", ByteSpan(0, 100)),
        ("bytes=0-0", ByteSpan(0, 1)),
        ("bytes=10-19", ByteSpan(10, 20)),
        ("bytes=90-1000", ByteSpan(90, 100)),
        ("bytes=-10", ByteSpan(90, 100)),
        ("bytes=-1000", ByteSpan(0, 100)),
        ("Bytes = 5 - 6 ", ByteSpan(5, 7)),
        ("bytes=0-9,20-29", None),  # all of it may be sent instead
        ("bytes=9-3", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=٣-٤", None),
        ("bytes=1-2-3", None),
        ("seconds=1-2", None),
        ("", None),
        ("bytes=" + "9" * 400 + "-", None),
    ],
)
def test_one_span_is_taken_and_anything_else_is_all_of_it(header: str, span: ByteSpan | None) -> None:
    assert wanted_span(header, 100) == span


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=999999999999999999-"])
def test_bytes_that_are_not_there_are_refused(header: str) -> None:
    with pytest.raises(NotThere):
        wanted_span(header, 100)


@given(st.integers(0, 50), st.none() | st.integers(0, 60), st.none() | st.integers(0, 60))
def test_as_slices(size: int, first: int | None, last: int | None) -> None:
    data = bytes(range(size))
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    if first is None:
        wanted = None if last is None else data[len(data) - min(last, size) :]
    else:
        wanted = None if last is not None and last < first else data[first : None if last is None else last + 1]
    try:
        span = wanted_span(header, size)
    except NotThere:
        assert not wanted
        return
    assert (None if span is None else data[span.start : span.end]) == wanted


@given(st.text(max_size=60), st.integers(0, 1 << 70))
def test_garbage_is_all_of_it_or_lies_within(header: str, size: int) -> None:
    for one in (header, "bytes=" + header):
        try:
            span = wanted_span(one, size)
        except NotThere:
            continue
        assert span is None or 0 <= span.start < span.end <= size


@pytest.mark.parametrize(
    ("header", "known"),
    [
        ('"a-1"', True),
        ('W/"a-1"', True),
        ('"x", "a-1"', True),
        ("*", True),
        ('"a"', False),
        ("", False),
        ("a-1", False),
    ],
)
def test_tags(header: str, known: bool) -> None:
    assert has_tag(header, '"a-1"') is known
