"""Requests of one camera, which go to its shard; and where one more camera goes."""

import contextlib
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from askcam.client.protocol import CameraInfo, CameraZone
from askcam.cluster.front.core import FrontCore, route
from askcam.cluster.front.joined.room import JoinedRoom
from askcam.cluster.front.relay import role_of
from askcam.cluster.front.shards import FrontShard
from askcam.server.access.viewer import Role
from askcam.server.camera_names import private
from askcam.server.camera_shapes import CameraChange, NewPolygon, NewZone, read_masks, read_zones
from askcam.server.errors import Conflict, Invalid, Refusal, unknown_camera
from askcam.server.given_names import quoted
from askcam.server.wire.bodies import decode_body, json_response
from askcam.server.wire.endpoint import Endpoint

USUAL_FPS = 2.0  # of a camera, as a server samples it if nobody says


class NewFrontCamera(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/cameras: a server's, and `shard`, on which; left out, on the one with the fewest cameras.
    Where shards join, `only` (a shard, or a label) and `apart` say where it may be."""

    name: str
    uri: str
    fps: float | None = None
    model: str | None = None
    masks: list[NewPolygon] = []
    zones: dict[str, NewZone] = {}
    shard: str | None = None
    only: str | None = None
    apart: str | None = None

    def options(self) -> dict[str, Any]:
        """What its server is told of it."""
        told = {name: getattr(self, name) for name in ("name", "uri", "fps", "model", "masks", "zones")}
        left = {name: value for name, value in told.items() if value not in (None, [], {})}
        plain: dict[str, Any] = msgspec.to_builtins(left)
        return plain


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
        name = request.path_params["name"]
        if core.joined is not None and directory.table.wants(name):
            await core.joined.wanted.remove(name)
            return Response(status_code=204)
        shard = await shard_of(core, name, request)
        shard.wanted.set()
        return await core.relay(shard, request, Role.ADMIN)

    async def changed(request: Request) -> Response:
        name = request.path_params["name"]
        if core.joined is None or not directory.table.wants(name):
            return await core.relay(await shard_of(core, name, request), request, Role.ADMIN)
        body = await decode_body(request, CameraChange)
        body.read()
        changes: dict[str, Any] = msgspec.to_builtins(body)
        await core.joined.wanted.change(name, changes)
        told = msgspec.to_builtins(_connecting(name, "***", "its shard opens it anew", USUAL_FPS))
        with contextlib.suppress(Refusal):  # it has no shard just now
            known = directory.owner_of(name).cameras.get(name, {})
            told |= {key: value for key, value in known.items() if key not in ("state", "reason")}
        masks = changes.get("masks", told["masks"])
        return json_response(told | changes | {"masked": bool(masks)})

    async def added(request: Request) -> Response:
        body = await decode_body(request, NewFrontCamera)
        if directory.has(body.name):
            if directory.table.wants(body.name):
                raise Conflict(f"there is a camera {body.name!r} already: take another name", "name")
            there = directory.owner_of(body.name).name
            raise Conflict(f"there is a camera {body.name!r} already, on shard {there!r}: take another name", "name")
        if core.joined is not None and (body.shard is None or core.joined.shards.joined(body.shard)):
            return await given(core.joined, body)
        if body.only or body.apart:
            raise Invalid("only and apart are of cameras that are given to shards which join: [cluster]", "only")
        shard = _chosen(body.shard)
        shard.check_role(role_of(request), Role.ADMIN)
        reply = await shard.asked("POST", "/v1/cameras", role=Role.ADMIN, body=body.options())
        if reply.status == 201 and isinstance(reply.value, dict):
            shard.cameras[body.name] = reply.value  # the next look finds it, too
        return json_response(reply.value, status=reply.status)

    async def given(joined: JoinedRoom, body: NewFrontCamera) -> Response:
        """To whichever shard has room."""
        if body.shard is not None and body.only is not None:
            raise Invalid("shard and only say the same: leave one out", "only")
        if body.shard is not None and directory.get(body.shard) is None:
            _chosen(body.shard)  # says which there are
        read_masks(body.masks)
        read_zones(body.zones)
        options = body.options()
        del options["name"]
        await joined.wanted.add(body.name, options, body.shard or body.only or "", body.apart or "")
        return json_response(_being_given(body), status=201)

    def _chosen(name: str | None) -> FrontShard:
        if name is None:
            return directory.roomiest()
        for shard in directory.shards:
            if shard.name == name:
                return shard
        raise Invalid(
            f"there is no shard {quoted(name)}; shards here: {', '.join(each.name for each in directory.shards)}",
            "shard",
        )

    led = (lambda handler: handler) if core.joined is None else core.joined.leader.led
    return [
        route("POST", "/v1/cameras", led(added), Role.ADMIN),
        route("GET", "/v1/cameras/{name}", one),
        route("PUT", "/v1/cameras/{name}", led(changed), Role.ADMIN),
        route("DELETE", "/v1/cameras/{name}", led(removed), Role.ADMIN),
        route("GET", "/v1/cameras/{name}/snapshot.jpg", one),
        route("GET", "/v1/cameras/{name}/live.mjpeg", live),
        route("GET", "/v1/cameras/{name}/desk", one),
    ]


def _being_given(body: NewFrontCamera) -> CameraInfo:
    """As its shard will tell it. Of its address no more than its scheme: the rest is the shard's to read."""
    scheme, colon, _ = body.uri.partition(":")
    shown = f"{scheme[:20]}:***" if colon else "***"
    told = _connecting(body.name, shown, "it is given to a shard that has room", body.fps or USUAL_FPS)
    zones = {name: CameraZone(zone.polygon) for name, zone in body.zones.items()}
    return msgspec.structs.replace(told, masked=bool(body.masks), masks=body.masks, zones=zones)


def _connecting(name: str, uri: str, reason: str, fps: float) -> CameraInfo:
    """A camera of which nothing else is known yet."""
    return CameraInfo(
        name=name,
        uri=uri,
        state="connecting",
        reason=reason,
        width=None,
        height=None,
        fps=None,
        sample_fps=fps,
        frame_age_ms=None,
        health=[],
    )
