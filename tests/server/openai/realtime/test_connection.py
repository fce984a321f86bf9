"""How a realtime connection ended: with a goodbye, or without."""

import pytest

from askcam.server.openai.realtime.connection import End, _how


@pytest.mark.parametrize(
    ("code", "reason", "end"),
    [
        (1000, "", End.CLOSED),
        (1001, "", End.CLOSED),  # the page was left
        (1005, "", End.CLOSED),  # a close frame without a code, as a page's socket.close() sends it
        (1005, None, End.LOST),  # no close frame at all
        (1006, None, End.LOST),
        (None, None, End.LOST),
        (1011, "keepalive ping timeout", End.LOST),
        (1009, "", End.CLOSED),
        (1012, None, End.CLOSED),  # the server is ending
    ],
)
def test_only_who_said_nothing_may_come_back(code: int | None, reason: str | None, end: End) -> None:
    assert _how(code, reason) is end
