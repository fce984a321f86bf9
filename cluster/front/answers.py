"""What is known by an id that only its own shard has told: answers with their frames, of which evidence may be on its
disk, and responses, which end with its process."""

from starlette.requests import Request
from starlette.responses import Response

from askcam.cluster.front.core import FrontCore, route
from askcam.cluster.front.relay import role_of
from askcam.server.wire.endpoint import Endpoint


def endpoints(core: FrontCore) -> list[Endpoint]:
    async def answer(request: Request) -> Response:
        return await found(request, "answers")

    async def response(request: Request) -> Response:
        return await found(request, "responses")

    async def found(request: Request, kind: str) -> Response:
        path = f"/v1/{kind}/{request.path_params['id']}"
        shard = await core.directory.find(path, role_of(request), on_disk=kind == "answers")
        return await core.relay(shard, request)

    return [
        route("GET", "/v1/answers/{id}", answer),
        route("GET", "/v1/answers/{id}/frames/{index:int}.jpg", answer),
        route("GET", "/v1/answers/{id}/key.jpg", answer),
        route("GET", "/v1/responses/{id}", response),
        route("DELETE", "/v1/responses/{id}", response),
    ]
