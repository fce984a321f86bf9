"""Opens a file as a film, whatever kind of film it is: a video, or pictures."""

import os
import stat

from askcam.stream.errors import SourceError
from askcam.stream.sources.decoder import Decoder
from askcam.stream.sources.stills_file import StillsFile
from askcam.stream.stills.kinds import kind_of

OPTIONS = {"protocol_whitelist": "file,crypto,data"}  # a playlist on disk must not reach for the network
_PICTURES = ("PNG", "WEBP", "BMP", "AVIF", "HEIC", "HEIC or AVIF", "TIFF", "JPEG 2000", "ICO", "PSD", "DDS", "QOI")
_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_HEAD = 64


def open_film(path: str, label: str) -> Decoder | StillsFile:
    """Raises SourceError, which is permanent, since a file does not get better."""
    try:
        kind = _kind(path, label)
        if kind in _PICTURES or (kind == "JPEG" and not _motion(path)):
            return StillsFile(path, label)
        return Decoder(f"file:{os.path.abspath(path)}", label, OPTIONS)  # else "a:b.mp4" were FFmpeg's protocol a
    except SourceError as error:
        error.permanent = True
        raise
    except OSError as error:
        raise SourceError(f"{label}: {_why(error)}", permanent=True) from error


def _kind(path: str, label: str) -> str | None:
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise SourceError(f"{label} is a folder: name a video file")
    if not stat.S_ISREG(mode):
        raise SourceError(f"{label} is a device or a pipe, no video file; a webcam's name is webcam:0")
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise SourceError(f"{label} is no video that FFmpeg can read (it is empty)")
    return kind_of(head)


def _motion(path: str) -> bool:
    """Whether JPEGs follow one another: motion JPEG without a container. (Telephones append one or two to a photo.)"""
    with open(path, "rb") as file:
        return file.read(64 << 20).count(_JPEG_END + _JPEG_START) > 3


def _why(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "there is no such file"
        case PermissionError():
            return "this user may not read it"
        case _:
            return f"it cannot be read ({error.strerror or error})"
