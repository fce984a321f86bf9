"""Says in plain words why FFmpeg could not open or read something, and what to do."""

import socket
from urllib.parse import urlsplit

import av.error

from askcam.stream.errors import SourceError
from askcam.stream.sources.redact import redact

_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


def explain(error: Exception, url: str, label: str, timeout_s: float) -> SourceError:
    """`error` of PyAV about `url`, as a SourceError about `label` (the redacted URL)."""
    where = _address(url)
    match error:
        case av.error.HTTPUnauthorizedError():
            given = "its user name or password is wrong" if "@" in url else "it asks for a user name and a password"
            return SourceError(
                f"{label} refused to let us in (401): {given}; "
                "give them as rtsp://user:password@host/ (write @ as %40, / as %2F)",
                permanent=True,
            )
        case av.error.HTTPForbiddenError():
            return SourceError(f"{label} forbids it (403): may this user see this stream?", permanent=True)
        case av.error.HTTPNotFoundError():
            return SourceError(f"{label} has no such stream (404): check the path after the host")
        case av.error.HTTPError():
            return SourceError(f"{label} answered with an error: {_words(error)}")
        case ConnectionRefusedError():
            return SourceError(
                f"{label}: nothing listens at {where} (connection refused): is the camera on, is the port right?"
            )
        case av.error.ExitError() | TimeoutError():
            return SourceError(
                f"{label}: no answer from {where} within {timeout_s:g} s: is it on, is the address right?"
            )
        case FileNotFoundError():
            return SourceError(f"{label}: there is no such file", permanent=True)
        case IsADirectoryError():
            return SourceError(f"{label} is a folder: name a video file", permanent=True)
        case PermissionError():
            return SourceError(f"{label}: this user may not read it", permanent=True)
        case av.error.InvalidDataError() | av.error.DemuxerNotFoundError() | av.error.DecoderNotFoundError():
            return SourceError(f"{label} is no video that FFmpeg can read ({_words(error)})")
        case av.error.ProtocolNotFoundError():
            return SourceError(f"{label}: this FFmpeg does not speak that protocol", permanent=True)
    if where and not _known(where):
        return SourceError(f"{label}: no machine is called {where.rpartition(':')[0]!r}: check the host name")
    return SourceError(f"{label} cannot be read: {_words(error)}")


def no_video(label: str, what: str) -> SourceError:
    """`label` opened, but shows no moving picture."""
    return SourceError(f"{label} is no video: {what}", permanent=True)


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            return ""
        return f"{parts.hostname}:{parts.port or _PORTS[parts.scheme]}"
    except ValueError:
        return ""


def _known(where: str) -> bool:
    try:
        socket.getaddrinfo(where.rpartition(":")[0], None)
    except OSError:
        return False
    return True


def _words(error: Exception) -> str:
    return redact(getattr(error, "strerror", None) or str(error) or type(error).__name__)
