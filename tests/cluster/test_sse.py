from hypothesis import given
from hypothesis import strategies as st

from askcam.cluster.sse import SentEvent, SentEvents, WholeEvents

MESSAGES = [
    b'data: {"a": 1}\n\n',
    b"event: on\r\nid: 5\r\ndata: {}\r\n\r\n",
    b": alive\n\n",
    b"data: one\ndata: two\n\n",
]
STREAM = b"".join(MESSAGES)
CUTS = st.lists(st.integers(0, len(STREAM)), max_size=8).map(sorted)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    return [stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True)]


@given(CUTS)
def test_only_whole_messages_are_passed_on_wherever_they_are_cut(places: list[int]) -> None:
    events, passed = WholeEvents(), b""
    for piece in cut(STREAM, places):
        passed += events.feed(piece)
        assert any(passed == b"".join(MESSAGES[:number]) for number in range(len(MESSAGES) + 1)), passed
    assert passed == STREAM
    assert events.rest() == b""


@given(CUTS)
def test_messages_are_read_wherever_they_are_cut(places: list[int]) -> None:
    events = SentEvents()
    found = [message for piece in cut(STREAM, places) for message in events.feed(piece)]
    # a \r\n that is cut in two ends a line twice, which says nothing more
    assert [each for each in found if each.data] == [
        SentEvent("message", '{"a": 1}', None),
        SentEvent("on", "{}", "5"),
        SentEvent("message", "one\ntwo", None),
    ]


@given(st.integers(1, 50))
def test_what_is_held_is_bounded(most: int) -> None:
    events = WholeEvents(most)
    assert events.feed(b"x" * most) == b""
    assert events.feed(b"x") == b"x" * (most + 1)


def test_the_rest_of_a_stream_that_came_to_its_end_is_passed_on() -> None:
    events = WholeEvents()
    assert events.feed(b"data: 1\n\ndata: 2") == b"data: 1\n\n"
    assert events.rest() == b"data: 2"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_as_something(data: bytes) -> None:
    assert all(isinstance(each, SentEvent) for each in SentEvents().feed(data))
