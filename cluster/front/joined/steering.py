"""What people may have done with joined shards: POST /v1/shards/{name}/drain, POST /v1/shards/balance, DELETE
/v1/shards/{name}."""

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from askcam.cluster.changes import Change, Revoked
from askcam.cluster.front.joined.owning import ClusterTable
from askcam.cluster.front.joined.passing import ToLeader
from askcam.server.access.viewer import Role
from askcam.server.wire.about import ALL_CAMERAS
from askcam.server.wire.bodies import json_response
from askcam.server.wire.endpoint import JSON, Endpoint, Reply, Takes


class CamerasMoving(msgspec.Struct, frozen=True):
    """Cameras that are on their way to another shard, as soon as theirs has let go of them."""

    moving: list[str]
    object: str = "askcam.cameras_moving"


def endpoints(table: ClusterTable, leader: ToLeader) -> list[Endpoint]:
    async def drain(request: Request) -> Response:
        name = request.path_params["name"]
        changes = await table.change(lambda owners, now_s: owners.drain(name, now_s))
        return _moving(changes)

    async def balance(request: Request) -> Response:
        return _moving(await table.change(lambda owners, now_s: owners.rebalance(now_s)))

    async def remove(request: Request) -> Response:
        name = request.path_params["name"]
        await table.change(lambda owners, now_s: owners.remove(name, now_s))
        return Response(status_code=204)

    return [
        Endpoint(
            method="DELETE",
            path="/v1/shards/{name}",
            handler=leader.led(remove),
            name="removeShard",
            what="One that is lost does not come back, and what it kept is gone: nothing is looked for there any more. "
            "Admins only",
            replies={204: Reply("it is known no longer")},
            about=ALL_CAMERAS,
            role=Role.ADMIN,
            takes=(Takes("name", "path", "a shard, as GET /v1/shards lists it"),),
            errors=(404, 409, 503),
            tag="shards",
        ),
        Endpoint(
            method="POST",
            path="/v1/shards/{name}/drain",
            handler=leader.led(drain),
            name="drainShard",
            what="Have its cameras go to others, as there is room; it takes no more. Admins only",
            replies={200: Reply("", {JSON: CamerasMoving})},
            about=ALL_CAMERAS,
            role=Role.ADMIN,
            takes=(Takes("name", "path", "a shard, as GET /v1/shards lists it"),),
            errors=(404, 409, 503),
            tag="shards",
        ),
        Endpoint(
            method="POST",
            path="/v1/shards/balance",
            handler=leader.led(balance),
            name="balanceShards",
            what="Have cameras of the fuller shards go to the emptier ones. Admins only",
            replies={200: Reply("", {JSON: CamerasMoving})},
            about=ALL_CAMERAS,
            role=Role.ADMIN,
            errors=(503,),
            tag="shards",
        ),
    ]


def _moving(changes: Sequence[Change]) -> Response:
    return json_response(CamerasMoving(sorted(each.owner.camera for each in changes if isinstance(each, Revoked))))
