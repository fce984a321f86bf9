"""[clips] of askcam.toml, and `clips = false` under a camera."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from askcam.server.config_errors import ConfigError
from askcam.server.storage.folder import data_folder
from askcam.server.toml_file import Toml

OPTION = "clips"  # under [cameras.NAME]: false has none made of its events

Positive = Annotated[int, Meta(ge=1)]


@dataclass(frozen=True, slots=True)
class ClipsConfig:
    """[clips]: whether it is there at all says whether clips are made."""

    enabled: bool = True
    folder: Path | None = None  # relative to the file that names it; None: the user's data folder, beside evidence's
    before_s: Annotated[float, Meta(ge=0, le=60)] = 5.0  # from so long before what was seen ...
    after_s: Annotated[float, Meta(ge=0, le=120)] = 10.0  # ... until so long after it was decided
    max_bytes: Positive = 10 << 30  # of all clips on disk
    max_days: Annotated[float, Meta(gt=0)] = 30.0
    camera_memory_bytes: Annotated[int, Meta(ge=1 << 20)] = 64 << 20  # of one camera's last packets
    memory_bytes: Annotated[int, Meta(ge=1 << 20)] = 512 << 20  # of all cameras'
    public_url: str | None = None  # where others reach this server: links to clips begin with it
    link_hours: Annotated[float, Meta(gt=0, le=720)] = 24.0  # after its event a link opens nothing any more

    def __post_init__(self) -> None:
        if self.public_url is not None:
            _check_url(self.public_url)


def _check_url(url: str) -> None:
    """Raises ValueError."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not url.isprintable() or " " in url or parts.query or parts.fragment or parts.username is not None:
        raise ValueError('public_url is no address that a browser opens; write "https://cams.example"')


def read_clips(toml: Toml, env: Mapping[str, str] | None) -> ClipsConfig | None:
    """None where there is no [clips], or it is switched off. Raises ConfigError."""
    if "clips" not in toml.data:
        return None
    found: ClipsConfig = toml.section(("clips",), ClipsConfig)
    if not found.enabled:
        return None
    if found.before_s + found.after_s <= 0:
        raise ConfigError(f"{toml.place(('clips',))}: before_s and after_s are both 0: such a clip shows nothing")
    if found.folder is not None:
        return toml.beside(found, "folder")
    return replace(found, folder=data_folder(env or {}).with_name("clips"))
