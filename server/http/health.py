"""/healthz: the process answers. /readyz: the model is warm. /metrics: for Prometheus."""

from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from askcam.server.core import Core
from askcam.server.gauges.rendering import CONTENT_TYPE
from askcam.server.wire.bodies import json_response
from askcam.server.wire.endpoint import JSON, TEXT, Endpoint, Reply


class Alive(msgspec.Struct):
    """The process answers."""

    status: Literal["ok"]


class Ready(msgspec.Struct):
    """The model is warm."""

    status: Literal["ready"]


class NotReady(msgspec.Struct):
    """How far the model is; or that the server behind which it runs is gone, for now."""

    status: Literal["loading", "failed", "unreachable"]
    what: str
    share: float  # 0 to 1
    failed: bool


def endpoints(core: Core) -> list[Endpoint]:
    """/healthz and /readyz are open to all; /metrics wants a viewer (server/access/guard.py)."""

    async def healthz(request: Request) -> Response:
        return json_response({"status": "ok"})

    async def readyz(request: Request) -> Response:
        readiness = core.model.readiness
        status, (what, share) = readiness.status, readiness.snapshot()
        if status == "ready" and (trouble := core.model.trouble) is not None:
            gone = {"status": "unreachable", "what": trouble, "share": 1.0, "failed": False}
            return json_response(gone, 503, {"Retry-After": "2"})
        if status == "ready":
            lost = await core.storage.look()  # answers go on without it: whoever sends questions here may go on, too
            return json_response({"status": "ready"} | ({"storage_lost": lost} if lost else {}))
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
            role=None,
        ),
        Endpoint(
            method="GET",
            path="/readyz",
            handler=readyz,
            name="getReadiness",
            what="Is the model warm, whatever the cameras do?",
            replies={200: Reply("yes", {JSON: Ready}), 503: Reply("not yet", {JSON: NotReady})},
            role=None,
        ),
        Endpoint(
            method="GET",
            path="/metrics",
            handler=metrics,
            name="getMetrics",
            what="For Prometheus",
            replies={200: Reply("its text format", {"text/plain": TEXT})},
        ),
    ]
