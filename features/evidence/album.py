"""Picture files under the SHA-256 of their content, so that what several answers saw lies there once.

A file appears whole or not at all: it is written under another name, forced to the disk, then renamed.
"""

import contextlib
import hashlib
import os
import re
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from askcam.features.evidence.errors import Broken
from askcam.features.evidence.record import PictureRef
from askcam.server.storage.disk import open_private, settle_names
from askcam.stream.frame import Pixels

UNFINISHED = ".part"
OURS = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{62}\.(?:png|jpg|part)")
MAX_KEYS = 1024
QUICK = [cv2.IMWRITE_PNG_COMPRESSION, 1]


def png(pixels: Pixels) -> bytes:
    """`pixels` (height, width, 3) RGB, without loss."""
    done, data = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), QUICK)
    assert done, "a PNG of RGB pixels can always be made"
    return data.tobytes()


def unpng(data: bytes, name: str) -> Pixels:
    """The pixels again, contiguous RGB. Raises Broken."""
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if found is None:
        raise Broken(f"the picture {name} cannot be decoded")
    return np.ascontiguousarray(found[:, :, ::-1], np.uint8)


class Keys:
    """Hashes of pixels, by which the same picture is found again. Frames of overlapping windows are the same arrays,
    and each is hashed once. Owned by one thread."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, tuple[weakref.ref[Pixels], str]] = OrderedDict()  # by id(); at most MAX_KEYS

    def of(self, pixels: Pixels) -> str:
        known = self._known.get(id(pixels))
        if known is not None and known[0]() is pixels:
            return known[1]
        found = hashlib.sha256(b"%dx%d" % pixels.shape[:2])
        found.update(np.ascontiguousarray(pixels).data)
        self._known.pop(id(pixels), None)
        self._known[id(pixels)] = (weakref.ref(pixels), found.hexdigest())
        if len(self._known) > MAX_KEYS:
            self._known.popitem(last=False)
        return found.hexdigest()


class Album:
    """One folder. Reading is for any thread; one thread at a time writes and removes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, digest: str, kind: str) -> Path:
        return self._folder / digest[:2] / f"{digest}.{kind}"

    def write(self, data: bytes, kind: str) -> str:
        """Returns the content's digest. Nothing is written when it is there already. Raises OSError."""
        digest = hashlib.sha256(data).hexdigest()
        path = self.path(digest, kind)
        if path.exists():
            return digest
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700, exist_ok=True)
        unfinished = path.with_suffix(UNFINISHED)
        with os.fdopen(open_private(unfinished), "wb") as file:
            file.truncate()
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
        settle_names(path.parent)
        return digest

    def read(self, picture: PictureRef) -> bytes:
        """The file's content. Raises Broken when it is gone or is another."""
        try:
            data = self.path(picture.digest, picture.kind).read_bytes()
        except OSError as exc:
            raise Broken(f"the picture {picture.digest} is gone: {exc.strerror}") from exc
        if hashlib.sha256(data).hexdigest() != picture.digest:
            raise Broken(f"the picture {picture.digest} is not what was written")
        return data

    def pixels(self, picture: PictureRef) -> Pixels:
        """Decoded. Raises Broken."""
        return unpng(self.read(picture), picture.digest)

    def remove(self, digest: str, kind: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.path(digest, kind).unlink()

    def files(self) -> Iterator[Path]:
        """All files that were written here, unfinished ones too; nobody else's."""
        for inner in sorted(self._folder.iterdir()):
            if inner.is_dir():
                yield from (path for path in inner.iterdir() if OURS.fullmatch(f"{inner.name}/{path.name}"))
