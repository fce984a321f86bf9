"""/v1/cameras: what they are, what they show, and (for an admin) adding and removing them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from askcam.client.protocol import CameraInfo, CameraList, encode
from askcam.server.access.shares import viewer_of
from askcam.server.access.viewer import Role
from askcam.server.access.visited import note
from askcam.server.camera_shapes import CameraChange, NewPolygon, NewZone, read_masks, read_zones
from askcam.server.camera_use import CameraUse
from askcam.server.core import Core
from askcam.server.errors import Invalid
from askcam.server.wire.about import ALL_CAMERAS, BY_HANDLER, of_camera
from askcam.server.wire.bodies import bounds, decode_body, json_response, number
from askcam.server.wire.endpoint import BINARY, CAMERA, JPEG, JSON, Endpoint, Reply, Takes
from askcam.server.wire.moments import rfc3339
from askcam.stream.camera import Camera, CameraConfig
from askcam.stream.errors import CameraUnavailable

BOUNDARY = "askcamframe"
RETRY_S = 0.5  # between looks at a camera that shows nothing


NAME = bounds(pattern="^[a-z0-9][a-z0-9_-]{0,62}$", **{"not": {"anyOf": [{"const": "askcam"}, {"pattern": "^push"}]}})


class NewCamera(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/cameras."""

    name: Annotated[str, NAME]
    uri: str
    fps: Annotated[float | None, bounds(minimum=0.05, maximum=60)] = None
    model: str | None = None  # which of the models here answers about it; None: the usual one
    masks: list[NewPolygon] = []  # parts of its picture that nobody is to see
    zones: dict[str, NewZone] = {}  # parts of it that can be asked about alone, by name


WIDTH = Takes("width", "query", "at most so many pixels wide", {"type": "number", "minimum": 16, "maximum": 3840})
RATE = Takes("fps", "query", "pictures per second", {"type": "number", "minimum": 0.1, "maximum": 25, "default": 10})
CAPTURED = {"X-Askcam-Captured-At": "RFC 3339, UTC: when it was taken", "X-Askcam-Age-Ms": "how old it is"}
LINKS = {
    name: {"operationId": name, "parameters": {"name": "$response.body#/name"}}
    for name in ("getCamera", "getSnapshot", "removeCamera")
}


