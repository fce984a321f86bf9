"""WS /v1/realtime: a session lives on the shard of its camera; here its messages pass through, both ways.

Ids of events are told as the front tells them. A client that breaks off breaks off there, too, so that its session
waits for it; one that closes, closes. A shard that goes away is told by an `error` event and a close code that says to
come again.
"""

import asyncio
import contextlib
import json
import secrets
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from askcam.client.protocol import encode
from askcam.cluster import ids
from askcam.cluster.front.core import FrontCore
from askcam.cluster.front.errors import ShardBroke
from askcam.cluster.front.headers import towards
from askcam.cluster.front.shards import FrontShard
from askcam.cluster.link import LinkError, unconnected
from askcam.server.access.browsers import selected
from askcam.server.access.request_ids import SCOPE
from askcam.server.access.shares import client_of
from askcam.server.access.viewer import Role
from askcam.server.connections.protocol import NO_CLOSE_FRAME, broke_off
from askcam.server.errors import Invalid, NotFound, Refusal
from askcam.server.given_names import quoted
from askcam.server.wire.refusals import on_wire

PUSH, MODEL = "push:", "askcam"
OPEN_S = 20.0  # for a shard's handshake; one that hangs is down before
GOODBYE = 1000
UNSAID = frozenset({1005, 1006, 1015})  # what no close frame can say
MOST_READ = 262_144  # characters of a client's message that is looked into: a session's setting is shorter
MOST_HEAD = 200  # characters of a message in which its type stands


def routes(core: FrontCore) -> list[BaseRoute]:
    async def realtime(websocket: WebSocket) -> None:
        await websocket.accept(selected(websocket.scope.get("subprotocols", ())))
        try:
            core.enter(core.places.sessions, websocket)
            shard = _shard(core, websocket)
            role = client_of(websocket).viewer.role
            shard.check_role(role)
            await _Passing(core, shard, websocket, role).run()
        except Refusal as error:
            await _refuse(websocket, error)

    return [WebSocketRoute("/v1/realtime", realtime)]


def _shard(core: FrontCore, websocket: WebSocket) -> FrontShard:
    """Where the session is, or will be. Raises Refusal."""
    directory, query = core.directory, websocket.query_params
    model, session = query.get("model", ""), query.get("session")
    if session is not None and (known := directory.remembered(session)) is not None:
        return known
    if model and model != MODEL and not model.startswith(PUSH):
        return directory.with_model(model) or directory.owner_of(model)
    if session is not None:
        told = f"there is no session {quoted(session)}, or the front was started again meanwhile: begin a new one"
        raise NotFound(told, "session", "session_not_found")
    if not model:
        names = ", ".join([*directory.cameras(), PUSH, MODEL])
        raise Invalid(f"which camera? connect with ?model=NAME; names here: {names}", "model")
    return directory.roomiest() if model.startswith(PUSH) else directory.any()


