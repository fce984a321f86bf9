import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.streams_of_events import CUTS, STREAM, cut

from askcam.client.sse import SentEvent, SentEvents, sent_events


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


@given(st.binary(max_size=200))
def test_any_bytes_are_read_as_something(data: bytes) -> None:
    assert all(isinstance(each, SentEvent) for each in SentEvents().feed(data))


@given(st.lists(st.sampled_from(["", ": alive", "event: on", "id: 5", "data: {}", "data", "retry: 9", "data:x"])))
def test_lines_are_read_as_their_pieces_are(lines: list[str]) -> None:
    stream = "".join(f"{line}\n" for line in lines)
    in_pieces = [each for each in SentEvents().feed(stream.encode()) if each != SentEvent("message", "", None)]
    assert [each for each in sent_events(lines) if each != SentEvent("message", "", None)] == in_pieces


def test_what_breaks_off_is_no_message() -> None:
    assert list(sent_events(["data: 1", "", "data: 2"])) == [SentEvent("message", "1", None)]


@given(st.integers(2, 50))
def test_a_message_is_bounded(most: int) -> None:
    with pytest.raises(ValueError, match="a message of more than"):
        SentEvents(most).feed(b"x" * (most + 1))
