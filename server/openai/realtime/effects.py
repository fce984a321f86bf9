"""What a realtime session wants done. Plain values: the session makes them, its connection carries them out."""

from dataclasses import dataclass

from askcam.engine.question import Sampling
from askcam.server.extension import Request
from askcam.server.openai.realtime.call_items import Turn
from askcam.server.openai.realtime.response import Event
from askcam.server.openai.realtime.settings import Settings
from askcam.stream.frame import AgeBasis


@dataclass(frozen=True, slots=True)
class Send:
    """An event for the client, complete."""

    event: Event


@dataclass(frozen=True, slots=True)
class Start:
    """Begin an answer; its steps come back through hear(), or its failure through failed()."""

    response_id: str
    instructions: str
    items: tuple[Turn, ...]
    sampling: Sampling
    settings: Settings  # of this answer
    own: frozenset[str] = frozenset()  # fields that response.create has set itself, by their names in Settings


@dataclass(frozen=True, slots=True)
class Stop:
    """End the work on an answer; nothing more of it is wanted."""

    response_id: str


@dataclass(frozen=True, slots=True)
class Push:
    """A frame for the connection's own camera. `wall` in seconds since the epoch, by our clock."""

    jpeg: bytes
    wall: float
    basis: AgeBasis
    event_id: str | None


@dataclass(frozen=True, slots=True)
class TellCamera:
    """The client has just asked for camera.state events: say how the camera is, through camera_is()."""


@dataclass(frozen=True, slots=True)
class Manage:
    """Have an extension carry out what the client wants; what comes of it is said through told() or refused()."""

    request: Request


@dataclass(frozen=True, slots=True)
class Follow:
    """The client wants an extension's feed: what came after `after` first; None: only what is new. Instead of what it
    wanted before. It is said through told()."""

    after: int | None


@dataclass(frozen=True, slots=True)
class Unfollow:
    """It wants them no more."""


Effect = Send | Start | Stop | Push | TellCamera | Manage | Follow | Unfollow
