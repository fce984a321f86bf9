"""What models were measured to take on this machine, kept in the user's cache folder: by machine, model and dtype.

`askcam doctor --model` measures, and a server that cannot keep up; `askcam models` reads it, and what is said of a slow
model. It is a cache: a file that is broken or cannot be written counts as empty, and no command fails for it.
"""

import json
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from askcam.engine.catalogue.advice import MeasuredModel
from askcam.server.storage.folder import cache_folder

log = logging.getLogger(__name__)

MOST = 100  # entries; the oldest go
MOST_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class MeasuredRun:
    """What was measured with."""

    machine: str
    model: str  # hub id, folder or BUILT_IN
    dtype: str
    backend: str  # "live", "portable", "live, low power"


@dataclass(frozen=True, slots=True)
class _Entry:
    run: MeasuredRun
    measured: MeasuredModel


def measured_file(env: Mapping[str, str], platform: str = sys.platform) -> Path:
    """In this user's place for what programs can do without."""
    return cache_folder(env, platform) / "measured.json"


class MeasuredModels:
    """Reads and writes the file as a whole; of two that write at once the later one counts. Blocks for a small file."""

    def __init__(self, path: Path | None = None) -> None:
        """None: the user's own file."""
        self._path = path or measured_file(os.environ)

    def of(self, run: MeasuredRun) -> MeasuredModel | None:
        """As measured last with the same machine, model and dtype; on another backend does not count."""
        return next((each.measured for each in self._entries() if each.run == run), None)

    def note(self, run: MeasuredRun, measured: MeasuredModel) -> None:
        kept = [each for each in self._entries() if each.run != run][: MOST - 1]
        text = json.dumps([asdict(each) for each in (_Entry(run, measured), *kept)], indent=1)
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(text)
            beside.replace(self._path)
        except OSError as exc:
            log.debug("cannot keep what was measured in %s: %s", self._path, exc)

    def _entries(self) -> list[_Entry]:
        try:
            with self._path.open("rb") as opened:
                return msgspec.json.decode(opened.read(MOST_BYTES), type=list[_Entry])
        except (OSError, msgspec.DecodeError):
            return []
