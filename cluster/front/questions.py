"""Chat completions: to the shard of their camera; those that are about no camera to any that can answer; those of all
cameras to all shards that have some. And answers with their frames, by ids that only their own shard has told."""

from starlette.requests import Request
from starlette.responses import Response

from askcam.cluster.front.all_cameras import chat_of_all
from askcam.cluster.front.choosing import asked_by_model, enter, who
from askcam.cluster.front.core import FrontCore, route
from askcam.cluster.front.relay import role_of
from askcam.cluster.front.shards import FrontShard
from askcam.server.wire.bodies import read_aside
from askcam.server.wire.endpoint import Endpoint


def endpoints(core: FrontCore) -> list[Endpoint]:
    async def asked(request: Request) -> Response:
        core.admit_question(request)
        found = await read_aside(await request.body(), who)
        to = await asked_by_model(core, request, None if found is None else found.model)
        if isinstance(to, FrontShard):
            return await core.relay(to, request)
        enter(core, request, to)
        return await chat_of_all(request, to)

    async def answer(request: Request) -> Response:
        path = f"/v1/answers/{request.path_params['id']}"
        shard = await core.directory.find(path, role_of(request), on_disk=True)  # of some there is evidence
        return await core.relay(shard, request)

    return [
        route("POST", "/v1/chat/completions", asked),
        route("GET", "/v1/answers/{id}", answer),
        route("GET", "/v1/answers/{id}/frames/{index:int}.jpg", answer),
        route("GET", "/v1/answers/{id}/key.jpg", answer),
    ]
