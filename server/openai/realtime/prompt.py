"""A realtime conversation as the engine's messages. docs/protocol.md says how the prompt is laid out, and why."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from askcam.engine.calls import Call
from askcam.engine.question import Message, Part, Role, Text
from askcam.server.attached.budget import Budget
from askcam.server.attached.content import decode_picture
from askcam.server.openai.realtime.call_items import BROKEN_OFF, CallItem, FunctionOutput, ServerCall, Turn
from askcam.server.openai.realtime.items import Item, SaidItem, ShownItem


@dataclass(slots=True)
class _Turn:
    """A message in the making."""

    role: Role
    parts: list[Part] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    timed: bool = False
    tool: str = ""  # whose words a tool's turn holds

    def message(self) -> Message:
        return Message(self.role, tuple(self.parts), tuple(call.turn() for call in self.calls), self.tool)


def messages(
    instructions: str,
    turns: Sequence[Turn],
    *,
    times: bool = False,
    zone: tzinfo | None = None,
    budget: Budget | None = None,
) -> tuple[Message, ...]:
    """The prompt of a question. Decodes the pictures, which cost `budget`: call it off the event loop then.

    Raises Refusal.

    `times`: questions that were answered say when what was told then was seen, in `zone` (None: this machine's).

    The camera's window will stand in the first user turn, and what is before it is the head that sessions share. So a
    conversation that something else begins gets an empty user turn in front.
    """
    found = [_Turn(Role.SYSTEM, [Text(instructions)])] if instructions else []
    answered = {turn.call_id for turn in turns if isinstance(turn, FunctionOutput)}
    called = {turn.call_id: turn.name for turn in turns if isinstance(turn, CallItem)}
    budget = budget or Budget()
    for turn in turns:
        match turn:
            case Item():
                if times and turn.seen_at is not None:
                    _timed(found, turn.seen_at, zone)
                found.append(_said(turn, budget))
            case CallItem() if turn.call_id in answered:
                _calling(found).calls.append(_call(turn))
            case FunctionOutput() if turn.call_id in called:
                found.append(_Turn(Role.TOOL, [Text(turn.output)], tool=called[turn.call_id]))
            case ServerCall():
                _calling(found).calls.append(_call(turn))
                told = turn.output if turn.output is not None else f"error: {turn.error or BROKEN_OFF}"
                found.append(_Turn(Role.TOOL, [Text(told)], tool=turn.name))
            case _:
                pass  # a call without its output, or an output without its call, says nothing
    first = next((i for i, turn in enumerate(found) if turn.role is not Role.SYSTEM), None)
    if first is not None and found[first].role is not Role.USER:
        found.insert(first, _Turn(Role.USER, [Text("")]))
    return tuple(turn.message() for turn in found)


def _said(item: Item, budget: Budget) -> _Turn:
    parts: list[Part] = []
    for part in item.parts:
        match part:
            case SaidItem():
                parts.append(Text(part.text))
            case ShownItem():
                parts.append(decode_picture(part.picture.data, "input_image", budget))
    return _Turn(item.role, parts)


def _timed(found: list[_Turn], seen_at: str, zone: tzinfo | None) -> None:
    """Have the question that an answer belongs to say when that was.

    It stands in the question: behind the answer's own words the built-in model gets later answers wrong
    (benchmarks/follow_up.py), and a model may come to write it itself.
    """
    asked = next((turn for turn in reversed(found) if turn.role is Role.USER), None)
    if asked is not None and not asked.timed:
        asked.timed = True
        asked.parts.append(Text(f" (asked at {clock(seen_at, zone)})"))


def clock(rfc3339: str, zone: tzinfo | None) -> str:
    """The time of day, to the second."""
    return datetime.fromisoformat(rfc3339).astimezone(zone).strftime("%H:%M:%S")


def _calling(found: list[_Turn]) -> _Turn:
    """The assistant's turn that a call belongs to: the one that is last, or a new one."""
    if not found or found[-1].role is not Role.ASSISTANT:
        found.append(_Turn(Role.ASSISTANT))
    return found[-1]


def _call(turn: CallItem | ServerCall) -> Call:
    problem = None
    try:
        if not isinstance(json.loads(turn.arguments), dict):
            problem = "the arguments are not a JSON object"
    except (ValueError, RecursionError) as exc:
        problem = f"the arguments are not JSON: {exc}"
    return Call(turn.name, turn.arguments, turn.call_id, problem)
