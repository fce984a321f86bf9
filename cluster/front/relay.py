"""One request goes to a shard, and what comes back goes to whoever asked, piece by piece as it comes.

Whoever asks goes away: the shard's work ends. The shard goes away before its first word: a refusal with a status of its
own. Amid an answer: a stream of events ends with an `error`, as a server's own streams do; of anything else the
connection is ended, so that nobody takes a part for the whole.
"""

import asyncio
import contextlib
from collections.abc import Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from askcam.client.protocol import Problem, encode
from askcam.cluster.front.errors import ShardBroke
from askcam.cluster.front.headers import Header, back, towards, value_of
from askcam.cluster.front.shards import FrontShard
from askcam.cluster.link import LinkReply
from askcam.cluster.sse import WholeEvents
from askcam.server.access.request_ids import SCOPE
from askcam.server.access.shares import client_of
from askcam.server.access.viewer import Role
from askcam.server.connections.protocol import line_of
from askcam.server.errors import Refusal
from askcam.server.wire.refusals import on_wire

EVENTS = b"text/event-stream"
HERE = "127.0.0.1"  # of a client of which no address is known
OURS = frozenset({401, 407})  # what a shard says of the front's own token is not its client's business
Tell = Callable[[FrontShard, str], None]  # is told what became of each


def role_of(request: Request) -> Role:
    """Of whoever asks, as the guard has found it; of an open route a viewer."""
    return client_of(request).viewer.role


def target_of(scope: Scope) -> bytes:
    """Path and query as the front has understood them, so that the shard understands the same."""
    query: bytes = scope.get("query_string", b"")
    return quote(scope["path"], safe="/:@!$&'()*+,;=~-._").encode() + (b"?" + query if query else b"")


def headers_of(request: Request, shard: FrontShard, num_bytes: int | None) -> list[Header]:
    """What a shard is told of a request."""
    return towards(
        request.scope["headers"],
        client=request.client.host if request.client else HERE,
        scheme=request.url.scheme,
        request_id=request.scope.get(SCOPE, ""),
        token=shard.token(role_of(request)),
        num_bytes=num_bytes,
    )


class Relayed(Response):
    """The reply of a shard. The request's body must have been read. Raises Refusal when it is called, if the shard says
    nothing at all."""

    def __init__(
        self, shard: FrontShard, request: Request, body: bytes, tell: Tell, *, target: bytes | None = None
    ) -> None:
        """`target`: another one than the request's own."""
        self.background = None
        self._shard, self._request, self._tell = shard, request, tell
        self._target = target_of(request.scope) if target is None else target
        has_body = bool(body) or request.method in ("POST", "PUT", "PATCH")
        self._body = body if has_body else None
        self._told_headers = headers_of(request, shard, len(body) if has_body else None)
        self._begun, self._stream = False, False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        working, gone = asyncio.ensure_future(self._work(send)), asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                self._tell(self._shard, "left")
                return
            working.result()
            self._tell(self._shard, "told")
        except Refusal as refusal:
            self._tell(self._shard, refusal.code or "refused")
            await self._refused(refusal, scope, send)
        finally:
            gone.cancel()
            working.cancel()
            await asyncio.gather(working, gone, return_exceptions=True)

    async def _work(self, send: Send) -> None:
        shard = self._shard
        async with (
            shard.within(),
            shard.link.asked(self._request.method, self._target, self._told_headers, self._body) as reply,
        ):
            check_reply(shard, reply)
            self._stream = value_of(reply.headers, b"content-type").lower().startswith(EVENTS)
            await send({"type": "http.response.start", "status": reply.status, "headers": back(reply.headers)})
            self._begun = True
            events = WholeEvents() if self._stream else None
            async with contextlib.aclosing(reply.pieces()) as pieces:
                async for piece in pieces:
                    if whole := piece if events is None else events.feed(piece):
                        await send({"type": "http.response.body", "body": whole, "more_body": True})
        last = b"" if events is None else events.rest()
        await send({"type": "http.response.body", "body": last, "more_body": False})

    async def _refused(self, refusal: Refusal, scope: Scope, send: Send) -> None:
        if not self._begun:
            raise refusal
        if self._stream:
            body = b"data: " + encode(Problem(on_wire(refusal).body())) + b"\n\n"
            await send({"type": "http.response.body", "body": body, "more_body": False})
        elif (line := line_of(scope)) is not None:
            line.abort("shard")


def check_reply(shard: FrontShard, reply: LinkReply) -> None:
    """Raises ShardBroke for what no askcam server answers."""
    status = reply.status
    if status in OURS:
        shard.wanted.set()
        raise ShardBroke(shard.name, "it refuses the front's token: mend token_file of that shard")
    if status < 200 or (300 <= status < 400 and status != 304):
        raise ShardBroke(shard.name, f"it answers with {status}, which no askcam server does: is its address right?")


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
