"""/v1/deliveries, /v1/notify: to whom events are brought, what they did not take, and trying again. For admins."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from askcam.server.access.auth import Role
from askcam.server.api.events import MAX_ID, NO_STORE, whole
from askcam.server.api.wire import decode_body, json_response, number
from askcam.server.errors import not_found
from askcam.server.house import House

LIMIT, MOST = 50, 500  # dead letters of one answer


class RetryAll(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/deliveries/retry."""

    target: str


def routes(house: House) -> list[BaseRoute]:
    notifying = house.notifying

    async def listed(request: Request) -> Response:
        house.auth.require(request, Role.ADMIN)
        limit = int(number(request, "limit", LIMIT, 1, MOST))
        found = await notifying.list(request.query_params.get("target"), whole(request, "before"), limit)
        return json_response(found, headers=NO_STORE)

    async def retried(request: Request) -> Response:
        house.auth.require(request, Role.ADMIN)
        letter = request.path_params["id"]
        if letter > MAX_ID:
            raise not_found("there is no such dead letter; GET /v1/deliveries lists them", "id")
        return json_response(await notifying.retry(letter), status=202)

    async def all_retried(request: Request) -> Response:
        house.auth.require(request, Role.ADMIN)
        body = await decode_body(request, RetryAll)
        return json_response(await notifying.retry_all(body.target), status=202)

    async def tested(request: Request) -> Response:
        house.auth.require(request, Role.ADMIN)
        return json_response(await notifying.test(request.path_params["name"]))

    return [
        Route("/v1/deliveries", listed),
        Route("/v1/deliveries/retry", all_retried, methods=["POST"]),
        Route("/v1/deliveries/{id:int}/retry", retried, methods=["POST"]),
        Route("/v1/notify/{name}/test", tested, methods=["POST"]),
    ]
