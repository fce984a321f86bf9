"""Requests of one camera, which go to its shard; and where one more camera goes."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from askcam.cluster.front.core import FrontCore, route
from askcam.cluster.front.relay import role_of
from askcam.cluster.front.shards import FrontShard
from askcam.server.access.auth import Role
from askcam.server.camera_names import private
from askcam.server.errors import Conflict, Invalid, unknown_camera
from askcam.server.wire.bodies import decode_body, json_response
from askcam.server.wire.endpoint import Endpoint


class NewFrontCamera(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/cameras: a server's, and `shard`, on which; left out, on the one with the fewest cameras."""

    name: str
    uri: str
    fps: float | None = None
    model: str | None = None
    shard: str | None = None


async def shard_of(core: FrontCore, camera: str, request: Request) -> FrontShard:
    """Whose camera it is; a private one's is asked for. Raises NotFound, ShardDown, CameraTwice."""
    if private(camera) and not core.directory.has(camera):
        try:
            return await core.directory.find(f"/v1/cameras/{camera}", role_of(request))
        except Exception as exc:
            if getattr(exc, "code", None) != "not_found":
                raise
            raise unknown_camera(camera[:80], core.directory.cameras()) from exc
    return core.directory.owner_of(camera)


def endpoints(core: FrontCore) -> list[Endpoint]:
    directory = core.directory

    async def one(request: Request) -> Response:
        return await core.relay(await shard_of(core, request.path_params["name"], request), request)

    async def live(request: Request) -> Response:
        shard = await shard_of(core, request.path_params["name"], request)
        core.enter(core.places.viewers, request)
        return await core.relay(shard, request)

    async def removed(request: Request) -> Response:
        shard = await shard_of(core, request.path_params["name"], request)
        shard.wanted.set()
        return await core.relay(shard, request, Role.ADMIN)

    async def added(request: Request) -> Response:
        body = await decode_body(request, NewFrontCamera)
        if directory.has(body.name):
            there = directory.owner_of(body.name).name
            raise Conflict(f"there is a camera {body.name!r} already, on shard {there!r}: take another name", "name")
        shard = _chosen(body.shard)
        shard.check_role(role_of(request), Role.ADMIN)
        told = {field: getattr(body, field) for field in body.__struct_fields__ if field != "shard"}
        given = {field: value for field, value in told.items() if value is not None}
        reply = await shard.asked("POST", "/v1/cameras", role=Role.ADMIN, body=given)
        if reply.status == 201 and isinstance(reply.value, dict):
            shard.cameras[body.name] = reply.value  # the next look finds it, too
        return json_response(reply.value, status=reply.status)

    def _chosen(name: str | None) -> FrontShard:
        if name is None:
            return directory.roomiest()
        for shard in directory.shards:
            if shard.name == name:
                return shard
        raise Invalid(
            f"there is no shard {name[:80]!r}; shards here: {', '.join(each.name for each in directory.shards)}",
            "shard",
        )

    return [
        route("POST", "/v1/cameras", added, Role.ADMIN),
        route("GET", "/v1/cameras/{name}", one),
        route("DELETE", "/v1/cameras/{name}", removed, Role.ADMIN),
        route("GET", "/v1/cameras/{name}/snapshot.jpg", one),
        route("GET", "/v1/cameras/{name}/live.mjpeg", live),
        route("GET", "/v1/cameras/{name}/desk", one),
    ]
