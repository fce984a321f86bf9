"""Flags that several commands have, and what they come to."""

from pathlib import Path
from typing import Annotated, Any

import typer

from askcam.server.terminal.words import told

URL = "http://127.0.0.1:8400"
ConfigFile = Annotated[Path | None, typer.Option("--config", help=told("help.config"))]
CameraOption = Annotated[list[str] | None, typer.Option("--camera", help=told("help.cameras"))]
ModelOption = Annotated[str | None, typer.Option("--model", help=told("help.model"))]
Host = Annotated[str | None, typer.Option("--host", help=told("help.host"))]
Port = Annotated[int | None, typer.Option("--port", help=told("help.port"))]
Cert = Annotated[Path | None, typer.Option("--tls-cert", help=told("help.tls_cert"))]
Key = Annotated[Path | None, typer.Option("--tls-key", help=told("help.tls_key"))]
Wait = Annotated[float, typer.Option("--wait", min=1, max=3600, help=told("help.wait"))]
WAIT_S = 60.0  # for a first picture: there are cameras with a keyframe a minute
MaxAge = Annotated[float | None, typer.Option("--max-age-ms", help=told("help.max_age_ms"))]
ModelUrl = Annotated[str | None, typer.Option("--model-url", help=told("help.model_url"))]
Dialect = Annotated[str | None, typer.Option("--dialect", help=told("help.dialect"))]
Backend = Annotated[str | None, typer.Option("--backend", help=told("help.backend"))]
Device = Annotated[str | None, typer.Option("--device", help=told("help.device"))]
Dtype = Annotated[str | None, typer.Option("--dtype", help=told("help.dtype"))]
Positions = Annotated[str | None, typer.Option("--positions", help=told("help.positions"))]
Threads = Annotated[int | None, typer.Option("--threads", help=told("help.threads"))]
Power = Annotated[str | None, typer.Option("--power", help=told("help.power"))]
Json = Annotated[bool, typer.Option("--json", help=told("help.json"))]
Fps = Annotated[float | None, typer.Option("--fps", min=0.05, max=30, help=told("help.fps"))]
Url = Annotated[str, typer.Option("--url", help=told("help.url"))]
Ca = Annotated[Path | None, typer.Option("--ca", help=told("help.ca"))]


def given(flags: dict[str, Any]) -> dict[str, Any]:
    """Those that were, as a file would have them."""
    return {
        name: str(value) if isinstance(value, Path) else value for name, value in flags.items() if value is not None
    }


def engine(built_in: str, wanted_fps: float | None = None, **flags: Any) -> Any:
    """The EngineConfig that flags of [model] describe; leaves with 2 for a wrong one. `built_in`, `wanted_fps`: as of
    ModelConfig.engine()."""
    from askcam.server.config_errors import ConfigError
    from askcam.server.model_config import ModelConfig
    from askcam.server.terminal import say

    try:
        return ModelConfig.of_flags(given(flags)).engine(built_in, wanted_fps)
    except ConfigError as exc:
        say.fail(str(exc))
