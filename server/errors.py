"""Every refusal that reaches a client, in OpenAI's error shape. One table says which error becomes which status."""

import contextlib
import logging
from collections.abc import Iterator, Mapping

from askcam.client.protocol import ErrorBody
from askcam.engine.errors import Busy, EngineFailure, ModelError, NoRoom, QuestionError, Stale, TooLong, TooSlow
from askcam.server.kept_answers import CannotRead
from askcam.stream.errors import CameraUnavailable, SourceError
from askcam.stream.secrets import KNOWN

log = logging.getLogger(__name__)

# The SDKs repeat 408, 409, 429 and every 5xx on their own. A camera that is down is no reason to.
NO_RETRY = {"x-should-retry": "false"}


MAX_TOLD = 2000  # characters of a refusal
MAX_PARAM = 200


class ApiError(Exception):
    """One refusal: an HTTP status with its headers, or the body of a realtime `error` event."""

    def __init__(
        self,
        status: int,
        type: str,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        # A trouble of this server's may repeat what cameras and libraries said. A client's mistake repeats its own
        # words: were known secrets taken out of these, anybody could find out by guessing which there are.
        if status >= 500:
            message = KNOWN.hide(message)
        super().__init__(message)
        self.status, self.type, self.message, self.param, self.code = status, type, message, param, code
        self.headers = dict(headers or {})

    def at(self, param: str | None) -> "ApiError":
        """The same refusal of another field: as the wire at hand calls it."""
        return ApiError(self.status, self.type, self.message, param=param, code=self.code, headers=self.headers)

    def body(self) -> ErrorBody:
        return ErrorBody(self.message, self.type, self.param, self.code)


@contextlib.contextmanager
def called(names: Mapping[str, str]) -> Iterator[None]:
    """Refusals inside name the fields as the wire at hand has them: `names` by the names that the engine and chat
    completions have. Raises ApiError for all that is foreseen."""
    try:
        yield
    except ApiError as error:
        param = error.param and names.get(error.param, error.param)
        if param == error.param:
            raise
        raise error.at(param) from error


def bad_request(message: str, param: str | None = None, code: str | None = "invalid_value") -> ApiError:
    """400: the client's mistake; `param` names the field. Of a message that repeats what was sent the first part."""
    told = message if len(message) <= MAX_TOLD else message[:MAX_TOLD] + "..."
    return ApiError(400, "invalid_request_error", told, param=param and param[:MAX_PARAM], code=code)


def not_found(message: str, param: str | None = None, code: str = "not_found") -> ApiError:
    """404 for anything but a model."""
    return ApiError(404, "invalid_request_error", message, param=param, code=code)


def unknown_camera(name: str, known: list[str]) -> ApiError:
    """404 in the words that OpenAI's SDKs expect of an unknown model."""
    names = ", ".join(known) if known else "there is none yet"
    return ApiError(
        404,
        "invalid_request_error",
        f"no camera or model {name!r}; cameras here: {names}; GET /v1/models lists what can be asked",
        param="model",
        code="model_not_found",
    )


def needs_picture(cameras: list[str], said_in: str) -> ApiError:
    """400: a model that knows nothing but what it is shown was asked about nothing."""
    names = ", ".join(map(repr, cameras)) if cameras else "there is none yet"
    return bad_request(
        "this model answers about pictures only, and the question has none: put a picture into it, or name a camera as "
        f"the model; cameras here: {names}; another model talks (askcam serve --model)",
        said_in,
        "picture_required",
    )


def as_api_error(exc: Exception) -> ApiError:
    """What a client is told about `exc`. Anything unforeseen is logged with its cause and told without it."""
    match exc:
        case ApiError():
            return exc
        case Busy():
            return ApiError(
                429,
                "rate_limit_error",
                str(exc),
                code="busy",
                headers={"Retry-After": str(max(1, round(exc.retry_after_s)))},
            )
        case TooSlow():
            return ApiError(503, "server_error", str(exc), code="too_slow", headers=NO_RETRY)
        case Stale():
            return ApiError(503, "server_error", str(exc), code="stale_camera", headers=NO_RETRY)
        case CameraUnavailable():
            return ApiError(503, "server_error", str(exc), code="camera_unavailable", headers=NO_RETRY)
        case NoRoom():
            return ApiError(507, "server_error", str(exc), code="no_room", headers=NO_RETRY)
        case TooLong():
            return bad_request(str(exc), exc.param, "context_length_exceeded")
        case QuestionError():
            return bad_request(str(exc), exc.param)
        case SourceError():
            return bad_request(KNOWN.hide(str(exc)), "uri", "bad_source")
        case ModelError() | EngineFailure():
            return ApiError(500, "server_error", str(exc), code="engine_failure", headers=NO_RETRY)
        case RecursionError():  # only what somebody sent can be so deep
            return bad_request("what was sent is nested too deeply: send a plainer one", None, "invalid_json")
        case CannotRead():
            log.error("evidence cannot be read: %s", exc)
            told = "this answer's evidence cannot be read; the server's log has the cause"
            return ApiError(500, "server_error", told, code="evidence_failure", headers=NO_RETRY)
        case _:
            log.error("unforeseen error while serving", exc_info=exc)
            return ApiError(
                500, "server_error", "something failed here; the server's log has the cause", code="internal_error"
            )