def endpoints(core: Core) -> list[Endpoint]:
    async def listed(request: Request) -> Response:
        cameras = [core.cameras.info(name) for name in core.cameras.names(viewer_of(request))]
        return Response(encode(CameraList(cameras)), media_type="application/json")

    async def one(request: Request) -> Response:
        return json_response(core.cameras.info(request.path_params["name"], viewer_of(request)))

    async def added(request: Request) -> Response:
        body = await decode_body(request, NewCamera)
        note(request, camera=body.name)
        masks, zones = read_masks(body.masks), read_zones(body.zones)
        try:
            fps = CameraConfig().fps if body.fps is None else body.fps
            config = CameraConfig(fps=fps, masks=masks, zones=zones)
        except ValueError as exc:
            raise Invalid(str(exc), "fps") from exc
        core.cameras.add(body.name, body.uri, config, CameraUse(model=body.model))
        return json_response(core.cameras.info(body.name), status=201)

    async def changed(request: Request) -> Response:
        name, body = request.path_params["name"], await decode_body(request, CameraChange)
        core.cameras.change(name, *body.read())
        return json_response(core.cameras.info(name))

    async def removed(request: Request) -> Response:
        await core.cameras.remove(request.path_params["name"], viewer_of(request))
        return Response(status_code=204)

    async def snapshot(request: Request) -> Response:
        camera = core.cameras.get(request.path_params["name"], viewer_of(request))
        made = await core.pictures.jpeg(camera, width(request))
        age_ms = max(0.0, time.monotonic() - made.frame.mono) * 1000
        taken = {"X-Askcam-Captured-At": rfc3339(made.frame.wall), "X-Askcam-Age-Ms": f"{age_ms:.0f}"}
        return Response(made.data, media_type="image/jpeg", headers={"Cache-Control": "no-store"} | taken)

    async def live(request: Request) -> Response:
        camera = core.cameras.get(request.path_params["name"], viewer_of(request))
        fps = number(request, "fps", 10.0, 0.1, 25.0)
        max_width = width(request)
        core.enter(core.places.viewers, request)
        body = parts(core, camera, max_width, 1.0 / fps)
        headers = {"Cache-Control": "no-store"}
        if request.method == "HEAD":
            return Response(headers=headers, media_type=f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        return StreamingResponse(body, media_type=f"multipart/x-mixed-replace; boundary={BOUNDARY}", headers=headers)

    return [
        Endpoint(
            method="GET",
            path="/v1/cameras",
            handler=listed,
            name="listCameras",
            what="All public cameras",
            about=BY_HANDLER,
            replies={200: Reply("", {JSON: CameraList})},
            tag="cameras",
        ),
        Endpoint(
            method="POST",
            path="/v1/cameras",
            handler=added,
            name="addCamera",
            what="Add a camera. Admins only",
            about=ALL_CAMERAS,
            replies={201: Reply("it is being opened; its state says how that goes", {JSON: CameraInfo}, links=LINKS)},
            role=Role.ADMIN,
            body=NewCamera,
            errors=(400, 404, 409, 503, 507),
            tag="cameras",
        ),
        Endpoint(
            method="GET",
            path="/v1/cameras/{name}",
            handler=one,
            name="getCamera",
            what="One camera",
            replies={200: Reply("", {JSON: CameraInfo})},
            about=of_camera(core.cameras),
            takes=(CAMERA,),
            errors=(404,),
            tag="cameras",
        ),
        Endpoint(
            method="PUT",
            path="/v1/cameras/{name}",
            handler=changed,
            name="changeCamera",
            what="Hide other parts of its picture, or have other zones of it; what is not named stays. It holds until "
            "the server ends: write it into askcam.toml. Admins only",
            replies={200: Reply("so it is now", {JSON: CameraInfo})},
            about=of_camera(core.cameras),
            role=Role.ADMIN,
            body=CameraChange,
            takes=(CAMERA,),
            errors=(400, 404),
            tag="cameras",
        ),
        Endpoint(
            method="DELETE",
            path="/v1/cameras/{name}",
            handler=removed,
            name="removeCamera",
            what="Remove it. Admins only",
            replies={204: Reply("it is gone")},
            role=Role.ADMIN,
            about=of_camera(core.cameras),
            takes=(CAMERA,),
            errors=(404,),
            tag="cameras",
        ),
        Endpoint(
            method="GET",
            path="/v1/cameras/{name}/snapshot.jpg",
            handler=snapshot,
            name="getSnapshot",
            what="The newest decoded picture",
            replies={200: Reply("JPEG", JPEG, CAPTURED)},
            about=of_camera(core.cameras),
            takes=(CAMERA, WIDTH),
            errors=(400, 404, 503),
            tag="cameras",
        ),
        Endpoint(
            method="GET",
            path="/v1/cameras/{name}/live.mjpeg",
            handler=live,
            name="watch",
            what="A live picture for `<img>`; it goes on until the viewer leaves",
            replies={200: Reply("JPEG after JPEG", {f"multipart/x-mixed-replace; boundary={BOUNDARY}": BINARY})},
            about=of_camera(core.cameras),
            takes=(CAMERA, WIDTH, RATE),
            errors=(400, 404),
            tag="cameras",
        ),
    ]


def width(request: Request) -> int | None:
    """?width=, at most so many pixels wide."""
    return int(number(request, "width", 0, 16, 3840)) if "width" in request.query_params else None


async def parts(core: Core, camera: Camera, max_width: int | None, period_s: float) -> AsyncIterator[bytes]:
    """Newest frames as MIME parts, for as long as the viewer stays and camera and server exist. A slow viewer skips
    frames; while the camera is down nothing is sent, so a viewer must take its state from elsewhere."""
    loop, shown = asyncio.get_running_loop(), None
    while camera.name in core.cameras and not core.ending.is_set():
        due = loop.time() + period_s
        try:
            made = await core.pictures.jpeg(camera, max_width)
        except CameraUnavailable:
            await _sleep(core, RETRY_S)
            continue
        if made is not shown:
            shown = made
            head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(made.data)}\r\n\r\n"
            yield head.encode() + made.data + b"\r\n"
        await _sleep(core, max(0.01, due - loop.time()))


async def _sleep(core: Core, seconds: float) -> None:
    """... or until the server ends."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await core.ending.wait()
