"""What `askcam look` is given: pictures, a camera, and last the question."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from askcam.engine.question import Picture
from askcam.server.answering.asked import says
from askcam.server.attached.budget import Budget
from askcam.server.config_errors import Mendable
from askcam.server.errors import Refusal
from askcam.server.terminal.words import Words
from askcam.stream.sources.base import SourceSpec
from askcam.stream.sources.label import label
from askcam.stream.sources.registry import SAMPLED_FPS, file_path, resolve
from askcam.stream.sources.stills_file import is_picture, read_picture
from askcam.stream.stills.kinds import PictureError

told = Words(__name__)

MAX_PIXELS = 400_000_000  # of all pictures together: 1.2 GB of RGB
NAMED = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}=((?:[a-z][a-z0-9+.-]*:|/).+)", re.IGNORECASE)
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".avif", ".heic", ".heif", ".tif", ".tiff"}


class LookError(Mendable):
    """What was given cannot be looked at; one line, with the remedy."""


@dataclass(frozen=True, slots=True, eq=False)
class LookedPicture:
    """`width` and `height` as in the file, in pixels."""

    uri: str
    picture: Picture

    @property
    def width(self) -> int:
        return int(self.picture.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.picture.pixels.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """In the order in which they were given; a camera's window comes before all pictures."""

    pictures: tuple[LookedPicture, ...]
    camera: SourceSpec | None


def split(words: Sequence[str], fps: float = SAMPLED_FPS) -> tuple[Looked, str]:
    """What is to be looked at, read, and the question. Raises LookError, and StreamError for a URI of no source."""
    if not words:
        raise LookError(told("look.no_question"))
    if len(words) == 1:
        raise LookError(told("look.no_source", word=repr(words[0])))
    *uris, question = words
    if not says(question) or _is_picture(question):
        raise LookError(told("look.no_question"))
    budget = Budget(MAX_PIXELS)
    pictures: list[LookedPicture] = []
    camera: SourceSpec | None = None
    for uri in uris:
        if _is_picture(uri):
            pictures.append(LookedPicture(uri, _read(uri, budget)))
        elif camera is not None:
            raise LookError(told("look.cameras", one=camera.label, other=resolve(uri).label))
        elif (named := NAMED.fullmatch(uri)) is not None and not os.path.exists(uri):
            raise LookError(told("look.named", uri=label(named[1])))
        elif (path := file_path(uri)) is not None and os.path.isdir(path):
            raise LookError(told("look.folder", uri=uri))
        else:
            camera = resolve(uri, fps)
    return Looked(tuple(pictures), camera), question


def _is_picture(uri: str) -> bool:
    """By what it holds, or by its name: a letter called photo.jpg is a broken picture, and no video."""
    if "://" in uri:
        return False
    path = Path(uri)
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            return False  # a device or a pipe: reading might never end
        with path.open("rb") as file:
            head = file.read(64)
    except (OSError, ValueError):
        return path.suffix.lower() in SUFFIXES
    return is_picture(head) or path.suffix.lower() in SUFFIXES


def _read(uri: str, budget: Budget) -> Picture:
    try:
        pixels = read_picture(uri)
        budget.take(pixels.shape[0] * pixels.shape[1], uri)
        return Picture(pixels)
    except FileNotFoundError as exc:
        raise LookError(told("look.missing", uri=uri)) from exc
    except IsADirectoryError as exc:
        raise LookError(told("look.folder", uri=uri)) from exc
    except OSError as exc:
        raise LookError(told("look.unreadable", uri=uri, why=exc.strerror)) from exc
    except PictureError as exc:
        raise LookError(told("look.bad", uri=uri, why=f"the picture {exc}")) from exc
    except Refusal as exc:
        raise LookError(told("look.bad", uri=uri, why=exc.message)) from exc
