"""What can go wrong when asking from elsewhere.

AskcamError
├── ConnectionFailed           there is no server to talk to; the message says what was tried and what to do
│   ├── ConnectionRefused      nothing listens there
│   └── ConnectionLost         it went away in the middle
├── WireError                  the server refused: `type`, `code`, `param` as on the wire
│   ├── BadRequest             the question, the picture or a setting is wrong
│   ├── NotAllowed             no token, a wrong one, or one that may not do this
│   ├── UnknownCamera          there is no camera of that name
│   ├── Busy                   too many questions, connections or frames; try again later
│   ├── CameraUnavailable      the camera is not live now; the message says why
│   ├── StaleCamera            its newest frame is older than the question allows
│   │   └── TooSlow            ... since the server's machine took so long; the camera was live
│   └── ServerFailure          the server failed; its log has the cause
├── Cancelled                  the answer was cancelled; `text` is what had been said
└── FrameError                 what was to be pushed or attached is no picture
"""

from askcam.client.protocol import ErrorBody


class AskcamError(Exception):
    """Base of this package's errors."""


class ConnectionFailed(AskcamError):
    """There is no server to talk to."""


class ConnectionRefused(ConnectionFailed):
    """Nothing listens at that address."""


class ConnectionLost(ConnectionFailed):
    """The server, or the way to it, went away."""


class WireError(AskcamError):
    """The server refused."""

    def __init__(self, body: ErrorBody) -> None:
        super().__init__(body.message)
        self.message, self.type, self.param, self.code = body.message, body.type, body.param, body.code


class BadRequest(WireError):
    """The asker's mistake; `param` names the field."""


class NotAllowed(WireError):
    """The token is missing, wrong, or not good for this."""


class UnknownCamera(WireError):
    """There is no camera of that name."""


class Busy(WireError):
    """The server has too much to do."""


class CameraUnavailable(WireError):
    """The camera is not live."""


class StaleCamera(WireError):
    """The newest frame is too old for this question."""


class TooSlow(StaleCamera):
    """The server's machine is too slow for this question; the camera's picture was young enough."""


class ServerFailure(WireError):
    """The server's own failure."""


class Cancelled(AskcamError):
    """The answer was not wanted any more; `text` is what had been said."""

    def __init__(self, text: str) -> None:
        super().__init__("the answer was cancelled")
        self.text = text


class FrameError(AskcamError):
    """No picture that could be sent."""


BY_CODE: dict[str | None, type[WireError]] = {
    "model_not_found": UnknownCamera,
    "camera_unavailable": CameraUnavailable,
    "stale_camera": StaleCamera,
    "too_slow": TooSlow,
    "busy": Busy,
}
BY_TYPE: dict[str, type[WireError]] = {
    "invalid_request_error": BadRequest,
    "not_found_error": BadRequest,
    "authentication_error": NotAllowed,
    "permission_error": NotAllowed,
    "rate_limit_error": Busy,
}


def wire_error(body: ErrorBody) -> WireError:
    """The error that stands for one on the wire."""
    kind = BY_CODE.get(body.code) or BY_TYPE.get(body.type, ServerFailure)
    return kind(body)
