"""Server-sent events as they come in pieces, passed on in whole. Pure."""

from askcam.client.sse import MOST_BYTES

ENDS = (b"\n\n", b"\r\n\r\n")


class WholeEvents:
    """Passes on no half message, so that whatever is said next can be read. Of one that is longer than `most` bytes
    nothing is held back."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._rest = b""

    def feed(self, piece: bytes) -> bytes:
        """What may go on by now."""
        held = self._rest + piece
        end = max((at + len(mark) for mark in ENDS if (at := held.rfind(mark)) >= 0), default=0)
        if len(held) - end > self._most:
            end = len(held)
        self._rest = held[end:]
        return held[:end]

    def rest(self) -> bytes:
        """What is held when the stream has come to its own end."""
        rest, self._rest = self._rest, b""
        return rest
