"""[tools] and [tools.mcp.NAME] of askcam.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from askcam.server.config_errors import ConfigError
from askcam.server.toml_file import Toml
from askcam.server.tools.base import BUILT_IN, CallLimits
from askcam.server.tools.mcp_config import NAME, McpConfig


@dataclass(frozen=True, slots=True)
class ToolsConfig:
    """[tools]: server-side tools, who may call them, and how much one answer may have done for it (CallLimits)."""

    cameras: tuple[str, ...] = ()  # what cameras may call that say nothing themselves: "clock", "parcels.*", "*"
    allow: tuple[str, ...] = ()  # what questions about attached pictures may call
    timeout_s: Annotated[float, Meta(gt=0, le=300)] = 10.0
    max_rounds: Annotated[int, Meta(ge=1, le=32)] = 4
    max_calls: Annotated[int, Meta(ge=1, le=64)] = 8
    max_result_chars: Annotated[int, Meta(ge=64, le=100_000)] = 8000
    mcp: Mapping[str, McpConfig] = field(default_factory=dict)  # by name

    @property
    def limits(self) -> CallLimits:
        return CallLimits(self.allow, self.timeout_s, self.max_rounds, self.max_calls, self.max_result_chars)


def read_tools(toml: Toml) -> ToolsConfig:
    """Raises ConfigError."""
    toml.check_keys(("tools",), [each.name for each in fields(ToolsConfig)])
    servers: dict[str, McpConfig] = {}
    for name in toml.tables(("tools", "mcp"), "[tools.mcp.parcels]"):
        where = ("tools", "mcp", name)
        if not NAME.fullmatch(name) or name == BUILT_IN:
            raise ConfigError(
                f"{toml.place(where)}: an MCP server's name has up to 32 of a-z, 0-9, '-', '_', and is not {BUILT_IN!r}"
            )
        server: McpConfig = toml.section(where, McpConfig)
        folder = toml.path.parent.resolve()
        cwd = server.cwd if server.cwd is None else str(folder / Path(server.cwd).expanduser())
        servers[name] = replace(server, cwd=cwd)
    own = {key: value for key, value in toml.at(("tools",)).items() if key != "mcp"}
    return replace(toml.convert(("tools",), own, ToolsConfig), mcp=servers)
