"""What a realtime session does with watches: makes, changes, removes and lists them, and hears what they tell."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any, Protocol

import msgspec

from askcam.client.watches import WatchEvent
from askcam.server.access.auth import Role, insufficient
from askcam.server.api.realtime.outbox import Outbox
from askcam.server.errors import ApiError, as_api_error, bad_request
from askcam.server.events.follow import Gone, follow
from askcam.server.events.service import Events
from askcam.server.realtime.effects import Effect
from askcam.server.realtime.session import Session
from askcam.server.realtime.watch_requests import Verb, WatchRequest, beside
from askcam.server.watching.bodies import setting
from askcam.server.watching.setting import WatchSetting
from askcam.server.watching.watching import Watching

MAX_REQUESTS = 8  # of one session, being carried out
ALIVE_S = 60.0  # nothing depends on it


class Do(Protocol):
    def __call__(self, effects: Iterable[Effect], /) -> None: ...


class Watches:
    """Owned by the event loop; one session's. `role`: of its client; `camera`: what a watch is of that names none."""

    def __init__(
        self,
        watching: Watching,
        events: Events,
        session: Session,
        outbox: Outbox,
        role: Role,
        camera: str | None,
        do: Do,
    ) -> None:
        self._watching, self._events, self._session, self._outbox = watching, events, session, outbox
        self._role, self._camera, self._do = role, camera, do
        self._num_requests = 0
        self._following: asyncio.Task[None] | None = None

    # -- what the client wants

    def manage(self, request: WatchRequest, tasks: asyncio.TaskGroup) -> None:
        """Carry it out, and say what came of it."""
        if self._num_requests >= MAX_REQUESTS:
            text = f"{MAX_REQUESTS} requests about watches are under way: wait for one of them"
            busy = ApiError(429, "rate_limit_error", text, code="busy")
            self._do(self._session.refused(busy, request.event_id))
            return
        self._num_requests += 1
        tasks.create_task(self._manage(request))

    async def _manage(self, request: WatchRequest) -> None:
        try:
            effects = await self._carry_out(request)
        except Exception as exc:  # one request's failure is not the session's
            effects = self._session.refused(beside(as_api_error(exc)), request.event_id)
        finally:
            self._num_requests -= 1
        self._do(effects)

    async def _carry_out(self, request: WatchRequest) -> list[Effect]:
        watching, say, name = self._watching, self._session.watches, request.name
        if request.verb is Verb.LIST:
            return say("watch.listed", watches=[msgspec.to_builtins(each) for each in watching.all()])
        if not self._role.may(Role.ADMIN):
            raise insufficient(self._role, Role.ADMIN)
        match request.verb:
            case Verb.CREATE:
                made = await watching.create(name, setting(self._with_camera(request.body)))
                return say("watch.created", watch=msgspec.to_builtins(made))
            case Verb.UPDATE:
                changed = await watching.change(name, lambda before: _changed(before, request.body))
                return say("watch.updated", watch=msgspec.to_builtins(changed))
            case Verb.DELETE:
                await watching.remove(name)
                return say("watch.deleted", name=name)

    def _with_camera(self, body: Any) -> dict[str, Any]:
        if body["cameras"]:
            return dict(body)
        if self._camera is None:
            raise bad_request("cameras is missing: this session is about no camera, so name those to watch", "cameras")
        return {**body, "cameras": [self._camera]}

    # -- what watches tell

    def follow(self, after: int | None, tasks: asyncio.TaskGroup) -> None:
        """Send what watches tell from now on, after that event if one is named."""
        self.unfollow()
        self._following = tasks.create_task(self._follow(after))

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
                async with contextlib.aclosing(follow(events, last, None, None, ALIVE_S)) as told:
                    async for event in told:
                        await self._outbox.room()
                        match event:
                            case WatchEvent():
                                self._do(self._session.watch_event(msgspec.to_builtins(event)))
                                last = event.id
                            case Gone(first, newest):
                                self._do(self._session.watch_gone(first, newest))
                                last = newest
            except ApiError as error:
                self._do(self._session.refused(error, None))
                return


def _changed(before: WatchSetting, body: Any) -> WatchSetting:
    return setting(msgspec.to_builtins(before) | dict(body))
