"""What a conversation asks: how one that does not end in a question is read, and when it asks nothing at all. Pure.

Other servers answer whatever stands last, since a chat template takes any order. A camera's question has to be found:

- An assistant's last turn (a prefill, or an answer that is there already) is left out: the question before it is
  answered anew. So OpenAI does it; continuing somebody's words is a wish of its own, which requests refuse by name.
- A system's turn behind an open question is read before that question: small models lose one that is not last.
- A system's turn behind an answered question, or without any question, is the question.
- Turns of the assistant without words and calls say nothing and are left out, as are empty turns beside a question.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from askcam.engine.question import Message, Role, Text

BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")  # letters and symbols by category, and empty all the same
UNSEEN = frozenset(("Cc", "Cf", "Cn", "Zs", "Zl", "Zp"))


class NothingAsked(Exception):
    """The conversation holds no question. `at`: the turn that ought to be one; None: there is none."""

    def __init__(self, at: int | None) -> None:
        super().__init__("nothing was asked")
        self.at = at


class Unanswered(Exception):
    """The last turn, `at`, calls functions, and nothing says what they brought."""

    def __init__(self, at: int) -> None:
        super().__init__("a call has no answer")
        self.at = at


@dataclass(frozen=True, slots=True)
class AskedTurn:
    """What matters of a turn here. `blank`: it has neither words nor pictures."""

    role: Role
    blank: bool
    calls: bool = False


def says(text: str) -> bool:
    """Whether there is anything to be read in it."""
    return any(unicodedata.category(char) not in UNSEEN and char not in BLANK for char in text)


def of_message(message: Message) -> AskedTurn:
    blank = not any(not isinstance(part, Text) or says(part.text) for part in message.parts)
    return AskedTurn(message.role, blank, bool(message.tool_calls))


def is_open(turns: Iterable[AskedTurn]) -> bool:
    """Whether somebody waits for an answer: a question, or what a tool brought, that nothing was said to yet."""
    found = False
    for turn in turns:
        match turn.role:
            case Role.USER | Role.SYSTEM:
                found = found or (not turn.blank and turn.role is Role.USER)
            case Role.TOOL:
                found = True
            case Role.ASSISTANT:
                found = found and turn.blank and not turn.calls
    return found


def plan(turns: Sequence[AskedTurn]) -> list[tuple[int, Role]]:
    """Which turns the model reads, in which order, and as whose. Raises NothingAsked, Unanswered."""
    left = [i for i, turn in enumerate(turns) if turn.role is not Role.ASSISTANT or turn.calls or not turn.blank]
    while left and turns[left[-1]].role is Role.ASSISTANT:
        if turns[left[-1]].calls:
            raise Unanswered(left[-1])
        left.pop()
    end = len(left)
    while end and turns[left[end - 1]].role is Role.SYSTEM:
        end -= 1
    told, behind = left[:end], [i for i in left[end:] if not turns[i].blank]
    if told and turns[told[-1]].role is Role.TOOL:
        return _before_question(turns, told, behind)
    start = len(told)
    while start and turns[told[start - 1]].role is Role.USER:
        start -= 1
    question = [i for i in told[start:] if not turns[i].blank]
    if question:
        return _before_question(turns, told[:start] + question, behind)
    if not behind:
        raise NothingAsked(told[-1] if told else None)
    *first, last = behind
    return [(i, turns[i].role) for i in told[:start] + first] + [(last, Role.USER)]


def _before_question(turns: Sequence[AskedTurn], told: list[int], behind: list[int]) -> list[tuple[int, Role]]:
    """`told`, with the system's turns that were `behind` it before the last run of the user's turns."""
    at = len(told)
    while at and turns[told[at - 1]].role is not Role.USER:
        at -= 1
    while at and turns[told[at - 1]].role is Role.USER:
        at -= 1
    return [(i, turns[i].role) for i in told[:at] + behind + told[at:]]


def asked(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The conversation as the model reads it. Raises NothingAsked, Unanswered."""
    return tuple(
        messages[i] if messages[i].role is role else Message(role, messages[i].parts)
        for i, role in plan([of_message(message) for message in messages])
    )


def shortened(messages: Sequence[Message], max_chars: int) -> tuple[Message, ...]:
    """The conversation without its oldest turns, as few as possible, so that its words are at most `max_chars`.

    The system's turns stay, and the last question with what follows it. What is left begins with a user's turn.
    """
    last = max((i for i, message in enumerate(messages) if message.role is Role.USER), default=0)
    size, gone = sum(map(_num_chars, messages)), set[int]()
    for i, message in enumerate(messages[:last]):
        if message.role is Role.SYSTEM:
            continue
        if size <= max_chars and (message.role is Role.USER or not gone):
            break
        size -= _num_chars(message)
        gone.add(i)
    return tuple(message for i, message in enumerate(messages) if i not in gone)


def _num_chars(message: Message) -> int:
    calls = sum(len(str(call)) for call in message.tool_calls)
    return calls + sum(len(part.text) for part in message.parts if isinstance(part, Text))
