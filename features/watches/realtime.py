"""What a realtime session does with watches: makes, changes, removes and lists them, and hears what they tell."""

import asyncio
import contextlib
from typing import Any

import msgspec

from askcam.client.watches import WatchEvent
from askcam.features.events.follow import EventsGone, follow
from askcam.features.events.service import EventLog
from askcam.features.watches import seen
from askcam.features.watches.bodies import setting
from askcam.features.watches.errors import TooManyRequests
from askcam.features.watches.requests import READERS, Verb, WatchRequest, beside
from askcam.features.watches.service import Watching
from askcam.server.access.auth import check_role
from askcam.server.access.viewer import Role
from askcam.server.errors import Invalid, Refusal, as_refusal
from askcam.server.extension import Host, Request, SessionExtension

MAX_REQUESTS = 8  # of one session, being carried out
ALIVE_S = 60.0  # nothing depends on it


class WatchExtension:
    """watch.create, watch.update, watch.delete, watch.list, and the feed watch.event (watch.*)."""

    readers = READERS
    feed = ("watch.event", "watch.*")

    def __init__(self, watching: Watching, events: EventLog) -> None:
        self._watching, self._events = watching, events

    def join(self, host: Host) -> SessionExtension:
        return Watches(self._watching, self._events, host)


class Watches:
    """Owned by the event loop; one session's."""

    def __init__(self, watching: Watching, events: EventLog, host: Host) -> None:
        self._watching, self._events, self._host = watching, events, host
        self._num_requests = 0
        self._following: asyncio.Task[None] | None = None

    # -- what the client wants

    def carry_out(self, request: Request) -> None:
        assert isinstance(request, WatchRequest), request
        if self._num_requests >= MAX_REQUESTS:
            self._host.refuse(TooManyRequests(MAX_REQUESTS), request.event_id)
            return
        self._num_requests += 1
        self._host.spawn(self._manage(request))

    async def _manage(self, request: WatchRequest) -> None:
        try:
            kind, told = await self._done(request)
        except Exception as exc:  # one request's failure is not the session's
            self._host.refuse(beside(as_refusal(exc)), request.event_id)
        else:
            self._host.say(kind, **told)
        finally:
            self._num_requests -= 1

    async def _done(self, request: WatchRequest) -> tuple[str, dict[str, Any]]:
        """What is said of it. Raises Refusal."""
        watching, name, viewer = self._watching, request.name, self._host.viewer
        if request.verb is Verb.LIST:
            return "watch.listed", {"watches": [msgspec.to_builtins(each) for each in seen.watches(watching, viewer)]}
        check_role(viewer, Role.WATCHER)
        match request.verb:
            case Verb.CREATE:
                made = await seen.create(watching, name, setting(self._with_camera(request.body)), viewer)
                return "watch.created", {"watch": msgspec.to_builtins(made)}
            case Verb.UPDATE:
                changed = await seen.change(watching, name, dict(request.body), viewer)
                return "watch.updated", {"watch": msgspec.to_builtins(changed)}
            case Verb.DELETE:
                await seen.remove(watching, name, viewer)
                return "watch.deleted", {"name": name}

    def _with_camera(self, body: Any) -> dict[str, Any]:
        if body["cameras"]:
            return dict(body)
        if self._host.camera is None:
            raise Invalid("cameras is missing: this session is about no camera, so name those to watch", "cameras")
        return {**body, "cameras": [self._host.camera]}

    # -- what watches tell

    def follow(self, after: int | None) -> None:
        """Send what watches tell from now on, after that event if one is named."""
        self.unfollow()
        self._following = self._host.spawn(self._follow(after))

    def unfollow(self) -> None:
        task, self._following = self._following, None
        if task is not None:
            task.cancel()

    async def _follow(self, last: int | None) -> None:
        """A client that reads slowly is waited for; what its bounded queue did not take is read from the disk then."""
        events = self._events
        while not events.readers.closed:
            try:
                if last is None:
                    last = await events.read(lambda store: store.last_id(), 0)
                async with contextlib.aclosing(
                    follow(events, last, None, None, ALIVE_S, viewer=self._host.viewer)
                ) as told:
                    async for event in told:
                        await self._host.room()
                        match event:
                            case WatchEvent():
                                self._host.say("watch.event", event=msgspec.to_builtins(event))
                                last = event.id
                            case EventsGone(first, newest):
                                self._host.say("watch.gone", first_missed=first, last_missed=newest)
                                last = newest
            except Refusal as error:
                self._host.refuse(error, None)
                return
