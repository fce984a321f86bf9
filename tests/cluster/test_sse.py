from hypothesis import given
from hypothesis import strategies as st
from support.streams_of_events import CUTS, MESSAGES, STREAM, cut

from askcam.cluster.sse import WholeEvents


@given(CUTS)
def test_only_whole_messages_are_passed_on_wherever_they_are_cut(places: list[int]) -> None:
    events, passed = WholeEvents(), b""
    for piece in cut(STREAM, places):
        passed += events.feed(piece)
        assert any(passed == b"".join(MESSAGES[:number]) for number in range(len(MESSAGES) + 1)), passed
    assert passed == STREAM
    assert events.rest() == b""


@given(st.integers(1, 50))
def test_what_is_held_is_bounded(most: int) -> None:
    events = WholeEvents(most)
    assert events.feed(b"x" * most) == b""
    assert events.feed(b"x") == b"x" * (most + 1)


def test_the_rest_of_a_stream_that_came_to_its_end_is_passed_on() -> None:
    events = WholeEvents()
    assert events.feed(b"data: 1\n\ndata: 2") == b"data: 1\n\n"
    assert events.rest() == b"data: 2"
