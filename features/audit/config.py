"""[audit] of askcam.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from askcam.server.storage.folder import data_folder
from askcam.server.toml_file import Toml


@dataclass(frozen=True, slots=True)
class AuditConfig:
    """[audit]: who did what, on disk. What is beyond the bound goes, oldest first."""

    enabled: bool = False
    folder: Path | None = None  # relative to the file that names it; None: the user's data folder, beside evidence's
    max_bytes: Annotated[int, Meta(ge=64 << 10)] = 256 << 20  # of all its files
    questions: bool = True  # write down what was asked; false: that something was


def read_audit(toml: Toml, env: Mapping[str, str] | None) -> AuditConfig:
    """Raises ConfigError."""
    found: AuditConfig = toml.section(("audit",), AuditConfig)
    if found.folder is not None:
        return toml.beside(found, "folder")
    return replace(found, folder=data_folder(env or {}).with_name("audit")) if found.enabled else found
