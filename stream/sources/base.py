"""The interface behind which every kind of camera sits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from askcam.stream.fit import Fit
from askcam.stream.frame import AgeBasis, Pixels


@runtime_checkable
class DecodedPicture(Protocol):
    """One decoded picture, perhaps not yet converted to RGB. Immutable; `rgb` may be called from any thread."""

    @property
    def wall(self) -> float:
        """Capture time, seconds since the epoch."""
        ...

    @property
    def mono(self) -> float:
        """The same instant on time.monotonic()."""
        ...

    @property
    def basis(self) -> AgeBasis: ...

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    def rgb(self, fit: Fit | None = None) -> Pixels:
        """(height, width, 3) uint8 RGB, contiguous: the whole picture, or as `fit` says.

        Never called for an `Unconverted` one.
        """
        ...


@runtime_checkable
class Source(Protocol):
    """A place frames come from. Used by one capture thread only."""

    def open(self) -> None:
        """Block until frames can be read. Raises SourceError; `permanent` when trying again cannot help."""
        ...

    def read(self, convert: bool) -> DecodedPicture | None:
        """Block for the next picture; None when the source has ended for good. Raises SourceError.

        `convert` says that this picture's pixels will be wanted. A source that can convert any picture later ignores
        it; one that cannot returns an `Unconverted` picture otherwise.
        """
        ...

    def close(self) -> None:
        """Give the camera back. Called once, also after a failed open(). Must not raise."""
        ...


@runtime_checkable
class Interruptible(Protocol):
    """A source that can be woken: a blocked open() or read() then returns soon, with None or SourceError."""

    def interrupt(self) -> None:
        """Called from any thread, at most once; returns at once."""
        ...


@runtime_checkable
class Patient(Protocol):
    """A source that has time limits of its own for a silent camera."""

    def allow_silence(self, silence_s: float) -> None:
        """Called once, before open(): how long the camera may be silent before its reader is given up."""
        ...


@dataclass(frozen=True, slots=True)
class OpeningProgress:
    """How a source stands between a camera that sends and pictures that come out of it."""

    heard_at: float | None = None  # when something last came from the camera, by the steady clock
    waiting: str | None = None  # something comes, but no picture can be made of it yet: why, for people
    behind: str | None = None  # pictures are not made as fast as they come: why, for people


@runtime_checkable
class Telling(Protocol):
    """A source that knows more than its pictures say."""

    def progress(self) -> OpeningProgress:
        """Called from any thread; returns at once."""
        ...


@runtime_checkable
class Counting(Protocol):
    """A source that drops frames of its own accord, and counts them by reason."""

    @property
    def dropped(self) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True)
class Unconverted:
    """A picture that was grabbed but not converted: it counts and it has a time, its pixels are gone."""

    wall: float
    mono: float
    basis: AgeBasis
    width: int
    height: int

    def rgb(self, fit: Fit | None = None) -> Pixels:
        raise AssertionError("an unconverted picture was asked for its pixels")


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source that can be opened again and again: what registry.resolve() makes of a URI."""

    scheme: str
    label: str  # the URI, redacted
    make: Callable[[], Source]  # a new Source (push: always the same one)
    live: bool  # worth opening again after it ended or failed
    stall_s: float | None = None  # overrides CameraConfig.stall_s
    slow: bool = False  # its camera may send a picture every ten seconds: not judged before its rate is known
    patient: bool = False  # silence is normal (a pushed camera): never abandoned, only stalled
    keeps: bool = False  # its last pictures can be asked about when it is over: a film, not an unplugged webcam
    waiting: str = "connecting"  # why it is not live yet, for people
    silent: str = "no picture comes: is the camera still on, and the network up?"
    over: str = "the source has ended"  # why it is not live any more, after read() gave None
