"""/v1/deliveries and /v1/notify of all shards: each brings its own events to its own targets. For admins."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from askcam.cluster import ids
from askcam.cluster.front.core import FrontCore, route
from askcam.cluster.front.ends import RememberedEnds
from askcam.cluster.front.event_source import ShardReply
from askcam.cluster.front.keepers import keepers_of
from askcam.cluster.front.lists import listing, passed_on, rows_by_shard
from askcam.cluster.front.pages import read_page
from askcam.cluster.merging import Row
from askcam.server.access.viewer import Role
from askcam.server.errors import Refusal
from askcam.server.wire.bodies import NO_STORE, decode_body, json_response, number
from askcam.server.wire.endpoint import Endpoint

LIMIT, MOST = 50, 500  # dead letters of one answer


class RetryThem(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/deliveries/retry."""

    target: str


def endpoints(core: FrontCore) -> list[Endpoint]:
    directory = core.directory
    ends = RememberedEnds()

    async def listed(request: Request) -> Response:
        limit = int(number(request, "limit", LIMIT, 1, MOST))
        read = ends.read_until(request.query_params.get("before"))
        keepers = await keepers_of(core, None)
        page, replies = await read_page(
            core, request, "/v1/deliveries", read, limit, by="at", shards=keepers.shards, name="dead", away=keepers.away
        )
        rows = [directory.told(ids.dead_letter, key, row) for key, row in page.rows]
        if rows:
            ends.put(rows[-1]["id"], page.next)
        targets = [
            {**row, "shard": shard.name}
            for shard, rows_of_it in zip(replies, rows_by_shard(replies), strict=True)
            for row in rows_of_it
        ]
        body = listing(core, targets, keepers.down(), dead=rows, has_more=page.has_more, next=page.next.text())
        return json_response(body, headers=NO_STORE)

    async def retried(request: Request) -> Response:
        shard, there = directory.of_number(request.path_params["id"])
        return await core.relay(shard, request, Role.ADMIN, target=f"/v1/deliveries/{there}/retry".encode())

    async def all_retried(request: Request) -> Response:
        body = await decode_body(request, RetryThem)
        told = await _of_target("/v1/deliveries/retry", {"target": body.target})
        if isinstance(told, Response):
            return told
        return json_response({**told[0], "retried": sum(_number(each, "retried") for each in told)}, status=202)

    async def tested(request: Request) -> Response:
        told = await _of_target(f"/v1/notify/{request.path_params['name']}/test", None)
        if isinstance(told, Response):
            return told
        errors = [str(each["error"]) for each in told if each.get("error")]
        return json_response(
            {
                **told[0],
                "delivered": all(each.get("delivered") is True for each in told),
                "error": "; ".join(errors) or None,
                "took_ms": max(_number(each, "took_ms") for each in told),
            }
        )

    async def _of_target(path: str, body: Any) -> Response | list[Row]:
        """What each shard says that has the target; where none has, what one of them refuses."""
        for shard in directory.up():
            shard.check_role(Role.ADMIN, Role.ADMIN)
        replies = await directory.everywhere(
            lambda shard: shard.asked("POST", path, role=Role.ADMIN, body=body), directory.shards
        )
        good = [
            reply.value
            for reply in replies.values()
            if isinstance(reply, ShardReply) and reply.status in (200, 202) and isinstance(reply.value, dict)
        ]
        if good:
            return good
        for reply in replies.values():
            if isinstance(reply, Refusal):
                raise reply
        return passed_on(next(reply for reply in replies.values() if isinstance(reply, ShardReply)))

    return [
        route("GET", "/v1/deliveries", listed, Role.ADMIN),
        route("POST", "/v1/deliveries/retry", all_retried, Role.ADMIN),
        route("POST", "/v1/deliveries/{id:int}/retry", retried, Role.ADMIN),
        route("POST", "/v1/notify/{name}/test", tested, Role.ADMIN),
    ]


def _number(row: Row, name: str) -> float:
    found = row.get(name)
    return found if isinstance(found, int | float) else 0
