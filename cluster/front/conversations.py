"""`previous_response_id`, where the response is not kept on the shard that is asked next: its turns go along with the
question. Which shard keeps it, its own GET /v1/responses/{id}/input_items tells.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from askcam.client.protocol import Problem, encode
from askcam.client.sse import SentEvents
from askcam.cluster.front.core import FrontCore
from askcam.cluster.front.errors import ShardBroke
from askcam.cluster.front.event_source import ShardReply
from askcam.cluster.front.lists import passed_on
from askcam.cluster.front.relay import EVENTS, check_reply, headers_of, role_of
from askcam.cluster.front.shards import MAX_JSON_BYTES, FrontShard
from askcam.server.errors import Invalid, Refusal
from askcam.server.given_names import quoted
from askcam.server.wire.endpoint import SSE
from askcam.server.wire.leaving import while_there
from askcam.server.wire.refusals import on_wire

PATH = "/v1/responses"
PAGE, MOST_PAGES = 100, 3  # items of one answer; more than so many are no conversation that a server takes
WAITING = 64  # events that nobody has taken; the shard waits
Turn = dict[str, Any]
Told = ShardReply | bytes  # a whole reply, or an event of a stream


async def turns_up_to(core: FrontCore, shard: FrontShard, response_id: str, request: Request) -> list[Turn]:
    """All that was said up to and with a response which that shard keeps. Raises Invalid where they cannot be had."""
    shard.check_role(role_of(request))
    try:
        return await _turns_up_to(core, shard, response_id, request)
    except ShardBroke as exc:  # pictures, say, that are more than is read of one reply
        raise _not_had(response_id, shard, exc.message) from exc


async def _turns_up_to(core: FrontCore, shard: FrontShard, response_id: str, request: Request) -> list[Turn]:
    """Raises Refusal."""
    role, place = role_of(request), f"{PATH}/{response_id}"
    found: list[Turn] = []
    after: str | None = None
    for _ in range(MOST_PAGES):
        query = {"limit": PAGE, "order": "asc", "after": after}
        page = _turns(await shard.asked("GET", f"{place}/input_items", query, role=role), "data")
        if page is None:
            raise _not_had(response_id, shard)
        turns, more, after = page
        found += turns
        if sum(len(json.dumps(turn)) for turn in found) > core.limits.max_body_bytes:
            raise _not_had(response_id, shard, "it is longer than one question may be")
        if not more:
            break
    else:
        raise _not_had(response_id, shard, "it has too many turns")
    answered = _turns(await shard.asked("GET", place, role=role), "output")
    if answered is None:
        raise _not_had(response_id, shard)
    return [*found, *(turn for turn in answered[0] if turn.get("type") != "reasoning")]


def _turns(reply: ShardReply, name: str) -> tuple[list[Turn], bool, str | None] | None:
    """Those of one reply, whether there are more, and after which; None: it tells none."""
    value = reply.value if reply.status == 200 and isinstance(reply.value, dict) else {}
    turns, last = value.get(name), value.get("last_id")
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        return None
    more = value.get("has_more") is True and isinstance(last, str)
    return turns, more, last if isinstance(last, str) else None


def _not_had(response_id: str, shard: FrontShard, why: str = "it tells no turns") -> Invalid:
    told = f"the response {quoted(response_id)} is kept on shard {shard.name!r}, where its turns cannot be had ({why})"
    told += ", and another shard is asked now: send the whole conversation"
    return Invalid(told, "previous_response_id", "previous_response_not_found")


async def ask_elsewhere(
    core: FrontCore, request: Request, shard: FrontShard, body: Mapping[str, Any], response_id: str
) -> Response:
    """`body` put to a shard; its answer says that it follows that response, as it does. Raises Refusal."""
    shard.check_role(role_of(request))
    told = _in_one_task(_told(request, shard, json.dumps(body).encode(), response_id))
    try:
        first = await while_there(request, _next(told))
    except BaseException:
        await told.aclose()
        raise
    core.metrics.relayed(shard, "told")
    if isinstance(first, ShardReply):
        await told.aclose()
        return passed_on(first)
    return StreamingResponse(_stream(first, told), media_type=SSE, headers={"Cache-Control": "no-store"})


async def _in_one_task(told: AsyncGenerator[Told, None]) -> AsyncGenerator[Told, None]:
    """The same, taken by one task from first to last, whoever asks for it: a shard that goes down ends what goes on
    there in the task in which it began."""
    queue: asyncio.Queue[Told | Refusal | None] = asyncio.Queue(WAITING)

    async def take() -> None:
        try:
            async with contextlib.aclosing(told):
                async for each in told:
                    await queue.put(each)
            await queue.put(None)
        except Refusal as refusal:
            await queue.put(refusal)

    taking = asyncio.create_task(take())
    try:
        while (each := await queue.get()) is not None:
            if isinstance(each, Refusal):
                raise each
            yield each
    finally:
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)


async def _told(request: Request, shard: FrontShard, content: bytes, response_id: str) -> AsyncGenerator[Told, None]:
    """A whole reply, or the events of a stream."""
    headers = headers_of(request, shard, len(content))
    async with shard.within(), shard.link.asked("POST", PATH.encode(), headers, content) as reply:
        check_reply(shard, reply)
        kind = next((value for name, value in reply.headers if name.lower() == b"content-type"), b"")
        if not kind.lower().startswith(EVENTS):
            yield ShardReply(reply.status, _followed(shard, await reply.whole(MAX_JSON_BYTES), response_id))
            return
        messages = SentEvents()
        async with contextlib.aclosing(reply.pieces()) as pieces:
            async for piece in pieces:
                try:
                    for message in messages.feed(piece):
                        if message.data:
                            data = encode(_followed(shard, message.data, response_id))
                            yield b"event: %s\ndata: %s\n\n" % (message.name.encode(), data)
                except ValueError as exc:
                    raise ShardBroke(shard.name, str(exc)[:100]) from exc


def _followed(shard: FrontShard, data: bytes | str, response_id: str) -> Any:
    """A response, or an event with one in it, that says which it follows. Raises ShardBroke."""
    try:
        told = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise ShardBroke(shard.name, "it does not answer as an askcam server does") from exc
    for each in (told, told.get("response") if isinstance(told, dict) else None):
        if isinstance(each, dict) and each.get("object") == "response":
            each["previous_response_id"] = response_id
    return told


async def _next(told: AsyncGenerator[Told, None]) -> Told:
    return await anext(told)


async def _stream(first: bytes, told: AsyncGenerator[Told, None]) -> AsyncGenerator[bytes, None]:
    async with contextlib.aclosing(told):
        yield first
        try:
            async for piece in told:
                assert isinstance(piece, bytes), "a stream is one to its end"
                yield piece
        except Refusal as refusal:
            yield b"data: " + encode(Problem(on_wire(refusal).body())) + b"\n\n"
