"""askcam.toml: one frozen dataclass per section, with defaults and units. Read in config_file.py.

[server]                              host, port, tls_cert, tls_key, token, admin_token, max_age_ms, allowed_origins,
                                      trusted_proxies
[model]                               model, backend, device, ..., max_waiting
[cameras.lobby]                       uri = "rtsp://…", fps, motion_gate, ...
[limits]  [answers]
[tools]                               timeout_s, max_rounds, max_calls, max_result_chars, cameras, allow
[tools.mcp.parcels]                   command = ["…"], env, cwd; or url = "https://…", headers
[catalogue]                           file = "products.csv"
[evidence]                            enabled, folder, max_answers, max_bytes, max_days, private
[watches.door]                        question = "Is the door open?", cameras = ["lobby"], every_s, on, off, for_s, ...
[watching]                            folder, max_events, max_bytes
[notify.phone]                        webhook = "https://…", secret; or apprise = ["ntfy://…"]; watches, cameras, ...
[timeline]                            enabled, folder, language, time_zone, min_interval_s, max_bytes, ...
[fetch]                               allow, private, timeout_s, max_bytes, max_addresses, max_at_once
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from msgspec import Meta

from askcam.server.access.limits import Limits
from askcam.server.answers import MAX_ANSWERS, MAX_BYTES
from askcam.server.attached.allowed import FetchConfig
from askcam.server.cameras import CameraUse
from askcam.server.model_config import ModelConfig
from askcam.server.server_config import ServerConfig
from askcam.server.tools.config import ToolsConfig
from askcam.stream.status import CameraConfig

Positive = Annotated[int, Meta(ge=1)]


@dataclass(frozen=True, slots=True)
class AnswersConfig:
    """[answers]: how many of the last answers keep what they saw."""

    keep: Annotated[int, Meta(ge=0, le=100_000)] = MAX_ANSWERS
    max_bytes: Annotated[int, Meta(ge=0)] = MAX_BYTES


@dataclass(frozen=True, slots=True)
class CameraEntry:
    """[cameras.NAME]: `uri`, which may hold a password, and any field of stream.CameraConfig or of CameraUse."""

    uri: str = field(repr=False)
    config: CameraConfig = field(default_factory=CameraConfig)
    use: CameraUse = field(default_factory=CameraUse)


@dataclass(frozen=True, slots=True)
class Config:
    """All that askcam.toml says, checked."""

    server: ServerConfig = field(default_factory=ServerConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    cameras: Mapping[str, CameraEntry] = field(default_factory=dict)  # by name, in the file's order
    limits: Limits = field(default_factory=Limits)
    answers: AnswersConfig = field(default_factory=AnswersConfig)
    tools: ToolsConfig = field(default_factory=ToolsConfig)
    fetch: FetchConfig = field(default_factory=FetchConfig)
    sections: Mapping[str, Any] = field(default_factory=dict)
    """Features' own, by name. Of one that is not there its `Section.usual` holds."""

    @property
    def wanted_fps(self) -> float:
        """Frames a second of all its cameras together; where none is named, of one that may come."""
        return sum(camera.config.fps for camera in self.cameras.values()) or CameraConfig().fps
