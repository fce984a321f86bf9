"""THE table: what each kind of refusal (server/errors.py) is over HTTP, in a realtime session, and to the shell.

Nothing knows of it but who speaks to clients and to shells: tests/house/test_refusals.py sees to that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from askcam.client.errors import AskcamError
from askcam.client.protocol import ErrorBody
from askcam.engine.errors import EngineError
from askcam.server import errors
from askcam.server.config_errors import Mendable
from askcam.server.errors import Refusal
from askcam.stream.errors import StreamError

MISTAKE, CLOSED, RATE, SERVER = "invalid_request_error", "permission_error", "rate_limit_error", "server_error"
# The SDKs repeat 408, 409, 429 and every 5xx on their own.
NO_RETRY = {"x-should-retry": "false"}


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """Of one kind. `later`: who asks by websocket is told by its close code to come again, as SDKs do."""

    status: int
    type: str  # OpenAI's word for it, in the body and in realtime events
    what: str = ""  # in /openapi.json; "": nothing there, another row of its status has it, or no endpoint says it
    later: bool = False


TABLE: Mapping[type[Refusal], RefusalRow] = {
    errors.Invalid: RefusalRow(400, MISTAKE, "What was sent is refused; `param` names the field"),
    errors.Unauthenticated: RefusalRow(401, "authentication_error", "No token, or a wrong one"),
    errors.PermissionDenied: RefusalRow(403, CLOSED, "Not from there, or not with a viewer's token"),
    errors.Disabled: RefusalRow(403, MISTAKE),
    errors.NotFound: RefusalRow(404, MISTAKE, "There is no such thing"),
    errors.Conflict: RefusalRow(409, MISTAKE, "There is one already"),
    errors.Gone: RefusalRow(410, MISTAKE),
    errors.TooLarge: RefusalRow(413, MISTAKE, "The body is larger than this server takes"),
    errors.UnsupportedEncoding: RefusalRow(
        415, MISTAKE, "The body is compressed in a way that is not read here; `Accept-Encoding` says which are"
    ),
    errors.TooMany: RefusalRow(429, RATE, "Too fast, or all places are taken; `Retry-After`", later=True),
    errors.Abandoned: RefusalRow(499, MISTAKE),
    errors.Internal: RefusalRow(500, SERVER, "It failed here; the server's log has the cause"),
    errors.Unavailable: RefusalRow(
        503, SERVER, "The camera is down or its picture too old, or the model still loads", later=True
    ),
    errors.OutOfMemory: RefusalRow(507, SERVER, "There is no memory for another camera"),
}
LATER, CLOSING = 1013, 4000  # close codes of websockets: "try again later", and our own, which tell the status
# Exit codes of all commands: it was done · it was done, and this is not as it should be · it cannot be done · Ctrl-C
DONE, AMISS, FAILED, INTERRUPTED = 0, 1, 2, 130
# All else is a failure of ours: Python says all of it, and leaves with 1.
EXITS: Mapping[type[BaseException], int] = {
    Refusal: FAILED,
    Mendable: FAILED,
    EngineError: FAILED,
    StreamError: FAILED,
    AskcamError: FAILED,
    KeyboardInterrupt: INTERRUPTED,
}


@dataclass(frozen=True, slots=True)
class WireRefusal:
    """One, as it is sent."""

    status: int
    type: str
    message: str
    param: str | None = None
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    close_code: int = CLOSING

    def body(self) -> ErrorBody:
        return ErrorBody(self.message, self.type, self.param, self.code)


def row(kind: type[Refusal]) -> RefusalRow:
    """Of the kind, or of the one that it is made from. What is of no kind is a failure of ours."""
    return next((TABLE[each] for each in kind.__mro__ if each in TABLE), TABLE[errors.Internal])


def on_wire(error: Refusal) -> WireRefusal:
    """As HTTP and realtime sessions have it."""
    its = row(type(error))
    close = LATER if its.later else CLOSING + its.status
    return WireRefusal(its.status, its.type, error.message, error.param, error.code, _headers(error), close)


def _headers(error: Refusal) -> dict[str, str]:
    made = {} if error.try_again else dict(NO_RETRY)
    if error.retry_after_s is not None:
        made["Retry-After"] = str(max(1, round(error.retry_after_s)))
    match error:
        case errors.Unauthenticated():
            made["WWW-Authenticate"] = "Bearer"
        case errors.UnsupportedEncoding(accepted=accepted):
            made["Accept-Encoding"] = accepted
    return made
