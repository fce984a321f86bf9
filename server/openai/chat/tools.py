"""Tools as chat completions write them: a client's functions, whether to call them, calls of earlier turns. Pure."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import msgspec

from askcam.engine.calls import Call
from askcam.server.errors import Invalid
from askcam.server.given_names import quoted
from askcam.server.steps import Ask, Done, ToolChoice

MAX_TOOLS = 64
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class FunctionCall(msgspec.Struct):
    name: str
    arguments: str = "{}"


class ToolCall(msgspec.Struct):
    function: FunctionCall
    id: str | None = None
    type: Literal["function"] = "function"


class Function(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None  # arguments fit in any case, where the schema can be enforced


class FunctionTool(msgspec.Struct):
    function: Function
    type: Literal["function"] = "function"


class ChosenFunction(msgspec.Struct):
    name: str


class ChosenTool(msgspec.Struct, tag="function"):
    function: ChosenFunction


class AllowedNames(msgspec.Struct):
    """Only these may be called: `tools` are as in ChosenTool."""

    tools: list[ChosenTool]
    mode: Literal["auto", "required"] = "auto"


class AllowedTools(msgspec.Struct, tag="allowed_tools"):
    allowed_tools: AllowedNames


def signatures(
    tools: Sequence[FunctionTool], name_at: str = "tools[{i}].function.name"
) -> tuple[Mapping[str, Any], ...]:
    """The client's functions as a question carries them. Raises Invalid naming the one at fault."""

    def at(i: int) -> str:
        return name_at.format(i=i)

    if len(tools) > MAX_TOOLS:
        raise Invalid(f"'tools' has {len(tools)} entries; at most {MAX_TOOLS} are taken", "tools")
    found: dict[str, Mapping[str, Any]] = {}
    for i, tool in enumerate(tools):
        function = tool.function
        if not NAME.fullmatch(function.name):
            raise Invalid(
                f"{quoted(function.name)} is no function's name: use up to 64 letters, digits, '_', '-', '.'",
                at(i),
            )
        if function.name in found:
            raise Invalid(f"two tools are called {quoted(function.name)}: rename one", at(i))
        found[function.name] = {
            "type": "function",
            "function": {
                "name": function.name,
                "description": function.description or "",
                "parameters": function.parameters or {"type": "object", "properties": {}},
            },
        }
    return tuple(found.values())


def narrowed(ask: Ask, wanted: object) -> Ask:
    """`ask` with the tools that `wanted` allows, the server's among them. Raises Invalid."""
    if not isinstance(wanted, AllowedTools):
        return ask
    return only(ask, [tool.function.name for tool in wanted.allowed_tools.tools], "tool_choice.allowed_tools.tools")


def only(ask: Ask, names: Sequence[str], at: str) -> Ask:
    """`ask` with the tools of these `names` alone, the client's and the server's. Raises Invalid."""
    if not names:
        raise Invalid(f"{at!r} is empty: name the tools that may be called, or leave tool_choice out", at)
    theirs = tuple(tool for tool in ask.tools if tool["function"]["name"] in names)
    client = {tool["function"]["name"] for tool in theirs}
    return replace(ask, tools=theirs, server_tools=tuple(name for name in names if name not in client))


def choice(wanted: Literal["auto", "none", "required"] | ChosenTool | AllowedTools | None) -> ToolChoice:
    match wanted:
        case None:
            return ToolChoice()
        case ChosenTool(function=function):
            return ToolChoice("required", function.name)
        case AllowedTools(allowed_tools=allowed):
            return ToolChoice(allowed.mode)
        case mode:
            return ToolChoice(mode)


def earlier(call: ToolCall) -> Mapping[str, Any]:
    """An assistant's earlier call, as a turn holds it."""
    arguments = call.function.arguments or "{}"
    try:
        found = json.loads(arguments)
    except (ValueError, RecursionError):
        found = None
    problem = None if isinstance(found, dict) else "not an object"
    return Call(call.function.name, arguments, problem=problem).turn()


def written(done: Done) -> list[dict[str, Any]]:
    """The calls that the client is to carry out, as OpenAI's ChatCompletionMessageToolCall."""
    return [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in done.calls
    ]
