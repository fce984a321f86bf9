"""Tools and tool_choice of a realtime session or response, read and handed on as chat completions write them. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from askcam.server.errors import Invalid
from askcam.server.given_names import quoted
from askcam.server.steps import ToolChoice
from askcam.server.wire.fields import Fields, wrong

MAX_TOOLS = 64
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
MODES = ("auto", "none", "required")


def read_tools(fields: Fields) -> tuple[Mapping[str, Any], ...]:
    """Field `tools`: the client's own functions, as they are told back. Raises Invalid."""
    found: dict[str, Mapping[str, Any]] = {}
    for tool in fields.objects("tools", MAX_TOOLS) or ():
        name = _name(tool)
        if name in found:
            raise Invalid(f"two tools are called {quoted(name)}: rename one", tool.at("name"))
        tool.text("description")
        tool.object("parameters")
        found[name] = {"type": "function", **tool.plain()}
    return tuple(found.values())


def _name(tool: Fields) -> str:
    if tool.raw("type") == "mcp":
        raise Invalid(
            "MCP servers cannot be named by clients: they are set in the server's askcam.toml, and "
            "session.askcam.tools says which of their tools may be called",
            tool.at("type"),
            "unsupported_parameter",
        )
    tool.choice("type", ("function",))
    name = tool.need_text("name", 128)
    if not NAME.fullmatch(name):
        raise wrong(tool.at("name"), name, "a function's name: up to 64 letters, digits, '_', '-', '.'")
    return name


def read_choice(fields: Fields) -> Any:
    """Field `tool_choice`, as it is told back. Raises Invalid."""
    value = fields.raw("tool_choice")
    if value in ("any", ""):
        return "required" if value else "auto"
    if not isinstance(value, dict):
        return fields.choice("tool_choice", MODES) or "auto"
    choice = Fields(value, fields.at("tool_choice"))
    if choice.raw("type") == "mcp":
        raise Invalid(
            'a tool of the server is chosen by its name: {"type": "function", "name": ...}',
            choice.at("type"),
            "unsupported_parameter",
        )
    choice.choice("type", ("function",))
    choice.need_text("name", 128)
    return value


def functions(tools: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Realtime's flat tools with their signatures one level down."""
    return tuple(
        {
            "type": "function",
            "function": {
                "name": tool["name"],
                "description": tool.get("description") or "",
                "parameters": tool.get("parameters") or {"type": "object", "properties": {}},
            },
        }
        for tool in tools
    )


def choice(value: Any) -> ToolChoice:
    """What read_choice() gave."""
    return ToolChoice("required", value["name"]) if isinstance(value, dict) else ToolChoice(value)
