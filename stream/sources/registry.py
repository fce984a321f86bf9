"""From a URI to a source. Sources of others plug in through the entry point group "askcam.sources"."""

import os
import re
from collections.abc import Callable
from functools import partial
from importlib.metadata import entry_points
from urllib.parse import parse_qsl, urlencode, urlsplit

from askcam.stream.errors import SourceError, UnknownScheme
from askcam.stream.sources.base import Source, SourceSpec
from askcam.stream.sources.redact import redact

GROUP = "askcam.sources"
BUILT_IN = ("webcam:0", "rtsp://…", "rtsps://…", "http://…", "https://…", "a path to a video", "push:")
HLS_STALL_S = 6.0  # a playlist's segments may be late by one

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")


def resolve(uri: str) -> SourceSpec:
    """What opens `uri`. Opens nothing yet. Raises UnknownScheme, or SourceError for a URI that can never work."""
    uri = uri.strip()
    match = _SCHEME.match(uri)
    scheme = match.group(1).lower() if match else "file"
    known = _RESOLVERS.get(scheme)
    if known is not None:
        return known(uri)
    for entry in entry_points(group=GROUP, name=scheme):
        try:
            factory: Callable[[str], Source] = entry.load()
        except Exception as error:
            raise SourceError(
                f"{redact(uri)}: the source {entry.value!r} cannot be loaded: {error}", permanent=True
            ) from error
        factory(uri)  # opens nothing yet, but refuses what it can never open
        return SourceSpec(scheme, redact(uri), partial(factory, uri), live=True)
    if os.path.exists(_path(uri)[0]):
        return _file(uri)
    plugged = (f"{entry.name}:" for entry in entry_points(group=GROUP))
    raise UnknownScheme(
        f"{redact(uri)!r}: nothing here opens {scheme}: URIs; known are {', '.join((*BUILT_IN, *sorted(plugged)))}"
    )


def file_path(uri: str) -> str | None:
    """The path that `uri` names when it is a file's, for those who want it as a file and not as a camera."""
    uri = uri.strip()
    match = _SCHEME.match(uri)
    path = _path(uri)[0]
    known = match is None or match.group(1).lower() == "file" or os.path.exists(path)
    return path if known and os.path.exists(path) else None


def _rtsp(uri: str) -> SourceSpec:
    _check_host(uri)
    url, options = _take_options(uri, "via")
    via = options.get("via", "pyav")
    label = redact(uri)
    if via == "opencv":
        from askcam.stream.sources.opencv import OpenCVStream

        return SourceSpec("rtsp", label, partial(OpenCVStream, url, label), live=True)
    if via != "pyav":
        raise SourceError(f"{label}: via={via} is unknown; it is pyav (the default) or opencv", permanent=True)
    from askcam.stream.sources.pyav import PyAVSource

    return SourceSpec("rtsp", label, partial(PyAVSource, url, label), live=True)


def _http(uri: str) -> SourceSpec:
    from askcam.stream.sources.pyav import PyAVSource

    _check_host(uri)
    label = redact(uri)
    stall_s = HLS_STALL_S if urlsplit(uri).path.endswith(".m3u8") else None
    return SourceSpec("http", label, partial(PyAVSource, uri, label), live=True, stall_s=stall_s)


def _webcam(uri: str) -> SourceSpec:
    from askcam.stream.sources.opencv import Webcam

    rest, options = _take_options(uri, "width", "height", "fps")
    number = rest.partition(":")[2]
    if not number.isascii() or not number.isdigit():
        raise SourceError(f"{uri!r} names no webcam: webcam:0 is the first, webcam:1 the next", permanent=True)
    wishes = {}
    for name, value in options.items():
        if not value.isascii() or not value.isdigit() or not 0 < int(value) < 100_000:
            raise SourceError(f"{uri!r}: {name}={value} is no size or rate; say e.g. {name}=30", permanent=True)
        wishes[name] = int(value)
    make = partial(Webcam, int(number), uri, wishes)
    return SourceSpec("webcam", uri, make, live=True, over="the webcam was unplugged; plug it in again")


def _push(uri: str) -> SourceSpec:
    from askcam.stream.sources.push import PushSource

    return PushSource(uri).spec()


def _file(uri: str) -> SourceSpec:
    from askcam.stream.sources.video_file import FileSource

    path, loop = _path(uri)
    if not path:
        raise SourceError("an empty URI names no camera: webcam:0, rtsp://…, a path to a video", permanent=True)
    if not os.path.exists(path):
        raise SourceError(f"{uri!r}: there is no such file (and it is no rtsp:// or webcam: URI)", permanent=True)
    over = "the video is over; add ?loop=1 to play it again and again"
    return SourceSpec("file", uri, partial(FileSource, path, uri, loop), live=False, over=over)


_RESOLVERS: dict[str, Callable[[str], SourceSpec]] = {
    "rtsp": _rtsp,
    "rtsps": _rtsp,
    "http": _http,
    "https": _http,
    "webcam": _webcam,
    "push": _push,
    "file": _file,
}


def _path(uri: str) -> tuple[str, bool]:
    """The path that a file URI or a bare path names, and whether it loops."""
    path = re.sub(r"^file:(//(localhost)?(?=/))?", "", uri, flags=re.IGNORECASE)
    if os.path.exists(path):
        return path, False
    path, options = _take_options(path, "loop")
    return path, options.get("loop", "0").lower() not in ("0", "no", "false", "")


def _take_options(uri: str, *names: str) -> tuple[str, dict[str, str]]:
    """`uri` without the query options that are ours, and those."""
    base, mark, query = uri.partition("?")
    if not mark:
        return uri, {}
    pairs = parse_qsl(query, keep_blank_values=True)
    ours = {name: value for name, value in pairs if name in names}
    if not ours:
        return uri, {}
    rest = urlencode([(name, value) for name, value in pairs if name not in names])
    return f"{base}?{rest}" if rest else base, ours


def _check_host(uri: str) -> None:
    try:
        parts = urlsplit(uri)
        fine = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        fine = False
    if not fine:
        raise SourceError(f"{redact(uri)!r} names no host and port: write rtsp://host:554/path", permanent=True)
