"""What a tool is: something the model may call by name while it answers, and that runs in this server. Pure.

A tool's text is data: the engine takes apart whatever in it looks like a call, a turn or a picture (engine/prompt.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from askcam.client.protocol import Fact
from askcam.server.access.viewer import STRANGER, Viewer

BUILT_IN = "built-in"  # the `server` of tools that come with askcam


class Fault(StrEnum):
    """Why a call brought nothing; the `code` that clients and the model are told."""

    UNKNOWN = "unknown_tool"
    ARGUMENTS = "invalid_arguments"
    TIMEOUT = "tool_timeout"
    UNAVAILABLE = "tool_unavailable"  # its server is gone, or not there yet
    FAILED = "tool_failed"
    TOO_MANY = "too_many_calls"
    NOT_ALLOWED = "not_allowed"  # the asker may not have this done, or has not said yes to it


class ToolError(Exception):
    """A call that brought nothing. The message is one line for people and for the model, with the remedy."""

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Signature:
    """What the model is told of a tool. `parameters` is the JSON Schema of an object."""

    name: str
    description: str
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})

    def wire(self) -> dict[str, Any]:
        """As OpenAI and the chat templates write it."""
        about = {"name": self.name, "description": self.description, "parameters": self.parameters}
        return {"type": "function", "function": about}


@dataclass(frozen=True, slots=True)
class Circumstance:
    """From where a tool is called."""

    camera: str | None  # whose window the question is about
    answer_id: str
    viewer: Viewer = STRANGER  # who asks: what a tool tells of cameras, and changes, goes by it
    facts: tuple[Fact, ...] = ()  # that the answer has so far: a tool must not contradict them


@dataclass(frozen=True, slots=True)
class CallLimits:
    """[tools] of askcam.toml: what one answer may have done for it."""

    allow: tuple[str, ...] = ()  # tools of questions about attached pictures; cameras have their own lists
    timeout_s: float = 10.0  # of one call
    max_rounds: int = 4  # in which server-side tools may be called
    max_calls: int = 8  # in one round
    max_result_chars: int = 8000  # of what one call brings; the rest is cut off


class Tool(Protocol):
    """Owned by the event loop. A camera's question is offered those that its allow-list names."""

    @property
    def signature(self) -> Signature: ...

    @property
    def server(self) -> str:
        """Who runs it: "built-in", or the name of an MCP server in askcam.toml."""

    @property
    def available(self) -> bool:
        """False: it is not offered now."""

    async def call(self, arguments: Mapping[str, Any], circumstance: Circumstance) -> str:
        """What it says, usually JSON. `arguments` fit the signature's schema. Raises ToolError.

        It may be cancelled at any time, and is after its time limit; it must not block the event loop.
        """
