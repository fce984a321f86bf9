"""askcam as an MCP server, plugged in: [mcp], POST /mcp and `askcam mcp`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from askcam.features.mcp_server.cli import add_command
from askcam.server.feature import Feature, Given, Section
from askcam.server.toml_file import Toml

if TYPE_CHECKING:
    from askcam.server.core import Core
    from askcam.server.running import Running
    from askcam.server.wire.endpoint import FrontPart


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
    from askcam.features.mcp_server.api import McpEndpoint

    return McpEndpoint()


FEATURE = Feature(
    name="mcp_server",
    sections={"mcp": Section(read_mcp, McpServerConfig)},
    build=build,
    at_front=at_front,
    commands=add_command,
)
