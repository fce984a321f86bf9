"""What can go wrong with a camera.

StreamError
├── SourceError            a source cannot be opened or read; the message names the (redacted) URI and the remedy
│   ├── Refused            the camera answered, and won't
│   └── UnknownScheme      nothing here can open such a URI
└── CameraUnavailable      the camera has no live window now; `reason` says why
"""

from typing import Any


class CrossesProcesses(Exception):
    """An error that pickle and copy bring back as it was, whatever its constructor takes.

    Exceptions are pickled as "call the class with `args`", which is wrong for all that make their message themselves
    (https://docs.python.org/3/library/pickle.html#object.__reduce__, CPython's Objects/exceptions.c).
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return _as_it_was, (type(self), self.args, self.__dict__)


def _as_it_was(kind: type[CrossesProcesses], args: tuple[Any, ...], state: dict[str, Any]) -> CrossesProcesses:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class StreamError(CrossesProcesses):
    """Base of this package's errors. Messages never hold credentials."""


class SourceError(StreamError):
    """A source cannot be opened or read. `permanent` means that trying again cannot help (a file that is no video)."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class Refused(SourceError):
    """The camera answered that it won't: asking in another way would only be one more wrong try."""


class UnknownScheme(SourceError):
    """No source is registered for this URI's scheme."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class CameraUnavailable(StreamError):
    """The camera cannot be asked now. `reason` is one line for people: what happened and, if known, what to do."""

    def __init__(self, camera: str, state: str, reason: str) -> None:
        super().__init__(f"camera {camera!r} is {state}: {reason}")
        self.camera, self.state, self.reason = camera, state, reason
