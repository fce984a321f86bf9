"""How far somebody has read of several shards' lists and streams, as one opaque string. Pure.

It goes through a query, a header (Last-Event-ID) and a line of a stream (`id:`): with as many parts as a front may have
sources it stays under the 8 KiB that nginx and Apache take of one such line, while uvicorn takes 64 KiB and browsers
more.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from askcam.cluster.ids import KEY_BITS, MAX_NUMBER, MOST_SOURCES
from askcam.server.given_names import quoted

BEGUN = "f1"  # how a cursor begins; another form would begin otherwise
LARGEST = MAX_NUMBER + 1  # what is read up to it has the last one in it
PART = re.compile(r"([0-9a-f]{1,5})-([0-9a-f]{1,16})")
MAX_CHARS = len(BEGUN) + MOST_SOURCES * len(f".{2**KEY_BITS - 1:x}-{LARGEST:x}")


@dataclass(frozen=True, slots=True)
class Cursor:
    """By a source's key, the number there that was read last. A source that is not in it was not read at all."""

    numbers: Mapping[int, int] = field(default_factory=dict)

    def after(self, key: int, number: int) -> "Cursor":
        """The same, further on one shard."""
        return Cursor({**self.numbers, key: number})

    def among(self, keys: Collection[int]) -> "Cursor":
        """The same where it has room. `keys`: of all sources that there are now. Those that are gone keep their places,
        in case that they come back, while there is room for all."""
        return Cursor(among(self.numbers, keys))

    def text(self) -> str:
        """Letters, digits, "-" and "."; at most MAX_CHARS of them."""
        return ".".join((BEGUN, *(f"{key:x}-{number:x}" for key, number in sorted(self.numbers.items()))))

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """Raises ValueError for what text() has not made."""
        begun, *parts = text.split(".") if len(text) <= MAX_CHARS else ("",)
        found = [PART.fullmatch(part) for part in parts]
        if begun != BEGUN or not all(found) or len(found) > MOST_SOURCES:
            raise ValueError(f"{quoted(text)} is no cursor: send one as it was told")
        numbers = {int(one[1], 16): int(one[2], 16) for one in found if one is not None}
        if max(numbers.values(), default=0) > LARGEST:
            raise ValueError(f"{quoted(text)} is no cursor: its numbers are too large")
        return cls(numbers)


def among(numbers: Mapping[int, int], keys: Collection[int]) -> Mapping[int, int]:
    """`numbers`, if there are no more than a front may have sources; else those of `keys`."""
    if len(numbers) <= MOST_SOURCES:
        return numbers
    return {key: number for key, number in numbers.items() if key in keys}


def is_cursor(text: str) -> bool:
    """Whether it means to be one."""
    return text.startswith(f"{BEGUN}.") or text == BEGUN
