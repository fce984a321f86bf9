"""Watches of all shards, and requests of one, which go to the shard that has it. A new one goes to the shard of its
cameras, or into the front's table where these are given to shards."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from askcam.cluster.front.core import FrontCore, route
from askcam.cluster.front.errors import DOWN_S, SeveralShards, ShardDown, WatchTwice
from askcam.cluster.front.event_source import ShardReply
from askcam.cluster.front.joined.wanted_watches import WantedWatches
from askcam.cluster.front.lists import listing, lists_of, passed_on, rows_by_shard
from askcam.cluster.front.relay import role_of
from askcam.cluster.front.shards import FrontShard
from askcam.cluster.merging import Row, merge_watches
from askcam.server.access.viewer import Role
from askcam.server.errors import Conflict, NotFound, Unavailable
from askcam.server.given_names import quoted
from askcam.server.wire.bodies import json_response, plain
from askcam.server.wire.endpoint import Endpoint, Handler

PROPOSALS = "/v1/watches/proposals"
PROPOSED = ("name", "question", "cameras", "every_s", "for_s", "severity")  # what is told of a watch that was proposed


def endpoints(core: FrontCore) -> list[Endpoint]:
    directory = core.directory
    wanted = None if core.joined is None else WantedWatches(core.joined.table, directory)
    led: Callable[[Handler], Handler] = (lambda handler: handler) if core.joined is None else core.joined.leader.led

    async def listed(request: Request) -> Response:
        replies = await lists_of(core, request, "/v1/watches")
        return json_response(listing(core, await _told(merge_watches(rows_by_shard(replies)), all_of_them=True)))

    async def _told(rows: list[Row], *, all_of_them: bool = False) -> list[Row]:
        """What shards tell of watches as the front knows it."""
        if wanted is None or core.joined is None:
            return rows
        known = wanted.rows(rows)
        await core.joined.judged.tell(wanted.kept_here(known), all_of_them=all_of_them)
        return known

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
        if found or (wanted is not None and wanted.has(name)):
            return found
        for each in replies.values():
            if not isinstance(each, ShardReply):
                raise each  # it may have it
        raise _unknown(name)

    async def single(request: Request) -> FrontShard:
        """The one shard that has it. Raises WatchTwice, NotFound, ShardDown."""
        name = request.path_params["name"]
        found = list(await holders(request, f"/v1/watches/{name}"))
        if len(found) > 1:
            raise WatchTwice(name, [shard.name for shard in found])
        if not found:
            raise Unavailable(
                f"no shard has heard of the watch {name!r} yet", code=ShardDown.code, retry_after_s=DOWN_S
            )
        return found[0]

    async def one(request: Request) -> Response:
        found = await holders(request)
        rows = await _told(merge_watches([[reply.value] for reply in found.values() if isinstance(reply.value, dict)]))
        name = request.path_params["name"]
        for row in rows:
            if row.get("name") == name:
                return json_response(row)
        raise _unknown(name)

    def _unknown(name: str) -> NotFound:
        return NotFound(f"there is no watch {quoted(name)} on any shard; GET /v1/watches lists them", "name")

    async def readings(request: Request) -> Response:
        name = request.path_params["name"]
        found = await holders(request, f"/v1/watches/{name}/readings")
        rows = [row for rows in rows_by_shard(found) for row in rows]
        return json_response(listing(core, rows), headers={"Cache-Control": "private, no-store"})

    async def relayed(request: Request) -> Response:
        return await core.relay(await single(request), request)

    async def changed_there(request: Request) -> Response:
        return await core.relay(await single(request), request, Role.ADMIN)

    async def changed(request: Request) -> Response:
        name = request.path_params["name"]
        if wanted is not None and wanted.has(name):
            row = await wanted.change(name, plain(await request.body()))
            if core.joined is not None:
                await core.joined.judged.tell([row])
            return json_response(row)
        return await changed_there(request)

    async def removed(request: Request) -> Response:
        name = request.path_params["name"]
        if wanted is not None and wanted.has(name):
            await wanted.remove(name)
            return Response(status_code=204)
        return await changed_there(request)

    async def checked(request: Request) -> Response:
        return await core.relay(_shard_for(plain(await request.body())), request, Role.ADMIN)

    async def created(request: Request) -> Response:
        body: Any = plain(await request.body())
        return await _made(request, body)

    async def _made(request: Request, body: Any) -> Response:
        if wanted is not None and wanted.are_given(_cameras_in(body)):
            await _check_free(body.get("name"), directory.up())
            return json_response(await wanted.make(body), status=201)
        shard = _shard_for(body)
        shard.check_role(role_of(request), Role.ADMIN)
        name = body.get("name") if isinstance(body, dict) else None
        if wanted is not None and wanted.has(name):
            raise Conflict(f"there is a watch {name!r} already: take another name", "name")
        await _check_free(name, [each for each in directory.up() if each is not shard])
        return passed_on(await shard.asked("POST", "/v1/watches", role=Role.ADMIN, body=body))

    async def _check_free(name: Any, others: Sequence[FrontShard]) -> None:
        """Raises Conflict where one of these shards has a watch of that name."""
        if isinstance(name, str):
            asked = await directory.everywhere(
                lambda each: each.asked("GET", f"/v1/watches/{name[:200]}", role=Role.ADMIN), others
            )
            there = [
                shard.name
                for shard, reply in asked.items()
                if isinstance(reply, ShardReply) and reply.status == 200 and not _goes(reply.value)
            ]
            if there:
                raise Conflict(f"there is a watch {name!r} already, on shard {there[0]!r}: take another name", "name")

    def _goes(told: Any) -> bool:
        """Whether it is one of the front's, of which its shard has not heard yet that it is not wanted any more."""
        return wanted is not None and wanted.came_from_here(told)

    def _shard_for(body: Any) -> FrontShard:
        """Of the cameras that it names; of a body that a server will refuse any. Raises SeveralShards, NotFound."""
        if not (cameras := _cameras_in(body)):
            return directory.any()
        shards = {directory.owner_of(camera): camera for camera in cameras}
        if len(shards) > 1:
            where = ", ".join(f"{camera} on {shard.name}" for shard, camera in shards.items())
            raise SeveralShards(f"a watch is of one shard's cameras ({where}): make one for each shard", "cameras")
        return next(iter(shards))

    async def proposals(request: Request) -> Response:
        rows = [row for rows in rows_by_shard(await lists_of(core, request, PROPOSALS)) for row in rows]
        return json_response(listing(core, rows))

    async def proposed(request: Request) -> Response:
        return await core.relay(_shard_for(plain(await request.body())), request)

    async def proposal(request: Request) -> Response:
        shard = await directory.find(_proposal(request), role_of(request))
        return await core.relay(shard, request, Role.VIEWER if request.method in ("GET", "HEAD") else Role.ADMIN)

    async def confirmed(request: Request) -> Response:
        """One of the front's cameras is made here, as by POST /v1/watches, and then waits no longer."""
        shard = await directory.find(_proposal(request), role_of(request))
        shard.check_role(role_of(request), Role.ADMIN)
        told = (await shard.asked("GET", _proposal(request), role=Role.ADMIN)).value
        is_new = isinstance(told, dict) and told.get("action") == "create"
        if not is_new or wanted is None or not wanted.are_given(_cameras_in(told)):
            return await core.relay(shard, request, Role.ADMIN)
        made = await _made(request, {name: told[name] for name in PROPOSED if told.get(name) is not None})
        await shard.asked("DELETE", _proposal(request), role=Role.ADMIN)
        return made

    return [
        route("GET", "/v1/watches", listed),
        route("POST", "/v1/watches", led(created), Role.ADMIN),
        route("POST", "/v1/watches/check", checked, Role.ADMIN),
        route("GET", PROPOSALS, proposals, Role.ADMIN),
        route("POST", PROPOSALS, proposed),
        route("GET", "/v1/watches/{name}", one),
        route("PATCH", "/v1/watches/{name}", led(changed), Role.ADMIN),
        route("DELETE", "/v1/watches/{name}", led(removed), Role.ADMIN),
        route("GET", "/v1/watches/{name}/readings", readings),
        route("GET", "/v1/watches/{name}/calibration", relayed),
        route("PUT", "/v1/watches/{name}/calibration", changed_there, Role.ADMIN),
        route("DELETE", "/v1/watches/{name}/calibration", changed_there, Role.ADMIN),
        route("GET", "/v1/watches/proposals/{id}", proposal),
        route("DELETE", "/v1/watches/proposals/{id}", proposal, Role.ADMIN),
        route("POST", "/v1/watches/proposals/{id}/confirm", led(confirmed), Role.ADMIN),
    ]


def _proposal(request: Request) -> str:
    return f"{PROPOSALS}/{request.path_params['id']}"


def _cameras_in(body: Any) -> list[str]:
    """Those that it names; none of a body that a server will refuse."""
    cameras = body.get("cameras") if isinstance(body, dict) else None
    return cameras if isinstance(cameras, list) and all(isinstance(each, str) for each in cameras) else []
