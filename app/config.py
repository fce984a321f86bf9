"""askcam.toml: one frozen dataclass per section, with defaults and units. Read in config_file.py.

[server]                              host, port, tls_cert, tls_key, token, admin_token, max_age_ms, allowed_origins,
                                      trusted_proxies, sign_in_header, sign_in_secret, tokens_folder
[tokens.kiosk]                        rights = "ask", cameras = ["lobby"], token
[users.anna]                          rights = "watch", cameras = ["lobby"]; who has signed in at a proxy
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
[clips]                               before_s, after_s, folder, max_bytes, max_days, public_url, link_hours, ...
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
from askcam.server.access.sign_in import SignInRules
from askcam.server.answers import MAX_ANSWERS, MAX_BYTES
from askcam.server.attached.allowed import FetchConfig
from askcam.server.camera_use import CameraUse
from askcam.server.feature import ModelUse
from askcam.server.model import USUAL
from askcam.server.model_config import ModelConfig
from askcam.server.people_config import MADE, RightsConfig, TokenConfig
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
    models: Mapping[str, ModelConfig] = field(default_factory=dict)  # others, by name, in the file's order
    cameras: Mapping[str, CameraEntry] = field(default_factory=dict)  # by name, in the file's order
    tokens: Mapping[str, TokenConfig] = field(default_factory=dict)  # [tokens.NAME]
    users: Mapping[str, RightsConfig] = field(default_factory=dict)  # [users.NAME]
    limits: Limits = field(default_factory=Limits)
    answers: AnswersConfig = field(default_factory=AnswersConfig)
    tools: ToolsConfig = field(default_factory=ToolsConfig)
    fetch: FetchConfig = field(default_factory=FetchConfig)
    sections: Mapping[str, Any] = field(default_factory=dict)
    """Features' own, by name. Of one that is not there its `Section.usual` holds."""

    @property
    def tokens_folder(self) -> Path | None:
        """Where tokens are that are made while a server runs."""
        return self.server.tokens_folder

    @property
    def known_tokens(self) -> Tokens:
        """Of the file and the environment. Checked."""
        own = self.server.tokens
        return Tokens(own.viewer, own.admin, tuple(each.named(name) for name, each in self.tokens.items()))

    @property
    def wants_token(self) -> bool:
        """Whether nobody is let in without showing who they are."""
        made = self.tokens_folder is not None and (self.tokens_folder / MADE).exists()
        return bool(self.server.tokens or self.tokens or self.server.sign_in_header or made)

    def sign_in(self) -> SignInRules | None:
        """Whom a proxy may name, if it may. Checked."""
        header, secret = self.server.sign_in_header, self.server.sign_in_secret
        if header is None or secret is None:
            return None
        viewers = {name: each.viewer(f"user:{name}", "signed-in") for name, each in self.users.items()}
        return SignInRules(header.lower(), secret, viewers)

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
