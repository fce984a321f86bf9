"""Requests of one watch, which go to the shard that has it; and where a new one goes: to the shard of its cameras."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from askcam.cluster.front.core import FrontCore, route
from askcam.cluster.front.errors import SeveralShards, WatchTwice
from askcam.cluster.front.event_source import ShardReply
from askcam.cluster.front.lists import listing, passed_on, rows_by_shard
from askcam.cluster.front.relay import role_of
from askcam.cluster.front.shards import FrontShard
from askcam.cluster.merging import merge_watches
from askcam.server.access.auth import Role
from askcam.server.errors import Conflict, NotFound
from askcam.server.given_names import quoted
from askcam.server.wire.bodies import json_response, plain
from askcam.server.wire.endpoint import Endpoint


def endpoints(core: FrontCore) -> list[Endpoint]:
    directory = core.directory

    async def holders(request: Request, path: str | None = None) -> dict[FrontShard, ShardReply]:
        """The shards that have the watch, with what they say at `path` (None: of it). Raises NotFound, ShardDown."""
        name, role = request.path_params["name"], role_of(request)
        for shard in directory.up():
            shard.check_role(role)
        query = dict(request.query_params)
        replies = await directory.everywhere(
            lambda shard: shard.asked("GET", path or f"/v1/watches/{name}", query, role=role), directory.shards
        )
        found = {shard: each for shard, each in replies.items() if isinstance(each, ShardReply) and each.status == 200}
        if found:
            return found
        for each in replies.values():
            if not isinstance(each, ShardReply):
                raise each  # it may have it
        raise NotFound(f"there is no watch {quoted(name)} on any shard; GET /v1/watches lists them", "name")

    async def single(request: Request) -> FrontShard:
        """The one shard that has it. Raises WatchTwice, NotFound, ShardDown."""
        name = request.path_params["name"]
        found = list(await holders(request, f"/v1/watches/{name}"))
        if len(found) > 1:
            raise WatchTwice(name, [shard.name for shard in found])
        return found[0]

    async def one(request: Request) -> Response:
        found = await holders(request)
        return json_response(
            merge_watches([[reply.value] for reply in found.values() if isinstance(reply.value, dict)])[0]
        )

    async def readings(request: Request) -> Response:
        name = request.path_params["name"]
        found = await holders(request, f"/v1/watches/{name}/readings")
        rows = [row for rows in rows_by_shard(found) for row in rows]
        return json_response(listing(core, rows), headers={"Cache-Control": "private, no-store"})

    async def relayed(request: Request) -> Response:
        return await core.relay(await single(request), request)

    async def changed(request: Request) -> Response:
        return await core.relay(await single(request), request, Role.ADMIN)

    async def created(request: Request) -> Response:
        body: Any = plain(await request.body())
        shard = _shard_for(body)
        shard.check_role(role_of(request), Role.ADMIN)
        name = body.get("name") if isinstance(body, dict) else None
        if isinstance(name, str):
            others = [each for each in directory.up() if each is not shard]
            asked = await directory.everywhere(
                lambda each: each.asked("GET", f"/v1/watches/{name[:200]}", role=Role.ADMIN), others
            )
            there = [
                each.name for each, reply in asked.items() if isinstance(reply, ShardReply) and reply.status == 200
            ]
            if there:
                raise Conflict(f"there is a watch {name!r} already, on shard {there[0]!r}: take another name", "name")
        return passed_on(await shard.asked("POST", "/v1/watches", role=Role.ADMIN, body=body))

    def _shard_for(body: Any) -> FrontShard:
        """Of the cameras that it names; of a body that a server will refuse any. Raises SeveralShards, NotFound."""
        cameras = body.get("cameras") if isinstance(body, dict) else None
        if not isinstance(cameras, list) or not cameras or not all(isinstance(each, str) for each in cameras):
            return directory.any()
        shards = {directory.owner_of(camera): camera for camera in cameras}
        if len(shards) > 1:
            where = ", ".join(f"{camera} on {shard.name}" for shard, camera in shards.items())
            raise SeveralShards(f"a watch is of one shard's cameras ({where}): make one for each shard", "cameras")
        return next(iter(shards))

    async def proposal(request: Request) -> Response:
        shard = await directory.find(f"/v1/watches/proposals/{request.path_params['id']}", role_of(request))
        return await core.relay(shard, request, Role.VIEWER if request.method in ("GET", "HEAD") else Role.ADMIN)

    return [
        route("POST", "/v1/watches", created, Role.ADMIN),
        route("GET", "/v1/watches/{name}", one),
        route("PATCH", "/v1/watches/{name}", changed, Role.ADMIN),
        route("DELETE", "/v1/watches/{name}", changed, Role.ADMIN),
        route("GET", "/v1/watches/{name}/readings", readings),
        route("GET", "/v1/watches/{name}/calibration", relayed),
        route("PUT", "/v1/watches/{name}/calibration", changed, Role.ADMIN),
        route("DELETE", "/v1/watches/{name}/calibration", changed, Role.ADMIN),
        route("GET", "/v1/watches/proposals/{id}", proposal),
        route("DELETE", "/v1/watches/proposals/{id}", proposal, Role.ADMIN),
        route("POST", "/v1/watches/proposals/{id}/confirm", proposal, Role.ADMIN),
    ]
