"""A realtime session with its answers under way: it carries out what its session wants, and outlives connections."""

import asyncio
import contextlib
import functools
import time
from collections.abc import Coroutine, Iterable
from typing import Any, Protocol

from starlette.websockets import WebSocket

from askcam.client.protocol import encode
from askcam.engine.question import Message
from askcam.server.access.shares import Place, client_of
from askcam.server.access.viewer import Viewer
from askcam.server.access.visited import Visit, tell_visit
from askcam.server.core import Core
from askcam.server.errors import Invalid, Refusal, as_refusal
from askcam.server.extension import SessionExtension
from askcam.server.openai.realtime.client_events import ClientEvent
from askcam.server.openai.realtime.effects import Effect, Follow, Manage, Push, Send, Start, Stop, TellCamera, Unfollow
from askcam.server.openai.realtime.outbox import SocketOutbox
from askcam.server.openai.realtime.prompt import messages
from askcam.server.openai.realtime.session import Session
from askcam.server.openai.realtime.settings import SessionLimits
from askcam.server.openai.realtime.tools import choice, functions
from askcam.server.running import PushedUse
from askcam.server.steps import Ask
from askcam.stream.camera import StateChange
from askcam.stream.errors import SourceError
from askcam.stream.sources.push import PushSource

DROPS_EVERY_S = 1.0  # how often frame.dropped events are made up
TURN_TIMES = True  # where the session does not say: they cost nothing (benchmarks/follow_up.py)


class Serving(Protocol):
    """What serves a session; connection.Connection is one."""

    async def take(self) -> None:
        """Stop, since the client has come back elsewhere."""
        ...


class _Over(Exception):
    """The session is at its end."""


