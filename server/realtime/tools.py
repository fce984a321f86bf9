"""Tools and tool_choice of a realtime session or response, read and handed on as chat completions write them. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from askcam.server.errors import bad_request
from askcam.server.realtime.reading import Fields
from askcam.server.steps import Choice

MAX_TOOLS = 64
MODES = ("auto", "none", "required")


def read_tools(fields: Fields) -> tuple[Mapping[str, Any], ...]:
    """Field `tools`: the client's own functions. Raises ApiError 400."""
    return tuple(_tool(tool) for tool in fields.objects("tools", MAX_TOOLS) or ())


def _tool(tool: Fields) -> Mapping[str, Any]:
    if tool.raw("type") == "mcp":
        raise bad_request(
            "MCP servers cannot be named by clients: they are set in the server's askcam.toml, and "
            "session.askcam.tools says which of their tools may be called",
            tool.at("type"),
            "unsupported_parameter",
        )
    tool.choice("type", ("function",))
    tool.need_text("name", 128)
    tool.text("description")
    tool.object("parameters")
    return {"type": "function", **tool.plain()}


def read_choice(fields: Fields) -> Any:
    """Field `tool_choice`, as it is told back. Raises ApiError 400."""
    value = fields.raw("tool_choice")
    if not isinstance(value, dict):
        return fields.choice("tool_choice", MODES) or "auto"
    choice = Fields(value, fields.at("tool_choice"))
    if choice.raw("type") == "mcp":
        raise bad_request(
            'a tool of the server is chosen by its name: {"type": "function", "name": ...}',
            choice.at("type"),
            "unsupported_parameter",
        )
    choice.choice("type", ("function",))
    choice.need_text("name", 128)
    return value


def functions(tools: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Realtime's flat tools with their signature one level down."""
    names = ("name", "description", "parameters")
    return tuple(
        {"type": "function", "function": {name: tool[name] for name in names if tool.get(name) is not None}}
        for tool in tools
    )


def choice(value: Any) -> Choice:
    """What read_choice() gave."""
    return Choice("required", value["name"]) if isinstance(value, dict) else Choice(value)
