"""askcam.toml: one frozen dataclass per section, with defaults and units. Read in config_file.py.

[server]                              host, port, tls_cert, tls_key, token, admin_token, max_age_ms, allowed_origins,
                                      trusted_proxies
[model]                               model, backend, device, ..., max_waiting
[models.large]                        the same of one more model
[cameras.lobby]                       uri = "rtsp://…", fps, motion_gate, model = "large", ...
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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from askcam.server.access.auth import Tokens
from askcam.server.access.limits import Limits
from askcam.server.answers import MAX_ANSWERS, MAX_BYTES
from askcam.server.attached.allowed import FetchConfig
from askcam.server.cameras import CameraUse
from askcam.server.feature import ModelUse
from askcam.server.model import USUAL
from askcam.server.model_config import ModelConfig
from askcam.server.tools.config import ToolsConfig
from askcam.stream.status import CameraConfig

Port = Annotated[int, Meta(ge=0, le=65535)]
Positive = Annotated[int, Meta(ge=1)]


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """[server]. Paths are relative to the file that names them."""

    host: str = "127.0.0.1"
    port: Port = 8400  # 0: any free one
    tls_cert: Path | None = None  # PEM, the chain
    tls_key: Path | None = None  # PEM, without a password
    token: str | None = field(default=None, repr=False)  # a viewer's; ASKCAM_TOKEN goes before it
    admin_token: str | None = field(default=None, repr=False)  # ASKCAM_ADMIN_TOKEN goes before it
    max_age_ms: Annotated[float, Meta(gt=0)] | None = None  # older frames are refused, unless a question says otherwise
    trusted_proxies: tuple[str, ...] = ()  # addresses or networks of reverse proxies: "127.0.0.1", "10.0.0.0/8"
    allowed_origins: tuple[str, ...] = ()  # of other pages that may talk to this server: "https://house.example"

    @property
    def tokens(self) -> Tokens:
        return Tokens(self.token, self.admin_token)

    @property
    def tls(self) -> bool:
        return self.tls_cert is not None


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
    models: Mapping[str, ModelConfig] = field(default_factory=dict)  # others, by name, in the file's order
    cameras: Mapping[str, CameraEntry] = field(default_factory=dict)  # by name, in the file's order
    limits: Limits = field(default_factory=Limits)
    answers: AnswersConfig = field(default_factory=AnswersConfig)
    tools: ToolsConfig = field(default_factory=ToolsConfig)
    fetch: FetchConfig = field(default_factory=FetchConfig)
    sections: Mapping[str, Any] = field(default_factory=dict)
    """Features' own, by name. Of one that is not there its `Section.usual` holds."""

    def all_models(self) -> Mapping[str, ModelConfig]:
        """What they are called; the usual one first."""
        return {USUAL: self.model, **self.models}

    def seen_by(self, called: str, uses: Iterable[ModelUse] = ()) -> set[str]:
        """The cameras that a model sees: those that it answers about, and those of `uses` that name it."""
        own = {name for name, camera in self.cameras.items() if (camera.use.model or USUAL) == called}
        return own.union(*(use.cameras for use in uses if use.model == called))

    def wanted_fps(self, called: str = USUAL, uses: Iterable[ModelUse] = ()) -> float:
        """Frames a second of all cameras together that a model sees; where it sees none, of one that may come."""
        seen = self.seen_by(called, uses)
        return sum(self.cameras[name].config.fps for name in seen if name in self.cameras) or CameraConfig().fps
