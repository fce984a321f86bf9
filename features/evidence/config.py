"""[evidence] of askcam.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from askcam.features.evidence.retention import EvidenceBounds
from askcam.server.storage.folder import data_folder
from askcam.server.toml_file import Toml

Positive = Annotated[int, Meta(ge=1)]


@dataclass(frozen=True, slots=True)
class EvidenceConfig:
    """[evidence]: what answers were given from, kept on disk. What is beyond a bound goes, oldest first."""

    enabled: bool = False
    folder: Path | None = None  # relative to the file that names it; None: the user's data folder (storage/folder.py)
    max_answers: Positive = 10_000
    max_bytes: Positive = 10 << 30  # of records and pictures
    max_days: Annotated[float, Meta(gt=0)] = 30.0
    private: bool = False  # of pushed cameras, too

    @property
    def bounds(self) -> EvidenceBounds:
        return EvidenceBounds(self.max_answers, self.max_bytes, self.max_days)


def read_evidence(toml: Toml, env: Mapping[str, str] | None) -> EvidenceConfig:
    """Its folder is relative to the file; where none is named, the user's own. Raises ConfigError."""
    read: EvidenceConfig = toml.section(("evidence",), EvidenceConfig)
    if read.folder is not None:
        return toml.beside(read, "folder")
    return replace(read, folder=data_folder(env or {})) if read.enabled else read
