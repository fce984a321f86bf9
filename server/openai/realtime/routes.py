"""WS /v1/realtime: a connection begins a session, or comes back to one. What is said then is the session's business."""

import asyncio
import contextlib

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from askcam.client.protocol import encode
from askcam.server.access.browsers import selected
from askcam.server.access.shares import Place, client_of, viewer_of
from askcam.server.access.visited import note
from askcam.server.core import Core
from askcam.server.errors import Invalid, Refusal
from askcam.server.openai.realtime.connection import Connection, End
from askcam.server.openai.realtime.hosted import Hosted
from askcam.server.openai.realtime.session import random_id
from askcam.server.running import PushedUse
from askcam.server.wire.refusals import on_wire
from askcam.stream.sources.push import PushSource

PUSH = "push:"  # a private camera; behind it may stand what a feature makes of it
ELSEWHERE = 4409  # the client has come back to this session on another connection


def routes(core: Core) -> list[BaseRoute]:
    async def realtime(websocket: WebSocket) -> None:
        query = websocket.query_params
        note(websocket, model=query.get("model"), session=query.get("session"))
        await websocket.accept(selected(websocket.scope.get("subprotocols", ())))
        try:
            core.enter(core.places.sessions, websocket)
        except Refusal as error:
            await _refuse(websocket, error)
            return
        with core.metrics.session():
            await _serve(core, websocket)

    return [WebSocketRoute("/v1/realtime", realtime)]


async def _serve(core: Core, websocket: WebSocket) -> None:
    resumes = "session" in websocket.query_params
    first: str | None = None
    try:
        if resumes:
            hosted, first = await _back(core, websocket)
        else:
            hosted = await _new(core, websocket)
    except Refusal as error:
        if resumes:
            core.metrics.resumed(error.code or on_wire(error).type)
        await _refuse(websocket, error)
        return
    # Nothing is awaited between the finding of a session and its serving: two connections cannot both find it free.
    connection = Connection(websocket, hosted, core, first)
    hosted.serve(connection, websocket)
    end = End.CLOSED
    try:
        end = await connection.run()
    finally:
        match end:
            case End.LOST:
                core.sessions.park(hosted)
            case End.CLOSED:
                await asyncio.shield(core.sessions.end(hosted))
            case End.TAKEN | End.OVER:
                pass
    if end is End.TAKEN:
        await connection.close(ELSEWHERE, "session_resumed_elsewhere")
    elif end is not End.CLOSED:
        await connection.close(1011, "the session has ended" if end is End.OVER else "nothing was read")


async def _new(core: Core, websocket: WebSocket) -> Hosted:
    """A session for this connection. Raises Refusal."""
    model = websocket.query_params.get("model", "")
    camera: str | None = None
    source: PushSource | None = None
    place: Place | None = None
    use: PushedUse | None = None
    viewer = viewer_of(websocket)
    if model.startswith(PUSH):
        use = _use(core, model.removeprefix(PUSH))
        place = await _place(core, websocket)
        try:
            camera, source = await _pushed(core, use, viewer.owner)
        except BaseException:
            place.leave()
            raise
    elif model not in core.models:
        if not model:
            known = ", ".join([*core.cameras.names(viewer), PUSH, *(each.called for each in core.models)])
            raise Invalid(f"which camera? connect with ?model=NAME; names here: {known}", "model")
        camera = core.cameras.get(model, viewer).name
    else:
        _ = core.models.get(model).engine  # or tell how far the loading is
    hosted = Hosted(core, websocket, model, camera, source, viewer, place, use)
    core.sessions.add(hosted)
    return hosted


async def _place(core: Core, websocket: WebSocket) -> Place:
    """Among pushed cameras. Raises TooMany."""
    while True:
        try:
            return core.places.pushed.enter(client_of(websocket))
        except Refusal:
            if not await core.sessions.make_way():
                raise


def _use(core: Core, name: str) -> PushedUse | None:
    """What a feature makes of cameras that are pushed as `name`; None: it is one like others."""
    return next((running.pushed[name] for running in core.features.values() if name in running.pushed), None)


async def _pushed(core: Core, use: PushedUse | None, owner: str) -> tuple[str, PushSource]:
    """A private camera; one whose client is away makes way for it, if there is no other place."""
    while True:
        try:
            if use is not None:
                use.check()
            name, source = core.cameras.add_pushed(use=None if use is None else use.use, owner=owner)
        except Refusal as error:
            if error.code != "busy" or not await core.sessions.make_way():
                raise
        else:
            if use is not None:
                use.begin(core.cameras.get(name))
            return name, source


async def _back(core: Core, websocket: WebSocket) -> tuple[Hosted, str]:
    """The session that this connection comes back to, and what to say first; then all that was missed will follow.
    Whoever knows its id, which cannot be guessed, and shows the same token may come back.

    Raises Refusal, and then the session is as it was, or waits.
    """
    query, owner = websocket.query_params, viewer_of(websocket).owner
    after = query.get("after") or None
    while True:
        found = core.sessions.find(query["session"], owner)
        assert isinstance(found, Hosted), found
        if query.get("model", found.model) != found.model:
            raise Invalid(
                f"the session {found.id} is about {found.model!r}: leave ?model= out, or begin a new session",
                "model",
                "model_cannot_change",
            )
        missed = found.outbox.missed(after)  # or refused, before anybody is sent away
        if found.connection is None:
            break
        await found.connection.take()
        if not found.served:
            core.sessions.park(found)  # for a moment, unless what was missed has gone meanwhile
    event_id = random_id("event")
    found.outbox.rewind(after, event_id)
    core.sessions.unpark(found)
    core.metrics.resumed("resumed")
    resumed = {"type": "session.resumed", "event_id": event_id, "session": found.session.wire(), "missed": missed}
    return found, encode(resumed).decode()


async def _refuse(websocket: WebSocket, error: Refusal) -> None:
    """Say why, in a way that browsers show to their pages too, and close."""
    told = on_wire(error)
    with contextlib.suppress(WebSocketDisconnect):
        body = {"type": "error", "event_id": random_id("event"), "error": told.body()}
        await websocket.send_text(encode(body).decode())
        await websocket.close(told.close_code, told.code or told.type)
