"""What several shards have, as one list: cameras, models, watches, tools. What shards that are down have is missing,
and `shards_down` names them."""

from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from askcam.cluster.front.core import FrontCore, route
from askcam.cluster.front.directory import OTHERS, S, rows_of
from askcam.cluster.front.errors import NoShard, ShardAway, ShardBroke
from askcam.cluster.front.event_source import RefusedThere, ShardReply
from askcam.cluster.front.relay import role_of
from askcam.cluster.front.shards import FrontShard
from askcam.cluster.ids import Garbage
from askcam.cluster.merging import Row, merge_models, merge_named, merge_tools
from askcam.server.access.viewer import Role
from askcam.server.errors import Refusal, unknown_camera
from askcam.server.wire.bodies import json_response
from askcam.server.wire.endpoint import Endpoint

Asking = Coroutine[Any, Any, ShardReply]


def listing(core: FrontCore, rows: list[Any], down: Sequence[str] | None = None, **more: Any) -> dict[str, Any]:
    """A list as a server has it, and which shards had no part in it: those that are `down` (None: of all)."""
    if down is None:
        down = core.directory.down()
    return {"object": "list", "data": rows, **more} | ({"shards_down": list(down)} if down else {})


async def lists_of(core: FrontCore, request: Request, path: str) -> dict[FrontShard, ShardReply]:
    """What each shard that is up says. Raises what one refuses if all do."""
    role = role_of(request)
    return await good_replies(core, role, core.directory.shards, lambda shard: shard.asked("GET", path, role=role))


async def good_replies(
    core: FrontCore, role: Role, among: Collection[S], ask: Callable[[S], Asking], away: Sequence[str] = ()
) -> dict[S, ShardReply]:
    """Of those shards that are up, what those say that refuse nothing. `away`: others that would have had a part.
    Raises what one refuses if all do, and ShardDown where the others might not."""
    shards = [shard for shard in among if shard.up]
    missing = next((shard.down for shard in among if not shard.up), ShardAway(*away) if away else None)
    if not shards:
        raise missing or NoShard()
    for shard in shards:
        shard.check_role(role)
    replies = await core.directory.everywhere(ask, shards)
    good = {shard: reply for shard, reply in replies.items() if isinstance(reply, ShardReply) and reply.status == 200}
    if not good:
        if missing is not None and all(isinstance(reply, Refusal) or reply.status == 404 for reply in replies.values()):
            raise missing  # what these have not, the others may have
        for shard, reply in replies.items():
            raise reply if isinstance(reply, Refusal) else RefusedThere(shard.name, reply)
    return good


def _announced(camera: str) -> Row:
    """A camera that is given to shards, whether one has it just now or not: asking says what is with it."""
    return {"id": camera, "object": "model", "created": 0, "owned_by": "askcam", "askcam": {"kind": "camera"}}


def passed_on(reply: ShardReply) -> Response:
    """A small reply as it is."""
    return json_response(reply.value, status=reply.status)


def rows_by_shard(replies: Mapping[S, ShardReply], name: str = "data") -> list[list[Row]]:
    """Raises ShardBroke."""
    found = []
    for shard, reply in replies.items():
        try:
            found.append(rows_of(reply, name) or [])
        except Garbage as exc:
            raise ShardBroke(shard.name, str(exc)) from exc
    return found


def endpoints(core: FrontCore) -> list[Endpoint]:
    directory = core.directory

    async def cameras(request: Request) -> Response:
        replies = await lists_of(core, request, "/v1/cameras")
        told = dict(zip(replies, rows_by_shard(replies), strict=True))
        rows = merge_named(directory.rows_of_cameras(told))
        unplaced = {} if core.joined is None else core.joined.table.view.unplaced()
        more: dict[str, Any] = {"cameras_unplaced": unplaced} if unplaced else {}
        return json_response(listing(core, rows, **more))

    async def models(request: Request) -> Response:
        return json_response(listing(core, known_models()))

    async def model(request: Request) -> Response:
        name = request.path_params["name"]
        for row in known_models():
            if row.get("id") == name:
                return json_response(row)
        raise unknown_camera(name, [*directory.cameras(), *OTHERS])

    def known_models() -> list[Row]:
        """Of shards that are down, too: they are known, and asking says what is with them."""
        told = directory.rows_of_cameras({shard: shard.models for shard in directory.shards})
        return merge_models([*told, [_announced(name) for name in directory.table.names()]], OTHERS)

    async def tools(request: Request) -> Response:
        replies = await lists_of(core, request, "/v1/tools")
        servers = merge_named(rows_by_shard(replies, "servers"))
        return json_response(listing(core, merge_tools(rows_by_shard(replies)), servers=servers))

    return [
        route("GET", "/v1/cameras", cameras),
        route("GET", "/v1/models", models),
        route("GET", "/v1/models/{name:path}", model),
        route("GET", "/v1/tools", tools),
    ]
