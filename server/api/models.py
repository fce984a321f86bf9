"""GET /v1/models: every camera is a model, beside the model itself."""

import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from askcam.server.errors import unknown_camera
from askcam.server.house import House

MODEL = "askcam"  # asks about the pictures in the message, no camera


def routes(house: House) -> list[BaseRoute]:
    """List and retrieve, as OpenAI's SDKs call them. `askcam` says what stands behind a name."""
    created = int(time.time())

    def entries() -> dict[str, dict[str, object]]:
        about: dict[str, object] = {"kind": "model", "model": house.model.name, "ready": house.model.loaded}
        if house.model.loaded:
            info = house.model.engine.info
            about |= {"backend": info.backend, "family": info.family, "device": info.device, "note": info.note or None}
        known: dict[str, dict[str, object]] = {MODEL: about}
        for name in house.cameras.names():
            known[name] = {"kind": "camera", "state": house.cameras.get(name).status().state.value}
        return known

    def entry(name: str, about: dict[str, object]) -> dict[str, object]:
        return {"id": name, "object": "model", "created": created, "owned_by": "askcam", "askcam": about}

    async def listed(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [entry(*item) for item in entries().items()]})

    async def retrieved(request: Request) -> Response:
        name, known = request.path_params["name"], entries()
        if name not in known:
            raise unknown_camera(name, house.cameras.names())
        return JSONResponse(entry(name, known[name]))

    return [Route("/v1/models", listed), Route("/v1/models/{name}", retrieved)]
