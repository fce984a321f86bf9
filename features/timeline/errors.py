"""What can go wrong with the keeping of the timeline."""

from askcam.engine.errors import EngineError
from askcam.server.config_errors import CannotOpen
from askcam.server.errors import NotFound


class TimelineError(CannotOpen):
    """The folder or its database cannot be used. The message names it and the remedy."""


class Overdue(EngineError):
    """The engine gave no answer in time; the question was taken back."""


class TimelineOff(NotFound):
    """None is kept here."""

    code = "timeline_off"

    def __init__(self) -> None:
        super().__init__(
            "no timeline is kept here: say enabled = true under [timeline], or timeline = true under a camera"
        )
