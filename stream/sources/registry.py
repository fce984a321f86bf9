"""From a URI to a source. Sources of others plug in through the entry point group "askcam.sources"."""

import difflib
import os
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.metadata import entry_points
from urllib.parse import unquote

from askcam.stream.errors import SourceError, UnknownScheme
from askcam.stream.secrets import KNOWN
from askcam.stream.sources import address
from askcam.stream.sources.address import SourceAddress
from askcam.stream.sources.base import Source, SourceSpec
from askcam.stream.sources.label import HIDDEN, label, path_label
from askcam.stream.sources.redact import HINT, redact

GROUP = "askcam.sources"
BUILT_IN = ("webcam:0", "rtsp://…", "rtsps://…", "http://…", "https://…", "a path to a video", "push:")
HLS_STALL_S = 6.0  # a playlist's segments may be late by one
SAMPLED_FPS = 2.0  # as often as a camera is looked at, unless its config says otherwise

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_NO_SCHEME = re.compile(
    r"(?:[^/@]*@)?(?:[\w.-]+:\d{1,5}|\d{1,3}(?:\.\d{1,3}){3})(?:[/?]|$)|[\w.-]+:[^/@]*@[\w.-]+", re.ASCII
)
_TRANSPORTS = ("tcp", "udp")


def resolve(uri: str, fps: float = SAMPLED_FPS) -> SourceSpec:
    """What opens `uri`. Opens nothing yet. Raises UnknownScheme, or SourceError for a URI that can never work.

    `fps`: pictures per second that are wanted, for a source that has to be asked for each.
    """
    uri = uri.strip()
    if len(uri) > address.MAX_CHARS:
        raise SourceError(
            f"this address has {len(uri)} characters; at most {address.MAX_CHARS} are read", permanent=True
        )
    match = _SCHEME.match(uri)
    scheme = match.group(1).lower() if match else "file"
    if scheme in _NETWORK:
        KNOWN.learn_uri(uri)
        return _NETWORK[scheme](uri, fps)
    known = _RESOLVERS.get(scheme)
    if known is not None:
        return known(uri)
    for entry in entry_points(group=GROUP, name=scheme):
        KNOWN.learn_uri(uri)
        try:
            factory: Callable[[str], Source] = entry.load()
        except Exception as error:
            raise SourceError(
                f"{label(uri)}: the source {entry.value!r} cannot be loaded: {redact(str(error))}", permanent=True
            ) from error
        try:
            factory(uri)  # opens nothing yet, but refuses what it can never open
        except SourceError as error:
            raise SourceError(redact(str(error)), permanent=error.permanent) from None
        except Exception as error:
            why = f"{type(error).__name__}: {redact(str(error))}"
            raise SourceError(f"{label(uri)}: the source {entry.value!r} refuses it: {why}", permanent=True) from None
        return SourceSpec(scheme, label(uri), partial(factory, uri), live=True)
    if os.path.exists(_path(uri)[0]):
        return _file(uri)
    raise _unknown(scheme, uri)


def _unknown(scheme: str, uri: str) -> UnknownScheme:
    """What is said of a URI that nothing here opens: which can be, and which was probably meant."""
    plugged = sorted({entry.name for entry in entry_points(group=GROUP)})
    known = ", ".join((*BUILT_IN, *(f"{name}:" for name in plugged)))
    shown = label(uri)
    near = difflib.get_close_matches(scheme, [*_NETWORK, *_RESOLVERS, *plugged], n=1, cutoff=0.6)
    if not near and _NO_SCHEME.match(uri):
        return UnknownScheme(f"{shown!r} has no scheme: write rtsp:// (or http://) before it; known are {known}")
    meant = f"did you mean {near[0]}:? " if near else ""
    said = scheme if "//" in uri else "such"
    return UnknownScheme(f"{shown!r}: nothing here opens {said}: URIs; {meant}known are {known}")


def file_path(uri: str) -> str | None:
    """The path that `uri` names when it is a file's, for those who want it as a file and not as a camera."""
    uri = uri.strip()
    match = _SCHEME.match(uri)
    path = _path(uri)[0]
    known = match is None or match.group(1).lower() == "file" or os.path.exists(path)
    return path if known and os.path.exists(path) else None


def _rtsp(uri: str, fps: float) -> SourceSpec:
    found, options = _take_options(_address(uri), "via", "transport")
    via, transport = options.get("via", "pyav"), options.get("transport", "").lower()
    shown = label(uri)
    if via not in ("pyav", "opencv"):
        raise SourceError(f"{shown}: via={_said(via)} is unknown; it is pyav (the default) or opencv", permanent=True)
    if transport and transport not in _TRANSPORTS:
        raise SourceError(f"{shown}: transport={_said(transport)} is unknown; it is tcp or udp", permanent=True)
    if via == "opencv":
        from askcam.stream.sources.opencv import OpenCVStream

        return SourceSpec("rtsp", shown, partial(OpenCVStream, found.url, shown), live=True, slow=True)
    from askcam.stream.sources.pyav import PyAVSource

    return SourceSpec("rtsp", shown, partial(PyAVSource, found.url, shown, transport=transport), live=True, slow=True)


