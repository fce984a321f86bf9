"""POST /v1/ask: one question to several cameras. Of one shard it goes there; of several, all are asked (asking.py)."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from askcam.client.protocol import Problem
from askcam.cluster.front.asking import AskSeveral, Several
from askcam.cluster.front.core import FrontCore, route
from askcam.cluster.front.lists import RefusedThere
from askcam.cluster.front.questions import who
from askcam.cluster.front.relay import role_of
from askcam.cluster.front.shards import FrontShard
from askcam.server.access.shares import Places
from askcam.server.answering.several import ALL, check_number, named_cameras
from askcam.server.errors import Refusal, Unavailable
from askcam.server.wire.bodies import NO_STORE, json_response, plain, read_aside, server_sent
from askcam.server.wire.endpoint import SSE, Endpoint
from askcam.server.wire.leaving import while_there
from askcam.server.wire.refusals import on_wire

UNDER_WAY = 32  # questions to cameras of several shards


def endpoints(core: FrontCore) -> list[Endpoint]:
    directory = core.directory
    places = Places("questions to several cameras", UNDER_WAY, remedy="wait for an answer first")

    async def several(request: Request) -> Response:
        """POST /v1/ask."""
        core.admit_question(request)
        data = await request.body()
        found = await read_aside(data, who)
        if found is None:
            return await core.relay(directory.any(), request)  # which says what is wrong with it
        names = named_cameras(found.cameras, all_is_one=directory.has(ALL))
        where, refused = _where(directory.cameras() if names is None else names)
        if refused and not where:
            raise next(iter(refused.values()))
        shards = set(where.values()) or {directory.any()}
        if len(shards) == 1 and not refused:
            return await core.relay(shards.pop(), request)
        check_number(len(where) + len(refused))
        for shard in shards:
            shard.check_role(role_of(request))
        core.enter(places, request)
        body = await read_aside(data, plain)
        return await told_by_all(
            AskSeveral(core, request, Several(body, where, refused)), request, stream=body.get("stream") is True
        )

    def _where(names: list[str]) -> tuple[dict[str, FrontShard], dict[str, Refusal]]:
        """The shard of each camera; of those that have none just now, why. Raises Refusal."""
        where: dict[str, FrontShard] = {}
        refused: dict[str, Refusal] = {}
        for name in names:
            try:
                where[name] = directory.owner_of(name)
            except Unavailable as exc:
                if not directory.table.wants(name):
                    raise
                refused[name] = exc
        return where, refused

    return [route("POST", "/v1/ask", several)]


async def told_by_all(asking: AskSeveral, request: Request, *, stream: bool) -> Response:
    """Whole, or as it comes. The status waits for the first answer. Raises Refusal, RefusedThere."""
    if not stream:
        return json_response(await while_there(request, last(asking)), headers=NO_STORE)
    events = asking.events()
    try:
        first = await while_there(request, anext_of(events))
    except BaseException:
        await events.aclose()
        raise
    return StreamingResponse(streamed(first, events), media_type=SSE, headers={"Cache-Control": "no-store"})


async def last(asking: AskSeveral) -> Any:
    """The reply, once it is whole."""
    reply: Any = None
    async with contextlib.aclosing(asking.events()) as events:
        async for told in events:
            reply = told.get("reply")
    return reply


async def anext_of(events: AsyncGenerator[dict[str, Any], None]) -> dict[str, Any]:
    """Its next, as a coroutine."""
    return await anext(events)


async def streamed(first: dict[str, Any], events: AsyncGenerator[dict[str, Any], None]) -> AsyncGenerator[bytes, None]:
    """As server-sent events, to [DONE]; what goes wrong on the way is the last one."""
    async with contextlib.aclosing(events):
        yield server_sent(first)
        try:
            async for told in events:
                yield server_sent(told)
        except Refusal as refusal:
            yield server_sent(Problem(on_wire(refusal).body()))
            return
        except RefusedThere as refused:
            yield server_sent(refused.reply.value)
            return
        yield b"data: [DONE]\n\n"
