"""All tools of this server under their names, and who may be offered which. Owned by the event loop."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from askcam.server.errors import Invalid
from askcam.server.given_names import quoted
from askcam.server.tools.base import Tool


class Toolbox:
    """Tools by server and name: "server.tool" or "tool" in allow-lists, "tool" to the model.

    Of several with one name that a camera may use, it is offered the one that was added first and is available.
    """

    def __init__(self) -> None:
        self._tools: dict[tuple[str, str], Tool] = {}

    def add(self, tool: Tool) -> None:
        """One of the same server and name is replaced."""
        self._tools[tool.server, tool.signature.name] = tool

    def remove(self, server: str) -> None:
        """Forget all tools of one server."""
        self._tools = {key: tool for key, tool in self._tools.items() if tool.server != server}

    def all(self) -> tuple[Tool, ...]:
        return tuple(self._tools.values())

    def allowed(self, patterns: Iterable[str]) -> tuple[Tool, ...]:
        """The tools that these patterns let pass, whether they are available or not."""
        known = tuple(patterns)
        return tuple(tool for tool in self._tools.values() if _lets_pass(known, tool))

    def offered(self, allowed: Iterable[str], wanted: Sequence[str] | None) -> tuple[Tool, ...]:
        """The available tools that `allowed` lets pass, of these only those that `wanted` names; None: all of them.

        Patterns: "clock", "parcels.*", "*". Raises Invalid for a wanted tool that is not allowed.
        """
        found: dict[str, Tool] = {}
        for tool in self.allowed(allowed):
            if tool.available:
                found.setdefault(tool.signature.name, tool)
        if wanted is None:
            return tuple(found.values())
        for name in wanted:
            if name not in found:
                known = ", ".join(found) or "none"
                raise Invalid(
                    f"the tool {quoted(name)} is not offered here; offered: {known}", "askcam.tools", "unknown_tool"
                )
        return tuple(found[name] for name in dict.fromkeys(wanted))


def _lets_pass(patterns: Sequence[str], tool: Tool) -> bool:
    name = tool.signature.name
    return any(fnmatchcase(name, each) or fnmatchcase(f"{tool.server}.{name}", each) for each in patterns)
