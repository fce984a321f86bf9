"""One tool of an MCP server, and what it says as text."""

import json
import re
from collections.abc import Mapping
from typing import Any, Protocol

import mcp_types as wire

from askcam.server.access.sizes import check_depth
from askcam.server.errors import Refusal
from askcam.server.given_names import quoted
from askcam.server.nesting import shallow
from askcam.server.tools.base import Circumstance, Fault, Signature, ToolError

CALLABLE = re.compile(r"[A-Za-z0-9_.-]{1,64}")  # what a model may be told as a function's name
MAX_DESCRIPTION = 1024  # characters
MAX_SCHEMA = 16_384  # characters of JSON


class Server(Protocol):
    """Who runs the tool."""

    name: str

    @property
    def available(self) -> bool: ...

    async def call(self, tool: str, arguments: Mapping[str, Any], circumstance: Circumstance) -> str: ...


class McpTool:
    """base.Tool over a server's connection."""

    def __init__(self, server: Server, tool: wire.Tool) -> None:
        """Raises ValueError for one that cannot be offered to a model."""
        if not CALLABLE.fullmatch(tool.name):
            raise ValueError(f"{quoted(tool.name)} is no name for a function: use letters, digits, '_', '-', up to 64")
        try:
            check_depth(tool.input_schema, tool.name)
        except Refusal as exc:
            raise ValueError(f"the parameters of {exc.message}") from exc
        if len(json.dumps(tool.input_schema)) > MAX_SCHEMA:
            raise ValueError(f"the parameters of {tool.name!r} take more than {MAX_SCHEMA} characters")
        self._server, self._name = server, tool.name
        about = " ".join((tool.description or tool.title or "").split())
        self.signature = Signature(tool.name, about[:MAX_DESCRIPTION], untitled(tool.input_schema))

    @property
    def server(self) -> str:
        return self._server.name

    @property
    def available(self) -> bool:
        return self._server.available

    async def call(self, arguments: Mapping[str, Any], circumstance: Circumstance) -> str:
        return await self._server.call(self._name, arguments, circumstance)


def untitled(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema without the titles that generators write over everything: they cost tokens and say nothing."""
    plain = {key: value for key, value in schema.items() if not (key == "title" and isinstance(value, str))}
    if isinstance(properties := plain.get("properties"), Mapping):
        inner = {name: untitled(each) if isinstance(each, Mapping) else each for name, each in properties.items()}
        plain["properties"] = inner
    return plain


def said(tool: str, result: wire.CallToolResult) -> str:
    """What a result says, as text. Raises ToolError FAILED when it is an error, or holds nothing that can be said."""
    parts = [part.text for part in result.content if isinstance(part, wire.TextContent)]
    parts += [
        part.resource.text
        for part in result.content
        if isinstance(part, wire.EmbeddedResource) and isinstance(part.resource, wire.TextResourceContents)
    ]
    parts += [f"{part.name}: {part.uri}" for part in result.content if isinstance(part, wire.ResourceLink)]
    if not parts and result.structured_content is not None:
        if not shallow(result.structured_content):
            raise ToolError(Fault.FAILED, f"{tool} answered with something that is nested too deeply")
        parts = [json.dumps(result.structured_content, ensure_ascii=False)]
    text = "\n".join(parts)
    if result.is_error:
        raise ToolError(Fault.FAILED, f"{tool}: {' '.join(text.split())[:500] or 'it failed without a word'}")
    if not text and result.content:
        kinds = ", ".join(sorted({part.type for part in result.content}))
        raise ToolError(Fault.FAILED, f"{tool} answered with {kinds}; only text can be passed on to the model")
    return text
