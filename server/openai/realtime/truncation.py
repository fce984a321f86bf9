"""Which turns of a long conversation a question is asked with. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from askcam.engine.question import Role

MAX_PROMPT_TURNS = 32
PICTURE_TOKENS = 1000  # of a picture, roughly
TURN_TOKENS = 5  # what the chat template puts around a turn


class MeasuredTurn(Protocol):
    """What of a turn matters to its length."""

    @property
    def id(self) -> str: ...

    @property
    def role(self) -> Role: ...

    @property
    def texts(self) -> tuple[str, ...]: ...

    @property
    def num_pictures(self) -> int: ...

    @property
    def num_chars(self) -> int: ...


Turn = TypeVar("Turn", bound=MeasuredTurn)


def characters(turn: MeasuredTurn) -> int:
    """The size of a turn where it must not be underestimated: a character is at most about one token."""
    return turn.num_chars


def tokens(turn: MeasuredTurn) -> int:
    """About how many tokens a turn is, on the high side: the tokenizer is the engine's."""
    num_bytes = sum(len(text.encode(errors="replace")) for text in turn.texts)
    return TURN_TOKENS + -(-num_bytes // 3) + PICTURE_TOKENS * turn.num_pictures


@dataclass(frozen=True, slots=True)
class Rule:
    """When turns beyond `limit` (by `measure`) or `max_turns` come, the oldest are left out down to `ratio` of both."""

    limit: int
    ratio: float = 1.0
    max_turns: int = MAX_PROMPT_TURNS
    measure: Callable[[MeasuredTurn], int] = characters


class Trimmed:
    """Remembers which turns were left out: they stay out, so that prompts keep their beginning for a while."""

    def __init__(self) -> None:
        self._out: set[str] = set()

    def prompt(self, turns: Sequence[Turn], rule: Rule) -> tuple[Turn, ...]:
        """The turns to ask with: the system's, the last one of the user and what follows it, and the newest before.

        Where turns were left out, the first that is left is a user's: the window stands in that one.
        """
        self._out &= {turn.id for turn in turns}
        present = [turn for turn in turns if turn.id not in self._out]
        last = max((i for i, turn in enumerate(present) if turn.role is Role.USER), default=len(present))
        loose = [turn for turn in present[:last] if turn.role is not Role.SYSTEM]
        held = [turn for turn in present[last:] if turn.role is not Role.SYSTEM]
        size = sum(map(rule.measure, loose + held))
        number = len(loose) + len(held)
        if size > rule.limit or number > rule.max_turns:
            gone = 0
            while gone < len(loose) and (
                size > rule.ratio * rule.limit
                or number > max(1.0, rule.ratio * rule.max_turns)
                or loose[gone].role is not Role.USER
            ):
                size -= rule.measure(loose[gone])
                number -= 1
                gone += 1
            self._out |= {turn.id for turn in loose[:gone]}
        return tuple(turn for turn in present if turn.id not in self._out)
