"""POST /v1/shards/join, renew, events and leave: what shards say to the front, and nobody else may."""

import time
from typing import TypeVar

from msgspec import UNSET, Raw
from starlette.requests import Request
from starlette.responses import Response

from askcam.cluster.front.joined.events import KeptEvents
from askcam.cluster.front.joined.owning import ClusterTable
from askcam.cluster.front.joined.shards import JoinedShards
from askcam.cluster.messages import (
    MAX_REQUEST,
    DeliveredEvent,
    DeliverEvents,
    EventReceipt,
    EventReceipts,
    EventShape,
    JoinShard,
    LeaveShard,
    RenewShard,
    ShardOrders,
)
from askcam.cluster.store import Delivery
from askcam.server.access.limits import too_many
from askcam.server.access.origins import client_key
from askcam.server.access.rates import Rate, Rates
from askcam.server.errors import Conflict, TooLarge
from askcam.server.wire.about import NO_CAMERA
from askcam.server.wire.bodies import decode, json_response
from askcam.server.wire.endpoint import JSON, Endpoint, Reply

JOIN, RENEW, LEAVE = "/v1/shards/join", "/v1/shards/renew", "/v1/shards/leave"
EVENTS = "/v1/shards/events"
OF_SHARDS = (JOIN, RENEW, EVENTS, LEAVE)  # for which their token is wanted
JOINS = Rate(per_s=1.0, burst=20)  # per address: each is a look at a shard and a write to the disk
RENEWALS = 4.0  # per shard, in the time in which one is due; all that are not known together count as one
BURST = 32  # of them, after a standstill
DELIVERIES = Rate(per_s=20.0, burst=64)  # per shard
TAG = "shards"

T = TypeVar("T")


def endpoints(table: ClusterTable, shards: JoinedShards, events: KeptEvents) -> list[Endpoint]:
    """Their tokens are looked at before (key.py)."""
    joins, renewals = Rates(JOINS), Rates(Rate(RENEWALS / table.timings.renew_s, BURST))
    deliveries = Rates(DELIVERIES)

    async def join(request: Request) -> Response:
        table.check_leads()
        _admit(joins, _address(request), "joins")
        body = await _small(request, JoinShard)
        shard, told = body.shard(), list[ShardOrders]()

        async def take_in() -> None:
            told.append(await table.join(shard, body.holds))

        await shards.meet(shard, take_in)
        return json_response(told[0])

    async def renew(request: Request) -> Response:
        body = await _small(request, RenewShard)
        _admit(renewals, body.shard if body.shard in table.view.shards else "", "renewals")
        orders = await table.renew(body.renewal())
        if not orders.rejoin:
            table.view.heard(body)
        return json_response(orders)

    async def deliver(request: Request) -> Response:
        table.check_leads()
        body = await _small(request, DeliverEvents)
        known = table.view.shards.get(body.shard)
        if known is None or known.instance != body.instance:
            told = f"shard {body.shard!r} has not joined, or another process has that name now: join first"
            raise Conflict(told, "shard", "not_joined")
        _admit(deliveries, body.shard, "deliveries of events")
        receipts = await events.commits.commit(body.shard, [_delivery(event) for event in body.events])
        return json_response(EventReceipts([EventReceipt(each.id, each.fate) for each in receipts]))

    async def leave(request: Request) -> Response:
        _admit(joins, _address(request), "joins")
        body = await _small(request, LeaveShard)
        await table.change(lambda owners, now_s: owners.left(body.shard, now_s, body.instance))
        return Response(status_code=204)

    return [
        Endpoint(
            method="POST",
            path=JOIN,
            handler=join,
            name="joinShard",
            what="A shard is there, or there again. Shards only, by the token that they share with the front",
            replies={200: Reply("what it is to hold", {JSON: ShardOrders})},
            about=NO_CAMERA,
            role=None,
            body=JoinShard,
            errors=(400, 401, 409, 503),
            tag=TAG,
        ),
        Endpoint(
            method="POST",
            path=RENEW,
            handler=renew,
            name="renewShard",
            what="What it holds, each second. Shards only",
            replies={200: Reply("what it is to hold", {JSON: ShardOrders})},
            about=NO_CAMERA,
            role=None,
            body=RenewShard,
            errors=(400, 401, 503),
            tag=TAG,
        ),
        Endpoint(
            method="POST",
            path=EVENTS,
            handler=deliver,
            name="deliverEvents",
            what="What watches have told of cameras that the shard was given. Shards only",
            replies={200: Reply("what became of each, once it is on disk", {JSON: EventReceipts})},
            about=NO_CAMERA,
            role=None,
            body=DeliverEvents,
            errors=(400, 401, 409, 503),
            tag=TAG,
        ),
        Endpoint(
            method="POST",
            path=LEAVE,
            handler=leave,
            name="leaveShard",
            what="It ends: its cameras may be given to others at once. Shards only",
            replies={204: Reply("it is lost")},
            about=NO_CAMERA,
            role=None,
            body=LeaveShard,
            errors=(400, 401, 503),
            tag=TAG,
        ),
    ]


def _delivery(event: DeliveredEvent) -> Delivery:
    """Raises Invalid for what could not be told as an event."""
    document = None if event.event is UNSET else bytes(event.event)
    after = b"[]" if event.after is UNSET else bytes(event.after)
    if document is not None:
        decode(document, EventShape)
    decode(after, list[dict[str, Raw]])
    return Delivery(
        event.id,
        event.camera,
        event.epoch,
        document,
        event.watch,
        event.kind,
        event.severity,
        event.at,
        after.decode(),
    )


def _address(request: Request) -> str:
    return client_key(request.client.host if request.client else None)


def _admit(rates: Rates, whose: str, what: str) -> None:
    wait_s = rates.take(whose, time.monotonic())
    if wait_s > 0:
        raise too_many(what, wait_s)


async def _small(request: Request, kind: type[T]) -> T:
    """A body that is looked at before it is read, and read before it is decoded. Raises TooLarge, Invalid."""
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > MAX_REQUEST:
        raise _too_large()
    data = await request.body()
    if len(data) > MAX_REQUEST:
        raise _too_large()
    return decode(data, kind)


def _too_large() -> TooLarge:
    return TooLarge(f"a shard says at most {MAX_REQUEST >> 10} KiB at once: of fewer cameras, or fewer events")