class Hosted:
    """Owned by the event loop; core.sessions runs it. At most one connection serves it at a time. It is the host of
    the extensions' guests.

    While there is none, answers under way go on until the outbox is full, and then wait.
    """

    def __init__(
        self,
        core: Core,
        websocket: WebSocket,
        model: str,
        camera: str | None,
        source: PushSource | None,
        viewer: Viewer,
        place: Place | None = None,
        use: PushedUse | None = None,
    ) -> None:
        """`viewer`: who may come back to it; `place`: of its own camera, left with it; `use`: what is made of that
        camera."""
        limits = core.limits
        context = core.model_of(camera or model, viewer).engine.info.context_tokens
        self.model, self.owner = model, viewer.owner
        self.outbox = SocketOutbox()
        self.connection: Serving | None = None
        self.ended = asyncio.Event()
        # A character is at most about one token; half of the context is left to the window and to the answer.
        self.session = Session(
            model=model,
            camera=camera,
            pushed=source is not None,
            limits=SessionLimits(max_tokens=limits.max_tokens, prompt_chars=max(1024, context // 2)),
            feeds=[name for each in core.realtime for name in each.feed],
        )
        self.camera, self.viewer = camera, viewer
        self._core, self._source = core, source
        self._place, self._use = place, use
        self._asker = websocket  # the newest connection: whose rates count
        self._answers: dict[str, asyncio.Task[None]] = {}  # bounded by the session
        self._tasks = asyncio.TaskGroup()
        self._over = asyncio.Event()
        self._guests: dict[str, SessionExtension] = {}  # by the types of client events that they take
        self._feeding: list[SessionExtension] = []
        for extension in core.realtime:
            guest = extension.join(self)
            self._guests |= dict.fromkeys(extension.readers, guest)
            if extension.feed:
                self._feeding.append(guest)
        self._untold = False  # the camera's state has changed while the outbox was full
        self.do(self.session.start())

    @property
    def id(self) -> str:
        return self.session.id

    @property
    def client(self) -> str:
        """Whose it is: who was last connected to it."""
        return client_of(self._asker).key

    @property
    def pushes(self) -> bool:
        """Whether it holds a camera of its own."""
        return self._source is not None

    @property
    def served(self) -> bool:
        """Whether there is a connection."""
        return self.connection is not None

    async def run(self) -> None:
        """Until over() was called. The session's answers end with it, and so does its own camera."""
        quiet = self._core.cameras.listen(self._camera_changed)
        try:
            async with self._tasks:
                self._tasks.create_task(self._tell_drops())
                await self._over.wait()
                raise _Over
        except* _Over:
            pass
        finally:
            quiet()
            if self._place is not None:
                self._place.leave()
            self.ended.set()
            if self.pushes and self.camera is not None and self.camera in self._core.cameras:
                await self._core.cameras.remove(self.camera)
                if self._use is not None:
                    await self._use.end(self.camera)

    def over(self) -> None:
        """Have it end soon."""
        self._over.set()

    def serve(self, connection: Serving, websocket: WebSocket) -> None:
        """A connection begins to serve it, after the one before has stopped."""
        assert self.connection is None, "two connections for one session"
        self.connection, self._asker = connection, websocket
        if self._untold:
            self._untold = False
            self._tell_camera()

    def receive(self, event: ClientEvent, wall: float, mono: float) -> None:
        """Something came from the client, at `wall` and `mono`."""
        self.do(self.session.receive(event, wall, mono), mono)

    def do(self, effects: Iterable[Effect], received: float | None = None) -> None:
        """Carry out effects, in order. `received`: when the message that led to them came, on time.monotonic()."""
        for effect in effects:
            match effect:
                case Send():
                    self.outbox.put(effect.event["event_id"], encode(effect.event).decode())
                case Start():
                    if not self._over.is_set():
                        self._start(effect, time.monotonic() if received is None else received)
                case Stop():
                    if (task := self._answers.get(effect.response_id)) is not None:
                        task.cancel()
                case Push():
                    self._push(effect)
                case TellCamera():
                    self._tell_camera()
                case Manage(request):
                    things = {"camera": self.camera, **request.things}
                    tell_visit(self._core.visitors, Visit(client_of(self._asker), "SESSION", request.type, things))
                    self._guests[request.type].carry_out(request)
                case Follow(after):
                    for guest in self._feeding:
                        guest.follow(after)
                case Unfollow():
                    for guest in self._feeding:
                        guest.unfollow()

    # -- for guests

    def say(self, kind: str, **fields: object) -> None:
        self.do(self.session.told(kind, **fields))

    def refuse(self, error: Refusal, event_id: str | None) -> None:
        self.do(self.session.refused(error, event_id))

    async def room(self) -> None:
        await self.outbox.room()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self._tasks.create_task(work)

    # -- what a session wants done

    def _start(self, start: Start, received: float) -> None:
        task = self._tasks.create_task(self._answer(start, received))
        self._answers[start.response_id] = task
        task.add_done_callback(functools.partial(self._answered, start.response_id))

    def _answered(self, response_id: str, task: asyncio.Task[None]) -> None:
        del self._answers[response_id]

    async def _answer(self, start: Start, received: float) -> None:
        name, core = start.response_id, self._core
        try:
            core.admit_question(self._asker)
            self.do(self.session.allowed(*core.questions_left(self._asker)))
            ask = await self._ask(start, received)
            async with contextlib.aclosing(core.asking.ask(ask)) as steps:
                async for step in steps:
                    self.do(self.session.hear(name, step))
                    await self.outbox.room()
        except Exception as exc:  # one answer's failure is not the session's
            self.do(self.session.failed(name, as_refusal(exc)))

    async def _ask(self, start: Start, received: float) -> Ask:
        settings = start.settings
        return Ask(
            messages=await self._prompt(start),
            said_in="response.input",
            camera=self.camera,
            model=settings.model or (self.model if self.camera is None else None),
            sampling=start.sampling,
            max_age_s=settings.max_age_s,
            max_wait_s=settings.max_wait_s,
            tools=functions(settings.tools),
            choice=choice(settings.tool_choice),
            server_tools=settings.server_tools,
            parallel=settings.parallel_tool_calls,
            evidence=settings.evidence,
            unwell=settings.unwell,
            zone=settings.zone,
            on_change=settings.on_change,
            client=client_of(self._asker),
            received=received,
        )

    async def _prompt(self, start: Start) -> tuple[Message, ...]:
        times = TURN_TIMES if start.settings.turn_times is None else start.settings.turn_times
        make = functools.partial(messages, start.instructions, start.items, times=times)
        if not any(item.num_pictures for item in start.items):
            return make()
        fit = self._core.model_of(self.camera or self.model, self.viewer, start.settings.model).fit_picture
        return await self._core.decoding.run(self.client, lambda budget: make(budget=budget), fit=fit)

    def _push(self, frame: Push) -> None:
        assert self._source is not None, "only a pushed camera's session hands frames on"
        if not self._core.admit_frame(self._asker):
            self.session.frame_too_fast()
            return
        try:
            self._source.push(frame.jpeg, frame.wall, frame.basis)
        except SourceError as exc:
            error = Invalid(str(exc), "image", "invalid_image")
            self.do(self.session.frame_refused(error, frame.event_id))

    def _camera_changed(self, change: StateChange) -> None:
        if change.camera != self.camera:
            return
        if self.outbox.full:  # nobody waits here: the state is told once there is a reader
            self._untold = True
        else:
            self.do(self.session.camera_is(change.new.value, change.old.value, change.reason))

    def _tell_camera(self) -> None:
        if self.camera is not None and self.camera in self._core.cameras:
            info = self._core.cameras.info(self.camera)
            self.do(self.session.camera_is(info.state, None, info.reason))

    async def _tell_drops(self) -> None:
        while self.camera is not None:
            await asyncio.sleep(DROPS_EVERY_S)
            await self.outbox.room()
            if "frame.dropped" in self.session.settings.events and self.camera in self._core.cameras:
                self.do(self.session.dropped(self._core.cameras.get(self.camera).status().dropped))
