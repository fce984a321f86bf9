"""/healthz: the process answers. /readyz: the model is warm. /metrics: for Prometheus."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from askcam.server.api.wire import json_response
from askcam.server.house import House
from askcam.server.metrics import CONTENT_TYPE


def routes(house: House) -> list[BaseRoute]:
    """/healthz and /readyz are open to all; /metrics wants a viewer (server/access/guard.py)."""

    async def healthz(request: Request) -> Response:
        return json_response({"status": "ok"})

    async def readyz(request: Request) -> Response:
        readiness = house.model.readiness
        status, (what, share) = readiness.status, readiness.snapshot()
        if status == "ready":
            lost = await house.storage.look()  # answers go on without it: whoever sends questions here may go on, too
            return json_response({"status": "ready"} | ({"storage_lost": lost} if lost else {}))
        body = {"status": status, "what": what, "share": round(share, 3), "failed": status == "failed"}
        return json_response(body, 503, {"Retry-After": "2"} if status == "loading" else None)

    async def metrics(request: Request) -> Response:
        await house.storage.look()
        return Response(house.metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
