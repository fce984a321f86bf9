"""What the keeping of watches refuses."""

from askcam.server.errors import Conflict, Invalid, NotFound, TooMany
from askcam.server.given_names import quoted


class NoSuchWatch(NotFound):
    def __init__(self, name: str) -> None:
        super().__init__(f"there is no watch {quoted(name)}; GET /v1/watches lists them", "name")


class WatchExists(Conflict):
    def __init__(self, name: str) -> None:
        super().__init__(f"there is a watch {name!r} already", "name")


class ReadOnlyWatch(Conflict):
    """It stands in a file."""

    code = "read_only"

    def __init__(self, name: str, file: str = "askcam.toml") -> None:
        super().__init__(f"the watch {name!r} stands in {file}: change it there", "name")


class TooManyWatches(TooMany):
    def __init__(self, most: int) -> None:
        super().__init__(f"there are {most} watches: remove one first")


class TooManyRequests(TooMany):
    """Of one session, at once."""

    code = "busy"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} requests about watches are under way: wait for one of them")


class CannotBeScored(Invalid):
    """This model's tokens do not allow it."""

    code = "cannot_be_scored"


def not_asked_of(watch: str, camera: str) -> NotFound:
    """A watch looks at other cameras."""
    return NotFound(f"the watch {watch!r} is not asked of the camera {quoted(camera)}", "camera")
