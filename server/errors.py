"""What the server and its features refuse, by kind. What a kind is on the wire: wire/refusals.py, the one table.

Refusal
├── Invalid               what was sent cannot be taken: the client's mistake, `param` names the field
├── Unauthenticated       nobody knows who asks
├── PermissionDenied      whoever asks may not do this
├── Disabled              nobody may: this server is set so
├── NotFound              there is no such thing
├── Conflict              it is there already, or as it stands it cannot be changed so
├── Gone                  it was there, and is not kept any more
├── TooLarge              more than is taken at once
├── UnsupportedEncoding   compressed in a way that is not read here
├── TooMany               too fast, or all places are taken
├── Abandoned             whoever asked has gone away
└── Trouble               not the client's mistake
    ├── Internal          it failed here
    ├── Unavailable       not now: what is needed is down, or not there yet
    └── OutOfMemory       there is no memory for it
"""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from typing import Self

from askcam.engine.errors import (
    Busy,
    EngineFailure,
    ModelError,
    ModelUnreachable,
    NoRoom,
    QuestionError,
    Stale,
    TooLong,
    TooSlow,
)
from askcam.server.given_names import quoted
from askcam.stream.errors import CameraUnavailable, SourceError
from askcam.stream.secrets import KNOWN

log = logging.getLogger(__name__)

MAX_TOLD = 2000  # characters of a mistake that is told
MAX_PARAM = 200


class Refusal(Exception):
    """What a client is refused, in words for people, with the remedy. Raise one of the kinds below, or a class of your
    own made from one, which may set `code` and `try_again` for all of its kind."""

    code: str | None = None
    """What programs know it by: it does not change."""
    try_again: bool = True
    """Whether it may help to send the same again soon, as SDKs do by themselves."""

    def __init__(
        self,
        message: str,
        param: str | None = None,
        code: str | None = None,
        *,
        retry_after_s: float | None = None,
        try_again: bool | None = None,
    ) -> None:
        """`param`: the field at fault, as the client wrote it. `retry_after_s`: when it may be tried again. Both texts
        may repeat what was sent: of a long one the first part is told."""
        message = _first(self.worded(message), MAX_TOLD)
        super().__init__(message)
        self.message, self.param, self.retry_after_s = message, param and param[:MAX_PARAM], retry_after_s
        if code is not None:
            self.code = code
        if try_again is not None:
            self.try_again = try_again

    def worded(self, message: str) -> str:
        """What is told where `message` is to be."""
        return message

    def at(self, param: str | None) -> Self:
        """The same refusal of another field: as the wire at hand calls it."""
        return self._but(param=param)

    def saying(self, message: str, param: str | None) -> Self:
        """The same in other words, of another field."""
        return self._but(message=message, param=param)

    def _but(self, **other: str | None) -> Self:
        """Whatever its own `__init__` takes."""
        made = type(self).__new__(type(self))
        made.__dict__.update(self.__dict__ | other)
        made.args = (made.message,)
        return made


class Invalid(Refusal):
    code = "invalid_value"

    def __init__(self, message: str, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message, param, code)


class Unauthenticated(Refusal):
    """No token, or a wrong one."""


class PermissionDenied(Refusal):
    """Known, and not allowed to do this; or not from there."""


class Disabled(Refusal):
    """This server is set not to do that for anybody."""


class NotFound(Refusal):
    code = "not_found"


class Conflict(Refusal):
    """It is there already, or cannot be changed as it stands."""


class Gone(Refusal):
    """It was there, and is not kept any more."""


class TooLarge(Refusal):
    """More bytes than are taken there."""


class UnsupportedEncoding(Refusal):
    """`accepted`: what is read here instead, as the header has it."""

    def __init__(self, message: str, accepted: str, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.accepted = accepted


class TooMany(Refusal):
    """Too fast, or all places are taken: of clients, of what they make, of work that waits."""


class Abandoned(Refusal):
    """Nobody is there any more to hear the answer."""


class Trouble(Refusal):
    """Of the server, not of what was sent. Raise one of its kinds."""

    def worded(self, message: str) -> str:
        # It may repeat what cameras and libraries said. A client's mistake repeats the client's own words: were known
        # secrets taken out of these, anybody could find out by guessing which there are.
        return KNOWN.hide(message)


class Internal(Trouble):
    """It failed here."""


class Unavailable(Trouble):
    """Not now."""


class OutOfMemory(Trouble):
    """There is no memory for one more."""


class CannotRead(Exception):
    """What is kept of an answer is not as it was written. The message, for the log, names it and the remedy."""


def _first(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "..."


@contextlib.contextmanager
def called(names: Mapping[str, str]) -> Iterator[None]:
    """Refusals inside name the fields as the wire at hand has them: `names` by the names that the engine and chat
    completions have."""
    try:
        yield
    except Refusal as error:
        param = error.param and names.get(error.param, error.param)
        if param == error.param:
            raise
        raise error.at(param) from error


def unknown_camera(name: str, known: list[str] | None) -> NotFound:
    """In the words that OpenAI's SDKs expect of an unknown model. `known`: the cameras that whoever asks may see; None:
    it is not known who asks."""
    names = "" if known is None else f"; cameras here: {', '.join(known) or 'there is none yet'}"
    told = f"no camera or model {quoted(name)}{names}; GET /v1/models lists what can be asked"
    return NotFound(told, "model", "model_not_found")


def needs_picture(cameras: list[str], said_in: str) -> Invalid:
    """A model that knows nothing but what it is shown was asked about nothing."""
    names = ", ".join(map(repr, cameras)) if cameras else "there is none yet"
    return Invalid(
        "this model answers about pictures only, and the question has none: put a picture into it, or name a camera as "
        f"the model; cameras here: {names}; another model talks (askcam serve --model)",
        said_in,
        "picture_required",
    )


def as_refusal(exc: Exception) -> Refusal:
    """What a client is told about `exc`. Anything unforeseen is logged with its cause and told without it."""
    match exc:
        case Refusal():
            return exc
        case Busy():
            return TooMany(str(exc), code="busy", retry_after_s=exc.retry_after_s)
        case TooSlow():  # a camera that is down, or a machine that is slow, is no better a moment later
            return Unavailable(str(exc), code="too_slow", try_again=False)
        case Stale():
            return Unavailable(str(exc), code="stale_camera", try_again=False)
        case CameraUnavailable():
            return Unavailable(str(exc), code="camera_unavailable", try_again=False)
        case NoRoom():
            return OutOfMemory(str(exc), code="no_room", try_again=False)
        case TooLong():
            return Invalid(str(exc), exc.param, "context_length_exceeded")
        case QuestionError():
            return Invalid(str(exc), exc.param)
        case SourceError():
            return Invalid(KNOWN.hide(str(exc)), "uri", "bad_source")
        case ModelUnreachable():
            return Unavailable(str(exc), code="model_unreachable", retry_after_s=2)
        case ModelError() | EngineFailure():
            return Internal(str(exc), code="engine_failure", try_again=False)
        case RecursionError():  # only what somebody sent can be so deep
            return Invalid("what was sent is nested too deeply: send a plainer one", None, "invalid_json")
        case CannotRead():
            log.error("evidence cannot be read: %s", exc)
            told = "this answer's evidence cannot be read; the server's log has the cause"
            return Internal(told, code="evidence_failure", try_again=False)
        case _:
            log.error("unforeseen error while serving", exc_info=exc)
            return Internal("something failed here; the server's log has the cause", code="internal_error")
