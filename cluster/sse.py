"""Server-sent events as they come in pieces: passed on in whole, or read. Pure."""

from dataclasses import dataclass

MOST_BYTES = 1 << 20  # of one message
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


@dataclass(frozen=True, slots=True)
class SentEvent:
    """One message. `data` is empty for a comment, or where only an id or a pause was told."""

    name: str
    data: str
    id: str | None


class SentEvents:
    """Reads a text/event-stream; raises ValueError for a message of more than `most` bytes."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._rest = b""

    def feed(self, piece: bytes) -> list[SentEvent]:
        """The messages that a piece completes, comments among them."""
        *blocks, self._rest = (self._rest + piece).replace(b"\r\n", b"\n").split(b"\n\n")
        if len(self._rest) > self._most or any(len(block) > self._most for block in blocks):
            raise ValueError(f"a message of more than {self._most >> 10} KiB")
        return [_read(block.decode(errors="replace")) for block in blocks]


def _read(block: str) -> SentEvent:
    name, told_id = "", None
    data: list[str] = []
    for line in block.split("\n"):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            told_id = value
    return SentEvent(name or "message", "\n".join(data), told_id)