def _http(uri: str, fps: float) -> SourceSpec:
    from askcam.stream.sources.http_camera import HTTPCamera, pace_of

    found = _address(uri)
    shown = label(uri)
    stall_s = HLS_STALL_S if found.tail.partition("?")[0].endswith(".m3u8") else None
    return SourceSpec(
        "http", shown, partial(HTTPCamera, found, shown, pace_of(fps)), live=True, slow=True, stall_s=stall_s
    )


def _webcam(uri: str) -> SourceSpec:
    from askcam.stream.sources.opencv import Webcam

    rest, options = _options(uri, "width", "height", "fps")
    number, shown = rest.partition(":")[2], label(uri)
    if not number.isascii() or not number.isdigit() or len(number) > 4:
        raise SourceError(f"{shown!r} names no webcam: webcam:0 is the first, webcam:1 the next", permanent=True)
    wishes = {}
    for name, value in options.items():
        if not value.isascii() or not value.isdigit() or not 0 < int(value) < 100_000:
            raise SourceError(
                f"{shown!r}: {name}={_said(value)} is no size or rate; say e.g. {name}=30", permanent=True
            )
        wishes[name] = int(value)
    make = partial(Webcam, int(number), shown, wishes)
    return SourceSpec("webcam", shown, make, live=True, over="the webcam was unplugged; plug it in again")


def _push(uri: str) -> SourceSpec:
    from askcam.stream.sources.push import PushSource

    return PushSource(label(uri)).spec()


def _file(uri: str) -> SourceSpec:
    from askcam.stream.sources.video_file import FileSource

    path, loop = _path(uri)
    if not path:
        raise SourceError("an empty URI names no camera: webcam:0, rtsp://…, a path to a video", permanent=True)
    if not os.path.exists(path):
        if _NO_SCHEME.match(uri):
            raise _unknown("", uri)
        elsewhere = re.match(r"(?i)file://(?!localhost/)[^/]", uri)
        why = "; a file of another machine is not read: mount it here" if elsewhere else ""
        raise SourceError(
            f"{path_label(uri)!r}: there is no such file (and it is no rtsp:// or webcam: URI){why}", permanent=True
        )
    over = "the video is over, its last seconds can be asked about; add ?loop=1 to play it again and again"
    make = partial(FileSource, os.path.abspath(path), uri, loop)  # FFmpeg takes "my:clip.mp4" for a protocol
    return SourceSpec("file", uri, make, live=False, keeps=True, over=over)


_NETWORK: dict[str, Callable[[str, float], SourceSpec]] = {"rtsp": _rtsp, "rtsps": _rtsp, "http": _http, "https": _http}
_RESOLVERS: dict[str, Callable[[str], SourceSpec]] = {
    "webcam": _webcam,
    "push": _push,
    "file": _file,
}


def _path(uri: str) -> tuple[str, bool]:
    """The path that a file URI or a bare path names, and whether it loops. One that exists as written is that."""
    is_uri = bool(re.match(r"(?i)file:", uri))
    path = re.sub(r"^file:(//(localhost)?(?=/))?", "", uri, flags=re.IGNORECASE)
    bare, options = _options(path, "loop")
    loop = options.get("loop", "0").lower() not in ("0", "no", "false", "")
    for each, loops in ((path, False), (bare, loop)):
        ways = [each, os.path.expanduser(each)]
        if is_uri:
            ways += [unquote(each), unquote(each.partition("#")[0])]
        for way in ways:
            if "\0" not in way and os.path.exists(way):
                return way, loops
    return bare.replace("\0", ""), loop


def _options(uri: str, *names: str) -> tuple[str, dict[str, str]]:
    """`uri` without the query options that are ours, and those. The others stay letter by letter."""
    base, mark, query = uri.rpartition("?")
    if not mark:
        return uri, {}
    ours: dict[str, str] = {}
    rest = []
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name in names:
            ours[name] = unquote(value)
        else:
            rest.append(pair)
    if not ours:
        return uri, {}
    return f"{base}?{'&'.join(rest)}" if rest else base, ours


def _take_options(found: SourceAddress, *names: str) -> tuple[SourceAddress, dict[str, str]]:
    tail, options = _options(found.tail, *names)
    return replace(found, tail=tail), options


def _said(value: str) -> str:
    """The value of an option of ours, repeated to who wrote it, unless it is more than a slip."""
    return value if len(value) <= 8 and value.isascii() and value.isalnum() else HIDDEN


def _address(uri: str) -> SourceAddress:
    found = address.split(uri)
    if found is None:
        raise SourceError(
            f"{label(uri)!r} names no host and port: write rtsp://host:554/path; "
            f"user and password go as in {HINT} (/ as %2F, # as %23, ? as %3F)",
            permanent=True,
        )
    return found
