"""A text that is read again and again, as a state machine: what it says goes in, changes come out. Pure.

A new text counts once it has been read for `for_s` without another in between, so that a misreading is no change; the
first one that holds is where it begins, and is not told. Time comes in twice, as in watch.py, and what is not seen
changes nothing.
"""

import unicodedata
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from askcam.features.watches.quiet import is_quiet
from askcam.features.watches.setting import WatchSetting
from askcam.features.watches.threshold import WatchMemory


class TextState(StrEnum):
    UNKNOWN = "unknown"  # nothing has held yet
    SETTLED = "settled"  # it says what was told last
    CHANGING = "changing"  # it says something else, but not for long enough yet, or not now


class TextInput(Enum):
    SAME = auto()  # as it was told
    OTHER = auto()
    BLIND = auto()  # nothing to go by
    HELD = auto()  # the other text has been there for long enough, and may be told


NEXT: dict[TextState, dict[TextInput, TextState]] = {
    TextState.UNKNOWN: {
        TextInput.OTHER: TextState.UNKNOWN,
        TextInput.BLIND: TextState.UNKNOWN,
        TextInput.HELD: TextState.SETTLED,
    },
    TextState.SETTLED: {
        TextInput.SAME: TextState.SETTLED,
        TextInput.OTHER: TextState.CHANGING,
        TextInput.BLIND: TextState.SETTLED,
    },
    TextState.CHANGING: {
        TextInput.SAME: TextState.SETTLED,
        TextInput.OTHER: TextState.CHANGING,
        TextInput.BLIND: TextState.SETTLED,
        TextInput.HELD: TextState.SETTLED,
    },
}


@dataclass(frozen=True, slots=True)
class TextChange:
    """What is to be kept now; `before` None: it is the first text, and no news."""

    before: str | None
    after: str


class Saying:
    """One watch on one camera. Owned by whoever calls it; only this class changes its state."""

    def __init__(
        self, setting: WatchSetting, memory: WatchMemory | None = None, at: float = 0.0, wall: float = 0.0
    ) -> None:
        """`memory`: of an earlier life, whose last change counts as so long before `at` as before `wall`."""
        self.setting = setting
        self._hours, self._zone = setting.quiet_hours, setting.clock
        self._state = TextState.UNKNOWN
        self._said: str | None = None  # as it was last told
        self._other: str | None = None  # what is about to be
        self._since = at  # of `_other`
        self._told_at: float | None = None
        self._told_wall: float | None = None
        if memory is not None and memory.text is not None:
            self._state, self._said, self._told_wall = TextState.SETTLED, memory.text, memory.on_wall
            if memory.on_wall is not None:
                self._told_at = at - max(0.0, wall - memory.on_wall)

    @property
    def state(self) -> TextState:
        return self._state

    @property
    def said(self) -> str | None:
        """What it says, as it was last told; None: nothing has held yet."""
        return self._said

    @property
    def memory(self) -> WatchMemory:
        """As it would be told after a restart."""
        return WatchMemory(False, self._told_wall, self._said)

    def see(self, text: str | None, at: float, wall: float) -> TextChange | None:
        """Take a reading in; None: blind. Returns the change, if there is one now."""
        self._since = min(self._since, at)
        if self._told_at is not None:
            self._told_at = min(self._told_at, at)
        if text is None or (self._said is not None and key(text) == key(self._said)):
            self._fire(TextInput.BLIND if text is None else TextInput.SAME)
            self._other = None
            return None
        self._fire(TextInput.OTHER)
        if self._other is None or key(text) != key(self._other):
            self._other, self._since = text, at
        if at - self._since < self.setting.for_s or not self._may_tell(at, wall):
            return None
        self._fire(TextInput.HELD)
        before, self._said, self._other = self._said, text, None
        if before is not None:
            self._told_at, self._told_wall = at, wall
        return TextChange(before, text)

    def _fire(self, what: TextInput) -> None:
        """Raises KeyError when the table has no such entry: a bug of ours."""
        self._state = NEXT[self._state][what]

    def _may_tell(self, at: float, wall: float) -> bool:
        """The first text is not told, so nothing holds it up."""
        cool = self._told_at is None or at - self._told_at >= self.setting.cooldown_s
        return self._said is None or (cool and not is_quiet(self._hours, self._zone, wall))


def tidy(answer: str, most: int = 500) -> str:
    """An answer on one line, its blanks single, at most so many characters."""
    return " ".join(answer.split())[:most].rstrip()


def key(text: str) -> str:
    """What stays the same however a text is written: no case, no blanks, no full stop at its end, one form of width."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".。!！")
