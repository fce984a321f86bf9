"""Turns of a realtime conversation that are calls of tools and what came of them; and what a turn is at all."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from askcam.engine.question import Role
from askcam.server.answering import asked as answering
from askcam.server.errors import Invalid
from askcam.server.given_names import quoted
from askcam.server.openai.realtime.items import MAX_ID_CHARS, Item, read_item
from askcam.server.wire.fields import Fields

MAX_NAME_CHARS = 128
OVERHEAD_BYTES = 200  # of keeping a turn, roughly
BROKEN_OFF = "the answer ended before the tool did"


class Worded(ABC):
    """A turn of texts alone, and what it costs to keep."""

    __slots__ = ()
    num_pictures: ClassVar[int] = 0

    @property
    @abstractmethod
    def texts(self) -> tuple[str, ...]: ...

    @property
    def num_chars(self) -> int:
        return sum(map(len, self.texts))

    @property
    def num_bytes(self) -> int:
        return OVERHEAD_BYTES + 4 * self.num_chars


@dataclass(frozen=True, slots=True)
class CallItem(Worded):
    """The model calls one of the client's own functions. `arguments` is JSON text."""

    id: str
    call_id: str
    name: str
    arguments: str
    status: str = "completed"  # "in_progress"

    @property
    def role(self) -> Role:
        return Role.ASSISTANT

    @property
    def texts(self) -> tuple[str, ...]:
        return self.name, self.arguments

    def wire(self, *, pictures: bool = False) -> dict[str, Any]:
        """As OpenAI's SDKs type it. While it is in progress the arguments are still to come."""
        return {
            "id": self.id,
            "object": "realtime.item",
            "type": "function_call",
            "status": self.status,
            "call_id": self.call_id,
            "name": self.name,
            "arguments": "" if self.status == "in_progress" else self.arguments,
        }


@dataclass(frozen=True, slots=True)
class FunctionOutput(Worded):
    """What the client says came of a call."""

    id: str
    call_id: str
    output: str
    status: str = "completed"

    @property
    def role(self) -> Role:
        return Role.TOOL

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.output,)

    def wire(self, *, pictures: bool = False) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "realtime.item",
            "type": "function_call_output",
            "status": self.status,
            "call_id": self.call_id,
            "output": self.output,
        }


@dataclass(frozen=True, slots=True)
class ServerCall(Worded):
    """The model called a tool that runs in the server; OpenAI's events have it as an `mcp_call`.

    In progress while there is neither output nor error.
    """

    id: str
    call_id: str
    name: str
    server: str
    arguments: str
    output: str | None = None
    error: str | None = None

    @property
    def role(self) -> Role:
        return Role.ASSISTANT

    @property
    def status(self) -> str:
        return "in_progress" if self.output is None and self.error is None else "completed"

    @property
    def texts(self) -> tuple[str, ...]:
        return self.name, self.arguments, self.output or "", self.error or ""

    def returned(self, output: str | None, error: str | None) -> "ServerCall":
        """The same call, over. `output` None: it failed, for `error`."""
        return replace(self, output=output, error=None if output is not None else error or BROKEN_OFF)

    def wire(self, *, pictures: bool = False) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": "mcp_call",
            "server_label": self.server,
            "name": self.name,
            "arguments": self.arguments,
            "output": self.output,
            "error": None if self.error is None else {"type": "tool_execution_error", "message": self.error},
        }


Turn = Item | CallItem | FunctionOutput | ServerCall


def answerable(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """The turns without calls that nobody has answered, and answers to calls that are not there: neither says anything
    to the model."""
    turns = tuple(turns)
    answered = {turn.call_id for turn in turns if isinstance(turn, FunctionOutput)}
    called = {turn.call_id for turn in turns if isinstance(turn, CallItem)}
    both = answered & called
    return tuple(t for t in turns if not isinstance(t, CallItem | FunctionOutput) or t.call_id in both)


def turn_of(turn: Turn) -> answering.AskedTurn:
    """What matters of it for what is asked. A call that was carried out here holds what it brought."""
    match turn:
        case Item():
            return answering.AskedTurn(turn.role, not (turn.num_pictures or any(map(answering.says, turn.texts))))
        case CallItem():
            return answering.AskedTurn(Role.ASSISTANT, False, calls=True)
        case _:
            return answering.AskedTurn(Role.TOOL, False)


def with_role(turn: Turn, role: Role) -> Turn:
    """A turn, as it is read: a system's may be the question."""
    return replace(turn, role=role) if isinstance(turn, Item) and turn.role is not role else turn


OURS = "the server makes them itself, when the model calls one of its tools"
REFUSED = {
    "mcp_call": OURS,
    "mcp_list_tools": "which tools run in the server is set in its askcam.toml",
    "mcp_approval_request": "tools run without asking: session.askcam.tools says which may",
    "mcp_approval_response": "no approval is asked for here",
}


def read_turn(fields: Fields, new_id: Callable[[str], str], max_chars: int) -> Turn:
    """A turn that a client adds. Raises Invalid. CPU work when there are pictures in it."""
    kind = fields.text("type") or "message"
    match kind:
        case "message":
            return read_item(fields, new_id, max_chars)
        case "function_call":
            name, call_id = fields.need_text("name", MAX_NAME_CHARS), fields.text("call_id", MAX_ID_CHARS)
            arguments = fields.need_text("arguments", max_chars)
            return CallItem(_id(fields, new_id), call_id or new_id("call"), name, arguments)
        case "function_call_output":
            call_id = fields.need_text("call_id", MAX_ID_CHARS)
            return FunctionOutput(_id(fields, new_id), call_id, fields.need_text("output", max_chars))
        case _:
            why = REFUSED.get(kind, "send a 'message', a 'function_call' or a 'function_call_output'")
            raise Invalid(
                f"items of type {quoted(kind)} are not taken here: {why}", fields.at("type"), "unsupported_item"
            )


def _id(fields: Fields, new_id: Callable[[str], str]) -> str:
    return fields.text("id", MAX_ID_CHARS) or new_id("item")
