"""/v1/watches/{name}/calibration: how sure a watch is against how often it is right. Viewers read it, admins set it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from askcam.client.calibration import Calibration
from askcam.server.access.auth import Role
from askcam.server.api.wire import decode_body, json_response
from askcam.server.house import House
from askcam.server.watching import calibrated

PATH = "/v1/watches/{name}/calibration"


def routes(house: House) -> list[BaseRoute]:
    watching = house.watching

    async def one(request: Request) -> Response:
        return json_response(await calibrated.get(watching, request.path_params["name"]))

    async def kept(request: Request) -> Response:
        house.auth.require(request, Role.ADMIN)
        body = await decode_body(request, Calibration)
        return json_response(await calibrated.put(watching, request.path_params["name"], body))

    async def removed(request: Request) -> Response:
        house.auth.require(request, Role.ADMIN)
        await calibrated.remove(watching, request.path_params["name"])
        return Response(status_code=204)

    return [Route(PATH, one), Route(PATH, kept, methods=["PUT"]), Route(PATH, removed, methods=["DELETE"])]
