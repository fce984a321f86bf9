"""Which bytes of a file a request wants (RFC 9110, 14). Pure."""

import re
from dataclasses import dataclass

ONE = re.compile(
    r"bytes[ \t]*=[ \t]*(?:(\d{1,18})[ \t]*-[ \t]*(\d{0,18})|-[ \t]*(\d{1,18}))[ \t]*", re.ASCII | re.IGNORECASE
)
ANY = "*"
MAX_CHARS = 4096  # of a list of tags


@dataclass(frozen=True, slots=True)
class ByteSpan:
    """Half open."""

    start: int
    end: int


class NotThere(Exception):
    """None of the bytes that are wanted are in the file."""


def wanted_span(header: str, size: int) -> ByteSpan | None:
    """Of a Range header; None: all of it, also where several spans are wanted, or what is written is no range: then
    there is none, as the specification has it. Raises NotThere."""
    found = ONE.fullmatch(header)
    if found is None:
        return None
    first, last, from_end = found.groups()
    if from_end is not None:
        if int(from_end) == 0 or size == 0:
            raise NotThere
        return ByteSpan(max(0, size - int(from_end)), size)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise NotThere
    return ByteSpan(int(first), min(size, int(last) + 1) if last else size)


def has_tag(header: str, tag: str) -> bool:
    """Whether an If-None-Match names `tag`, with its quotes; weakly, as it is to be compared."""
    named = [each.strip().removeprefix("W/") for each in header[:MAX_CHARS].split(",")]
    return tag in named or ANY in named
