"""The files of clips, under the ids of their events. One appears whole or not at all: it is written under another name,
forced to the disk, then renamed."""

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from askcam.features.clips.errors import ClipsError
from askcam.server.storage.disk import make_private, open_private, settle_names
from askcam.server.storage.folder import FolderInUse, Lock

OURS = re.compile(r"(\d{1,19})\.(?:mp4|part)")
ROOM = 4 << 20  # bytes that stay free beside a clip


class ClipFolder:
    """The one writer of a folder. Reading is for any thread; one at a time writes."""

    def __init__(self, folder: Path) -> None:
        """Makes what is missing. Raises ClipsError, also while another process has the folder."""
        self.path = folder
        try:
            make_private(folder)
            self._lock = Lock(folder)
        except OSError as exc:
            raise ClipsError(f"cannot keep clips in {folder}: {exc.strerror}; name another folder") from exc
        except FolderInUse as exc:
            raise ClipsError(
                f"another askcam keeps its clips in {folder}: end it, or name another folder under [clips]"
            ) from exc

    def file(self, event: int) -> Path:
        return self.path / f"{event}.mp4"

    def write(self, event: int, fill: Callable[[Path], None]) -> int:
        """Have `fill` write a file that is there and empty; returns the clip's bytes. Raises OSError, and what `fill`
        raises; then nothing is left."""
        part = self.path / f"{event}.part"
        try:
            handle = open_private(part)
            try:
                os.ftruncate(handle, 0)
                fill(part)
                os.fsync(handle)
                num_bytes = os.fstat(handle).st_size
            finally:
                os.close(handle)
            part.replace(self.file(event))
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        settle_names(self.path)
        return num_bytes

    def has_room(self, num_bytes: int) -> bool:
        """Whether a clip of about so many bytes fits on the disk. Raises OSError."""
        return shutil.disk_usage(self.path).free >= num_bytes * 11 // 10 + ROOM

    def remove(self, event: int) -> None:
        """No effect when it is gone. Raises OSError."""
        self.file(event).unlink(missing_ok=True)

    def events(self) -> list[int]:
        """Of which there are clips, the oldest first. Raises OSError."""
        return sorted(int(name.removesuffix(".mp4")) for name in self._names() if name.endswith(".mp4"))

    def tidy(self, named: Collection[int]) -> int:
        """Remove what is unfinished, and clips of other events than `named`; returns how many files. Only while none is
        being made. Raises OSError."""
        gone = 0
        for name in list(self._names()):
            if name.endswith(".part") or int(name.removesuffix(".mp4")) not in named:
                (self.path / name).unlink(missing_ok=True)
                gone += 1
        return gone

    def give_way(self, folder: Path, most: int) -> list[int]:
        """Something more important has no room in `folder`: remove the oldest clips, if they lie on the same disk.
        Returns whose. Any thread."""
        gone: list[int] = []
        with contextlib.suppress(OSError):
            if os.stat(folder).st_dev == os.stat(self.path).st_dev:
                for event in self.events()[:most]:
                    self.remove(event)
                    gone.append(event)
        return gone

    def trouble(self) -> str | None:
        """What has become of the folder; None: nothing. For any thread."""
        return None if self.path.is_dir() else f"{self.path} is gone"

    def close(self) -> None:
        self._lock.release()

    def _names(self) -> Iterator[str]:
        return (each.name for each in os.scandir(self.path) if OURS.fullmatch(each.name))
