"""GET /v1/models: every camera is a model, beside the model itself."""

import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from askcam.server.errors import unknown_camera
from askcam.server.house import House
from askcam.stream.states import State

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
        for name in house.cameras.announced:
            known[name] = {"kind": "camera", "state": State.CONNECTING.value}
        for name in house.cameras.names():
            known[name] = {"kind": "camera", "state": house.cameras.get(name).status().state.value}
        return known

    def entry(name: str, about: dict[str, object]) -> dict[str, object]:
        length = house.model.engine.info.context_tokens if house.model.loaded else None
        about_all = {"object": "model", "created": created, "owned_by": "askcam", "max_model_len": length}
        return {"id": name, **about_all, "askcam": about}

    async def listed(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [entry(*item) for item in entries().items()]})

    async def retrieved(request: Request) -> Response:
        name, known = request.path_params["name"], entries()
        if name not in known:
            raise unknown_camera(name, [camera for camera in known if camera != MODEL])
        return JSONResponse(entry(name, known[name]))

    return [Route("/v1/models", listed), Route("/v1/models/{name:path}", retrieved)]
