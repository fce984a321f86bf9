"""Says in plain words why FFmpeg could not open or read something, and what to do."""

import socket

import av.error

from askcam.stream.errors import SourceError
from askcam.stream.sources import address
from askcam.stream.sources.redact import redact
from askcam.stream.sources.replies import refused

_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_STATUS = ((av.error.HTTPUnauthorizedError, 401), (av.error.HTTPForbiddenError, 403), (av.error.HTTPNotFoundError, 404))


def explain(error: Exception, url: str, label: str, timeout_s: float) -> SourceError:
    """`error` of PyAV about `url`, as a SourceError about `label` (what may be shown of it)."""
    at = address.split(url)
    where = "" if at is None or at.scheme not in _PORTS else f"{at.host}:{at.port or _PORTS[at.scheme]}"
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return refused(status, "", label, at is not None and at.userinfo is not None)
    match error:
        case av.error.HTTPError():
            return SourceError(f"{label} answered with an error: {_words(error)}")
        case ConnectionRefusedError():
            return SourceError(
                f"{label}: nothing listens at {where} (connection refused): is the camera on, is the port right?"
            )
        case ConnectionError():
            return SourceError(f"{label}: {where} hung up: has it too many viewers, was it restarted?")
        case av.error.ExitError() | TimeoutError():
            return SourceError(
                f"{label}: no answer from {where} within {timeout_s:g} s: is it on, is the address right?"
            )
        case PermissionError() if where:  # FFmpeg's word for a request that nobody answered
            return SourceError(f"{label}: {where} did not answer to the end: has it too many viewers?")
        case FileNotFoundError() if not where:
            return SourceError(f"{label}: there is no such file", permanent=True)
        case IsADirectoryError() if not where:
            return SourceError(f"{label} is a folder: name a video file", permanent=True)
        case PermissionError():
            return SourceError(f"{label}: this user may not read it", permanent=True)
        case av.error.DecoderNotFoundError():
            return SourceError(f"{label} uses a codec that FFmpeg does not know: switch it to H.264, H.265 or MJPEG")
        case av.error.InvalidDataError() | av.error.DemuxerNotFoundError():
            return SourceError(f"{label} is no video that FFmpeg can read ({_words(error)})")
        case av.error.ProtocolNotFoundError():
            return SourceError(f"{label}: this FFmpeg does not speak that protocol", permanent=True)
    if where and at is not None and not _known(at.net_host.strip("[]")):
        return SourceError(f"{label}: no machine is called {at.host!r}: check the host name")
    return SourceError(f"{label} cannot be read: {_words(error)}")


def no_video(label: str, what: str) -> SourceError:
    """`label` opened, but shows no moving picture."""
    return SourceError(f"{label} is no video: {what}", permanent=True)


def _known(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return False
    return True


def _words(error: Exception) -> str:
    return redact(getattr(error, "strerror", None) or str(error) or type(error).__name__)