class _Passing:
    """One connection of a client, and the one to its shard. Owned by the event loop."""

    def __init__(self, core: FrontCore, shard: FrontShard, websocket: WebSocket, role: Role) -> None:
        self._core, self._shard, self._websocket, self._role = core, shard, websocket, role
        self._pushes = websocket.query_params.get("model", "").startswith(PUSH)

    async def run(self) -> None:
        """Until one of both sides ends. Raises Refusal."""
        shard = self._shard
        self._core.metrics.connected(shard)
        shard.num_pushed += self._pushes
        try:
            async with shard.within(), self._connected() as there:
                await self._pass(there)
        finally:
            shard.num_pushed -= self._pushes

    @contextlib.asynccontextmanager
    async def _connected(self) -> Any:
        """The connection to the shard. Raises LinkError, ShardBroke."""
        websocket, shard = self._websocket, self._shard
        parts = urlsplit(shard.config.address.ws)
        query = "&".join(f"{quote(name)}={quote(value, safe=':')}" for name, value in websocket.query_params.items())
        headers = towards(
            [each for each in websocket.scope["headers"] if each[0] == b"user-agent"],
            client=websocket.client.host if websocket.client else "127.0.0.1",
            scheme="https" if websocket.url.scheme == "wss" else "http",
            request_id=websocket.scope.get(SCOPE, ""),
            token=shard.token(self._role),
            num_bytes=None,
        )
        try:
            there = await connect(
                f"{parts.geturl()}/v1/realtime?{query}",
                additional_headers=[(name.decode(), value.decode("latin-1")) for name, value in headers],
                user_agent_header=None,
                compression=None,
                proxy=None,
                open_timeout=OPEN_S,
                max_size=self._core.limits.max_ws_message_bytes * 4,  # it sends more than it takes: a session, whole
                max_queue=4,
                close_timeout=1.0,
                ssl=shard.link.ssl,
            )
        except InvalidHandshake as exc:
            raise ShardBroke(shard.name, f"it does not take the connection ({exc})") from exc
        except TimeoutError as exc:
            raise LinkError(f"no connection within {OPEN_S:g} s", refused=False) from exc
        except OSError as exc:
            raise unconnected(exc) from exc
        try:
            yield there
        finally:
            there.transport.abort()  # what is to be closed properly is closed by then

    async def _pass(self, there: ClientConnection) -> None:
        """Both ways at once. Raises ShardBroke, LinkError."""
        up, down = asyncio.create_task(self._up(there)), asyncio.create_task(self._down(there))
        ending = asyncio.create_task(self._core.ending.wait())
        try:
            await asyncio.wait((up, down, ending), return_when=asyncio.FIRST_COMPLETED)
            if up.done():
                up.result()
            elif down.done():
                down.result()
            else:
                await there.close(1001)
                await self._websocket.close(1012, "the server is ending")
        finally:
            for task in (up, down, ending):
                task.cancel()
            await asyncio.gather(up, down, ending, return_exceptions=True)

    async def _up(self, there: ClientConnection) -> None:
        """From the client, until it ends."""
        client = client_of(self._websocket)
        intake = self._core.places.intake
        while True:
            await intake.turn(client)
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                code, reason = message.get("code"), message.get("reason")
                if not broke_off(code, reason):
                    await there.close(GOODBYE if code in (None, NO_CLOSE_FRAME) else code, reason or "")
                return
            told: str | bytes = message["bytes"] if message.get("bytes") is not None else message["text"]
            intake.came(client, len(told))
            try:
                await there.send(await self._to_shard(told))
            except Refusal as error:
                await self._say(error)
            except ConnectionClosed:
                return await self._closed(there)

    async def _down(self, there: ClientConnection) -> None:
        """From the shard, until it ends. Raises ShardBroke."""
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # the client's end is told to _up
            try:
                while True:
                    message = self._to_client(await there.recv())
                    if isinstance(message, str):
                        await self._websocket.send_text(message)
                    else:
                        await self._websocket.send_bytes(message)
            except ConnectionClosed:
                await self._closed(there)

    async def _closed(self, there: ClientConnection) -> None:
        """The shard has closed: so is the client's. Raises ShardBroke where it just went away."""
        code = there.close_code or 1006
        if code in UNSAID:
            self._shard.wanted.set()
            raise ShardBroke(self._shard.name, "it broke off amid the session, which is lost with it")
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await self._websocket.close(code, there.close_reason or "")

    # -- ids

    def _to_client(self, message: str | bytes) -> str | bytes:
        """As the front tells it; sessions are remembered, so that they can be come back to."""
        if isinstance(message, bytes):
            return message
        head = message[:MOST_HEAD]
        if '"session.created"' in head or '"session.resumed"' in head:
            with contextlib.suppress(ValueError, RecursionError, KeyError, TypeError):
                self._core.directory.remember(json.loads(message)["session"]["id"], self._shard)
        elif '"watch.event"' in head or '"watch.gone"' in head:
            with contextlib.suppress(ValueError, RecursionError):
                return encode(_numbered(json.loads(message), self._shard.key)).decode()
        return message

    async def _to_shard(self, message: str | bytes) -> str | bytes:
        """As the shard knows it. Raises Invalid for an event of another shard, Trouble."""
        if isinstance(message, bytes) or len(message) > MOST_READ or '"events_after"' not in message:
            return message
        try:
            told = json.loads(message)
            wish = told["session"]["askcam"]
            after = wish["events_after"]
        except (ValueError, RecursionError, KeyError, TypeError):
            return message  # the shard says what is wrong with it
        if isinstance(after, bool) or not isinstance(after, int) or after == 0:
            return message
        number = await self._number_there(after) if after > 0 else None
        if number is None:
            raise Invalid(
                f"{after} is no event of shard {self._shard.name!r}, on which this session is: leave it out, and read "
                "GET /v1/events, which has those of all",
                "session.askcam.events_after",
            )
        wish["events_after"] = number
        return encode(told).decode()

    async def _number_there(self, event: int) -> int | None:
        """The number on this shard of an event as the front tells it; None: it is none of it. Raises Trouble."""
        core = self._core
        try:
            source, number = core.directory.of_event(event)
            if core.joined is not None and source is core.directory.kept:
                return await core.joined.events.number_on(self._shard.name, number)
        except NotFound:
            return None
        return number if source.name == self._shard.name else None

    async def _say(self, error: Refusal) -> None:
        await self._websocket.send_text(_event(error))


def _numbered(told: Any, key: int) -> Any:
    """Raises Garbage, a ValueError."""
    if told.get("type") == "watch.event":
        return told | {"event": ids.event(key, told.get("event"))}
    if told.get("type") == "watch.gone":
        return told | {name: ids.joined(key, told.get(name)) for name in ("first_missed", "last_missed")}
    return told


def _event(error: Refusal) -> str:
    body = {"type": "error", "event_id": f"event_{secrets.token_hex(12)}", "error": on_wire(error).body()}
    return encode(body).decode()


async def _refuse(websocket: WebSocket, error: Refusal) -> None:
    """Say why, in a way that browsers show to their pages too, and close."""
    told = on_wire(error)
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await websocket.send_text(_event(error))
        await websocket.close(told.close_code, told.code or told.type)
