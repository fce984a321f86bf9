"""What a feature brings to one running server."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from prometheus_client.registry import Collector

from askcam.server.access.visited import Visitors
from askcam.server.answering.answerers import Answerer
from askcam.server.answering.consulting import Teller
from askcam.server.answering.observing import Observer
from askcam.server.camera_use import CameraUse
from askcam.server.extension import Extension
from askcam.server.kept_answers import Archive
from askcam.server.lifecycle import ServerPart
from askcam.server.owed_events import OwedEvents
from askcam.server.tools.base import Tool
from askcam.server.wire.endpoint import Endpoint, FrontPart
from askcam.stream.camera import Camera


class PushedUse(Protocol):
    """What is made of a private camera whose connection says `?model=push:NAME`."""

    @property
    def use(self) -> CameraUse: ...

    def check(self) -> None:
        """Raises Refusal where there is no place for one more."""

    def begin(self, camera: Camera) -> None:
        """It is there; its frames are about to come."""

    async def end(self, camera: str) -> None:
        """It has been removed."""


class Running(ServerPart):
    """One feature: what it brings, and its life. Owned by the event loop; what a feature does not need stays as is."""

    endpoints: Sequence[Endpoint] = ()
    tools: Sequence[Tool] = ()
    collectors: Sequence[Collector] = ()
    realtime: Sequence[Extension] = ()
    tellers: Sequence[Teller] = ()
    pushed: Mapping[str, PushedUse] = {}  # by NAME
    answerers: Mapping[str, Answerer] = {}  # by the name that is asked in place of a camera's; a camera's goes before
    stores: Mapping[
        str, Callable[[], str | None]
    ] = {}  # each says, on any thread, what has become of it; None: nothing
    observers: Sequence[Observer] = ()  # of answers
    visitors: Sequence[Visitors] = ()  # are told of what people do
    archives: Sequence[Archive] = ()
    owed_events: OwedEvents | None = None  # to a front, if one has given cameras to this server
    gives_way: Callable[[Path], bool] | None = None
    """What is more important has no room in a folder: let something go, if that helps. Returns whether anything went.
    Blocks for some seconds; any thread but the event loop's."""

    def notices(self) -> Iterable[str]:
        """What people are told as the server begins to listen, in the language that is spoken. Once it is open."""
        return ()

    async def camera_came(self, camera: str, said: Mapping[str, Any]) -> None:
        """A camera that no file here names was opened. `said`: what is said of it beside its own table, by the section
        of askcam.toml in which that would stand: {"watches": {"door": {...}}}; and "epoch", under which a front gives
        it, with "before", what that knows of its past (cluster/messages.py, LastEvents). Raises Refusal for what cannot
        be done; it stays open."""

    async def camera_goes_on(self, camera: str, said: Mapping[str, Any]) -> None:
        """The same camera, of which something else is said now. Raises Refusal for what cannot be done."""

    async def camera_left(self, camera: str) -> None:
        """It was removed."""

    def end_streams(self) -> None:
        """The server ends: what would go on for ever is over now, so that nobody waits for it. It may be said again."""


class RunningFrontPart(Running):
    """What a feature brings to a front, in a server: the same."""

    def __init__(self, part: FrontPart) -> None:
        self._part, self.endpoints = part, part.endpoints

    async def open(self) -> None:
        await self._part.open()

    async def begin(self) -> None:
        await self._part.begin()

    async def close(self) -> None:
        await self._part.close()
