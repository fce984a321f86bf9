"""Events of cameras that a front has given to this server, which the front is still to be told. A feature keeps them;
whoever speaks to the front asks for them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OwedEvent:
    """An event, or what was read since it was told."""

    number: int  # here
    camera: str
    epoch: int  # under which the front had given the camera to this server
    watch: str | None
    kind: str
    severity: str
    at: float  # when it was decided, seconds since the epoch
    document: bytes | None  # client.watches.WatchEvent as JSON, without what was read since; None: it was told before
    after: bytes  # what was read since, client.watches.Reading each, as a list in JSON
    num_after: int


class OwedEvents(Protocol):
    """Owned by the event loop. Each may raise Refusal: the disk refuses."""

    def wake(self, heard: Callable[[], None]) -> None:
        """Have `heard` called whenever there is something new. It must not raise."""

    async def origin(self) -> str:
        """The name of where they are kept: numbers begin anew with a new one."""

    async def owed(self, limit: int) -> Sequence[OwedEvent]:
        """Events before what was read since; the oldest first."""

    async def num_owed(self, camera: str | None) -> int:
        """Events of this camera, or of all, that the front does not know."""

    async def settled(self, events: Sequence[OwedEvent], fenced: Collection[int]) -> None:
        """The front knows these, or never will. `fenced`: numbers of those that do not count there, since another
        server had the camera."""
