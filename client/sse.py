"""A text/event-stream, read: from lines, or from pieces as they come. Pure.

The format is that of the HTML standard, "Server-sent events"; a `retry` is not of interest here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MOST_BYTES = 1 << 20  # of one message


@dataclass(frozen=True, slots=True)
class SentEvent:
    """One message. `data` is empty for a comment, or where only an id or a pause was told."""

    name: str
    data: str
    id: str | None


def sent_events(lines: Iterable[str]) -> Iterator[SentEvent]:
    """The messages of a stream whose lines come without their ends. One that breaks off is none."""
    block: list[str] = []
    for line in lines:
        if line:
            block.append(line)
        elif block:
            yield _read(block)
            block = []


class SentEvents:
    """The same of pieces, cut anywhere; raises ValueError for a message of more than `most` bytes."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._rest = b""

    def feed(self, piece: bytes) -> list[SentEvent]:
        """The messages that a piece completes, comments among them."""
        *blocks, self._rest = (self._rest + piece).replace(b"\r\n", b"\n").split(b"\n\n")
        if len(self._rest) > self._most or any(len(block) > self._most for block in blocks):
            raise ValueError(f"a message of more than {self._most >> 10} KiB")
        return [_read(block.decode(errors="replace").split("\n")) for block in blocks]


def _read(block: Iterable[str]) -> SentEvent:
    name, told_id = "", None
    data: list[str] = []
    for line in block:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            told_id = value
    return SentEvent(name or "message", "\n".join(data), told_id)
