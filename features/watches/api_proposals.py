"""/v1/watches/proposals/{id}: what was proposed by talking, confirmed or declined by an admin."""

from starlette.requests import Request
from starlette.responses import Response

from askcam.client.watches import WatchInfo, WatchProposal
from askcam.features.watches.confirm import as_told, confirm, found
from askcam.features.watches.service import Watching
from askcam.server.access.auth import Role
from askcam.server.wire.bodies import json_response
from askcam.server.wire.endpoint import JSON, Endpoint, Reply, Takes

PROPOSAL = Takes("id", "path", "a proposal's id, as create_watch told it")


def endpoints(watching: Watching) -> list[Endpoint]:
    async def one(request: Request) -> Response:
        return json_response(as_told(found(watching, request.path_params["id"])))

    async def confirmed(request: Request) -> Response:
        info = await confirm(watching, request.path_params["id"])
        return Response(status_code=204) if info is None else json_response(info, status=201)

    async def declined(request: Request) -> Response:
        proposal = found(watching, request.path_params["id"])
        watching.proposals.drop(proposal.id)
        return Response(status_code=204)

    return [
        Endpoint(
            method="GET",
            path="/v1/watches/proposals/{id}",
            handler=one,
            name="getProposal",
            what="A watch that was proposed by talking, and waits for a yes",
            replies={200: Reply("", {JSON: WatchProposal})},
            takes=(PROPOSAL,),
            errors=(404,),
            tag="watches",
        ),
        Endpoint(
            method="DELETE",
            path="/v1/watches/proposals/{id}",
            handler=declined,
            name="declineProposal",
            what="Forget it. Admins only",
            replies={204: Reply("it is gone")},
            role=Role.ADMIN,
            takes=(PROPOSAL,),
            errors=(404,),
            tag="watches",
        ),
        Endpoint(
            method="POST",
            path="/v1/watches/proposals/{id}/confirm",
            handler=confirmed,
            name="confirmProposal",
            what="Carry it out. Admins only",
            replies={201: Reply("it is being watched", {JSON: WatchInfo}), 204: Reply("the watch is removed")},
            role=Role.ADMIN,
            takes=(PROPOSAL,),
            errors=(400, 404, 409, 503),
            tag="watches",
        ),
    ]
