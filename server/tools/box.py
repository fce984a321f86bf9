"""All tools of this server under their names, and who may be offered which. Owned by the event loop."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from askcam.server.errors import bad_request
from askcam.server.tools.base import Tool


class Toolbox:
    """Tools by name; an MCP server's are called "server.tool" in allow-lists and "tool" by the model."""

    def __init__(self) -> None:
        self._tools: dict[str, Tool] = {}

    def add(self, tool: Tool) -> None:
        """Raises ValueError when its name is taken by another server's tool; the same server's is replaced."""
        name, there = tool.signature.name, self._tools.get(tool.signature.name)
        if there is not None and there.server != tool.server:
            raise ValueError(f"tool {name!r} of {tool.server} is hidden by that of {there.server}: rename one")
        self._tools[name] = tool

    def remove(self, server: str) -> None:
        """Forget all tools of one server."""
        self._tools = {name: tool for name, tool in self._tools.items() if tool.server != server}

    def all(self) -> tuple[Tool, ...]:
        return tuple(self._tools.values())

    def allowed(self, patterns: Iterable[str]) -> tuple[Tool, ...]:
        """The tools that these patterns let pass, whether they are available or not."""
        known = tuple(patterns)
        return tuple(tool for tool in self._tools.values() if _lets_pass(known, tool))

    def offered(self, allowed: Iterable[str], wanted: Sequence[str] | None) -> tuple[Tool, ...]:
        """The available tools that `allowed` lets pass, of these only those that `wanted` names; None: all of them.

        Patterns: "clock", "parcels.*", "*". Raises ApiError 400 for a wanted tool that is not allowed.
        """
        patterns = tuple(allowed)
        found = {name: tool for name, tool in self._tools.items() if tool.available and _lets_pass(patterns, tool)}
        if wanted is None:
            return tuple(found.values())
        for name in wanted:
            if name not in found:
                known = ", ".join(found) or "none"
                raise bad_request(
                    f"the tool {name[:64]!r} is not offered here; offered: {known}", "askcam.tools", "unknown_tool"
                )
        return tuple(found[name] for name in dict.fromkeys(wanted))


def _lets_pass(patterns: Sequence[str], tool: Tool) -> bool:
    name = tool.signature.name
    return any(fnmatchcase(name, each) or fnmatchcase(f"{tool.server}.{name}", each) for each in patterns)
