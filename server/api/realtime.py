"""WS /v1/realtime: one connection. Messages in, session, asking, events out; what they mean is the session's business.

Three kinds of tasks in one group: a reader, a writer, and one per answer. The group ends when the client goes, or when
it reads nothing for SLOW_READER_S while something is to be sent; the answers under way end with it.
"""

import asyncio
import contextlib
import functools
import logging
import time
from collections.abc import Iterable

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from askcam.client.protocol import encode
from askcam.engine.question import Message
from askcam.server.api.addresses import fetched
from askcam.server.api.models import MODEL
from askcam.server.api.outbox import Outbox
from askcam.server.errors import ApiError, as_api_error, bad_request
from askcam.server.house import House
from askcam.server.realtime.client_events import ClientEvent, Refused, read
from askcam.server.realtime.effects import Effect, Push, Send, Start, Stop, TellCamera
from askcam.server.realtime.items import Shown, messages
from askcam.server.realtime.session import Session, random_id
from askcam.server.realtime.settings import SessionLimits
from askcam.server.steps import Ask, Begun, Delta, Done, Seen
from askcam.stream.camera import StateChange
from askcam.stream.errors import SourceError
from askcam.stream.sources.push import PushSource

log = logging.getLogger(__name__)

PUSH = "push:"
SLOW_READER_S = 20.0  # as long as the websocket's own pings wait
LARGE_CHARS = 32_768  # a longer message is read off the event loop: it may hold a picture
LATER = (429, 503)  # close code 1013, "try again later": the SDKs do
DROPS_EVERY_S = 1.0  # how often frame.dropped events are made up


def routes(house: House) -> list[BaseRoute]:
    connections: set[WebSocket] = set()

    async def realtime(websocket: WebSocket) -> None:
        await websocket.accept()
        if len(connections) >= house.limits.max_sessions:
            await _refuse(websocket, _full(house.limits.max_sessions))
            return
        connections.add(websocket)
        try:
            with house.metrics.session():
                await _serve(house, websocket)
        finally:
            connections.discard(websocket)

    return [WebSocketRoute("/v1/realtime", realtime)]


async def _serve(house: House, websocket: WebSocket) -> None:
    model = websocket.query_params.get("model", "")
    camera: str | None = None
    source: PushSource | None = None
    try:
        if model.startswith(PUSH):
            camera, source = house.cameras.add_pushed()
        elif model != MODEL:
            if not model:
                known = ", ".join([*house.cameras.names(), PUSH, MODEL])
                raise bad_request(f"which camera? connect with ?model=NAME; names here: {known}", "model")
            camera = house.cameras.get(model).name
        else:
            _ = house.model.engine  # or tell how far the loading is
    except ApiError as error:
        await _refuse(websocket, error)
        return
    try:
        await _Connection(house, websocket, model, camera, source).run()
    finally:
        if source is not None and camera is not None and camera in house.cameras:
            await asyncio.shield(house.cameras.remove(camera))


async def _refuse(websocket: WebSocket, error: ApiError) -> None:
    """Say why, in a way that browsers show to their pages too, and close."""
    with contextlib.suppress(WebSocketDisconnect):
        body = {"type": "error", "event_id": random_id("event"), "error": error.body()}
        await websocket.send_text(encode(body).decode())
        await websocket.close(1013 if error.status in LATER else 4000 + error.status, error.code or error.type)


def _full(max_sessions: int) -> ApiError:
    return ApiError(
        429, "rate_limit_error", f"{max_sessions} realtime connections are open already; try again later", code="busy"
    )


class _Over(Exception):
    """The connection is at its end."""


