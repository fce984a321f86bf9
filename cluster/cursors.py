"""How far somebody has read of several shards' lists and streams, as one opaque string. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from askcam.server.given_names import quoted

BEGUN = "f1"  # how a cursor begins; another form would begin otherwise
PART = re.compile(r"([0-9a-f]{1,5})-([0-9a-f]{1,16})")
MOST = 64  # shards
MAX_CHARS = len(BEGUN) + MOST * 23
MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """By a shard's key, the number there that was read last. A shard that is not in it was not read at all."""

    numbers: Mapping[int, int] = field(default_factory=dict)

    def after(self, key: int, number: int) -> "Cursor":
        """The same, further on one shard."""
        return Cursor({**self.numbers, key: number})

    def text(self) -> str:
        """Letters, digits, "-" and "."; at most MAX_CHARS of them."""
        return ".".join((BEGUN, *(f"{key:x}-{number:x}" for key, number in sorted(self.numbers.items()))))

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """Raises ValueError for what text() has not made."""
        begun, *parts = text.split(".") if len(text) <= MAX_CHARS else ("",)
        found = [PART.fullmatch(part) for part in parts]
        if begun != BEGUN or not all(found) or len(found) > MOST:
            raise ValueError(f"{quoted(text)} is no cursor: send one as it was told")
        numbers = {int(one[1], 16): int(one[2], 16) for one in found if one is not None}
        if max(numbers.values(), default=0) > MAX_NUMBER:
            raise ValueError(f"{quoted(text)} is no cursor: its numbers are too large")
        return cls(numbers)


def is_cursor(text: str) -> bool:
    """Whether it means to be one."""
    return text.startswith(f"{BEGUN}.") or text == BEGUN
