"""askcam as an MCP server, plugged in: [mcp], POST /mcp and `askcam mcp`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from askcam.server.feature import Feature, Given, Program, Section
from askcam.server.terminal.flags import URL, Ca, Url
from askcam.server.terminal.words import Words
from askcam.server.toml_file import Toml

if TYPE_CHECKING:
    from askcam.server.core import Core
    from askcam.server.running import Running
    from askcam.server.wire.endpoint import FrontPart

told = Words(__name__)


@dataclass(frozen=True, slots=True)
class McpServerConfig:
    """[mcp]: what is offered to agents. Servers whose tools are used here stand under [tools.mcp.NAME]."""

    enabled: bool = True  # POST /mcp, for whoever has a token


def read_mcp(toml: Toml, env: Mapping[str, str] | None) -> McpServerConfig:
    """Raises ConfigError."""
    found: McpServerConfig = toml.section(("mcp",), McpServerConfig)
    return found


def build(core: "Core", given: Given, others: "Mapping[str, Running]") -> "Running":
    from askcam.server.running import Running, RunningFrontPart

    return RunningFrontPart(at_front()) if given.sections["mcp"].enabled else Running()


def at_front() -> "FrontPart":
    from askcam.features.mcp_server.endpoint import McpEndpoint

    return McpEndpoint()


def add_command(program: Program) -> None:
    @program.app.command(help=told("help.mcp"))
    def mcp(url: Url = URL, ca: Ca = None) -> None:
        """A running server's cameras for an agent, over stdin and stdout. Token: ASKCAM_TOKEN."""
        from askcam.features.mcp_server.over_stdio import serve
        from askcam.server.terminal.reach import reach

        serve(reach(url, os.environ.get("ASKCAM_TOKEN"), ca))


FEATURE = Feature(
    name="mcp_server",
    sections={"mcp": Section(read_mcp, McpServerConfig)},
    build=build,
    at_front=at_front,
    commands=add_command,
)
