"""A text/event-stream, and where it may be cut."""

from hypothesis import strategies as st

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
