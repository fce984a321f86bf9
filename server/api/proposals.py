"""/v1/watches/proposals/{id}: what was proposed by talking, confirmed or declined by an admin."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from askcam.server.access.auth import Role
from askcam.server.api.wire import json_response
from askcam.server.house import House
from askcam.server.watching.proposing import confirm, found, told


def routes(house: House) -> list[BaseRoute]:
    watching = house.watching

    async def one(request: Request) -> Response:
        return json_response(told(found(watching, request.path_params["id"])))

    async def confirmed(request: Request) -> Response:
        house.auth.require(request, Role.ADMIN)
        info = await confirm(watching, request.path_params["id"])
        return Response(status_code=204) if info is None else json_response(info, status=201)

    async def declined(request: Request) -> Response:
        house.auth.require(request, Role.ADMIN)
        proposal = found(watching, request.path_params["id"])
        watching.proposals.drop(proposal.id)
        return Response(status_code=204)

    return [
        Route("/v1/watches/proposals/{id}", one),
        Route("/v1/watches/proposals/{id}", declined, methods=["DELETE"]),
        Route("/v1/watches/proposals/{id}/confirm", confirmed, methods=["POST"]),
    ]
