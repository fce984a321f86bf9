"""What `askcam look` is given: pictures, a camera, and last the question."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from askcam.app.commands.configured import find, named_camera
from askcam.app.config import CameraEntry
from askcam.engine.question import Picture
from askcam.server.answering.asked import says
from askcam.server.attached.budget import Budget
from askcam.server.config_errors import Mendable
from askcam.server.errors import Refusal
from askcam.server.terminal.words import Words
from askcam.stream.polygons import Polygon
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
    masks: tuple[Polygon, ...] = ()  # of the camera


def split(
    words: Sequence[str], fps: float = SAMPLED_FPS, cameras: Mapping[str, CameraEntry] | None = None
) -> tuple[Looked, str]:
    """What is to be looked at, read, and the question. `cameras`: those of the file, if there is one. Raises LookError,
    and StreamError for a URI of no source."""
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
    masks: tuple[Polygon, ...] = ()
    cameras = cameras or {}
    for uri in uris:
        if find(uri, cameras) is None and _is_picture(uri):
            pictures.append(LookedPicture(uri, _read(uri, budget)))
        elif camera is not None:
            raise LookError(told("look.cameras", one=camera.label, other=named_camera(uri, cameras).source.label))
        elif find(uri, cameras) is not None:
            named_one = named_camera(uri, cameras, fps)
            camera, masks = named_one.source, named_one.masks
        elif (named := NAMED.fullmatch(uri)) is not None and not os.path.exists(uri):
            raise LookError(told("look.named", uri=label(named[1])))
        elif (path := file_path(uri)) is not None and os.path.isdir(path):
            raise LookError(told("look.folder", uri=uri))
        else:
            camera = resolve(uri, fps)
    return Looked(tuple(pictures), camera, masks), question


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