class _Connection:
    """Carries out what its session wants. Owned by the event loop."""

    def __init__(
        self, house: House, websocket: WebSocket, model: str, camera: str | None, source: PushSource | None
    ) -> None:
        limits = house.limits
        context = house.model.engine.info.context_tokens
        self._house, self._websocket, self._camera, self._source = house, websocket, camera, source
        self._max_chars = limits.max_question_chars
        # A character is at most about one token; half of the context is left to the window and to the answer.
        self._session = Session(
            model=model,
            camera=camera,
            pushed=source is not None,
            limits=SessionLimits(max_tokens=limits.max_tokens, prompt_chars=max(1024, context // 2)),
        )
        self._outbox = Outbox()
        self._answers: dict[str, asyncio.Task[None]] = {}  # bounded by the session
        self._tasks = asyncio.TaskGroup()

    async def run(self) -> None:
        """Until the client goes."""
        ended = self._house.cameras.listen(self._camera_changed)
        try:
            async with self._tasks:
                self._tasks.create_task(self._write())
                self._tasks.create_task(self._tell_drops())
                self._do(self._session.start())
                await self._read()
                raise _Over
        except* (_Over, WebSocketDisconnect):
            pass
        finally:
            ended()

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            wall, mono = time.time(), time.monotonic()
            data = message.get("text")
            if data is None:
                data = message["bytes"]
            data = await fetched(data, self._house.fetcher)
            if isinstance(data, Refused):
                event: ClientEvent = data
            elif isinstance(data, str) and len(data) > LARGE_CHARS:
                event = await asyncio.to_thread(read, data, random_id, self._max_chars)
            else:
                event = read(data, random_id, self._max_chars)
            self._do(self._session.receive(event, wall, mono), mono)
            await self._outbox.room()

    async def _write(self) -> None:
        while True:
            message = await self._outbox.get()
            try:
                async with asyncio.timeout(SLOW_READER_S):
                    await self._websocket.send_text(message)
            except TimeoutError as exc:
                log.info("a realtime client has read nothing for %g s; its connection is closed", SLOW_READER_S)
                raise _Over from exc

    def _do(self, effects: Iterable[Effect], received: float = 0.0) -> None:
        """Carry out effects, in order. `received`: when the message that led to them came, on time.monotonic()."""
        for effect in effects:
            match effect:
                case Send():
                    self._outbox.put(encode(effect.event).decode())
                case Start():
                    task = self._tasks.create_task(self._answer(effect, received))
                    self._answers[effect.response_id] = task
                    task.add_done_callback(functools.partial(self._answered, effect.response_id))
                case Stop():
                    self._answers[effect.response_id].cancel()
                case Push():
                    self._push(effect)
                case TellCamera():
                    self._tell_camera()

    def _answered(self, response_id: str, task: asyncio.Task[None]) -> None:
        del self._answers[response_id]

    async def _answer(self, start: Start, received: float) -> None:
        session, name = self._session, start.response_id
        try:
            self._house.admit_question(self._websocket)
            ask = Ask(
                messages=await _prompt(start),
                camera=self._camera,
                sampling=start.sampling,
                max_age_s=self._house.max_age_s if start.max_age_s is None else start.max_age_s,
                evidence=start.evidence,
                received=received,
            )
            async with contextlib.aclosing(self._house.asking.ask(ask)) as steps:
                async for step in steps:
                    match step:
                        case Seen():
                            session.seen(name, step.saw)
                        case Delta():
                            self._do(session.said(name, step.text))
                        case Done():
                            self._do(session.done(name, step))
                        case Begun():
                            pass
                    await self._outbox.room()
        except Exception as exc:  # one answer's failure is not the connection's
            self._do(session.failed(name, as_api_error(exc)))

    def _push(self, frame: Push) -> None:
        assert self._source is not None, "only a pushed camera's session hands frames on"
        if not self._house.admit_frame(self._websocket):
            self._session.frame_too_fast()
            return
        try:
            self._source.push(frame.jpeg, frame.wall, frame.basis)
        except SourceError as exc:
            error = bad_request(str(exc), "image", "invalid_image")
            self._do(self._session.frame_refused(error, frame.event_id))

    def _camera_changed(self, change: StateChange) -> None:
        if change.camera == self._camera:
            self._do(self._session.camera_is(change.new.value, change.old.value, change.reason))

    def _tell_camera(self) -> None:
        if self._camera is not None and self._camera in self._house.cameras:
            info = self._house.cameras.info(self._camera)
            self._do(self._session.camera_is(info.state, None, info.reason))

    async def _tell_drops(self) -> None:
        while self._camera is not None:
            await asyncio.sleep(DROPS_EVERY_S)
            if "frame.dropped" in self._session.settings.events and self._camera in self._house.cameras:
                self._do(self._session.dropped(self._house.cameras.get(self._camera).status().dropped))


async def _prompt(start: Start) -> tuple[Message, ...]:
    if any(isinstance(part, Shown) for item in start.items for part in item.parts):
        return await asyncio.to_thread(messages, start.instructions, start.items)
    return messages(start.instructions, start.items)
