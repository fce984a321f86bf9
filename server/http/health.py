"""/healthz: the process answers. /readyz: the models are warm. /metrics: for Prometheus."""

from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from askcam.server.core import Core
from askcam.server.gauges.rendering import CONTENT_TYPE
from askcam.server.wire.about import ALL_CAMERAS, NO_CAMERA
from askcam.server.wire.bodies import json_response
from askcam.server.wire.endpoint import JSON, TEXT, Endpoint, Reply


class Alive(msgspec.Struct):
    """The process answers."""

    status: Literal["ok"]


class Ready(msgspec.Struct):
    """All models are warm, and one of them at least can be asked."""

    status: Literal["ready"]
    storage_lost: dict[str, str] | msgspec.UnsetType = msgspec.UNSET  # what is kept, and is not where it was put
    models_lost: dict[str, str] | msgspec.UnsetType = msgspec.UNSET  # models whose servers are gone, for now, and why


class NotReady(msgspec.Struct):
    """How far the models are; or that the servers behind which they run are gone, all of them, for now."""

    status: Literal["loading", "failed", "unreachable"]
    what: str
    share: float  # 0 to 1
    failed: bool


def endpoints(core: Core) -> list[Endpoint]:
    """/healthz and /readyz are open to all; /metrics wants a viewer (server/access/guard.py)."""

    async def healthz(request: Request) -> Response:
        return json_response({"status": "ok"})

    async def readyz(request: Request) -> Response:
        readiness = core.models.readiness
        status, (what, share) = readiness.status, readiness.snapshot()
        gone = core.models.troubles
        if gone and not any(model.loaded and model.called not in gone for model in core.models):
            told = {"status": "unreachable", "what": next(iter(gone.values())), "share": 1.0, "failed": False}
            return json_response(told, 503, {"Retry-After": "2"})
        if status == "ready":
            lost = await core.storage.look()  # answers go on without it: whoever sends questions here may go on, too
            told = {"status": "ready"} | ({"storage_lost": lost} if lost else {})
            return json_response(told | ({"models_lost": gone} if gone else {}))
        body = {"status": status, "what": what, "share": round(share, 3), "failed": status == "failed"}
        return json_response(body, 503, {"Retry-After": "2"} if status == "loading" else None)

    async def metrics(request: Request) -> Response:
        await core.storage.look()
        return Response(core.metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    return [
        Endpoint(
            method="GET",
            path="/healthz",
            handler=healthz,
            name="getHealth",
            what="Does the process live?",
            replies={200: Reply("yes", {JSON: Alive})},
            about=NO_CAMERA,
            role=None,
        ),
        Endpoint(
            method="GET",
            path="/readyz",
            handler=readyz,
            name="getReadiness",
            what="Are the models warm, and can one of them at least be asked, whatever the cameras do?",
            replies={200: Reply("yes", {JSON: Ready}), 503: Reply("not yet", {JSON: NotReady})},
            about=NO_CAMERA,
            role=None,
        ),
        Endpoint(
            method="GET",
            path="/metrics",
            handler=metrics,
            name="getMetrics",
            what="For Prometheus",
            about=ALL_CAMERAS,
            replies={200: Reply("its text format", {"text/plain": TEXT})},
        ),
    ]
