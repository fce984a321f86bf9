"""/v1/deliveries, /v1/notify: to whom events are brought, what they did not take, and trying again. For admins."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from askcam.client.deliveries import DeliveryList, Retried, Tried
from askcam.features.notify.service import Notifying
from askcam.server.access.viewer import Role
from askcam.server.errors import NotFound
from askcam.server.wire.about import ALL_CAMERAS
from askcam.server.wire.bodies import MAX_ID, NO_STORE, decode_body, json_response, number, whole
from askcam.server.wire.endpoint import ID, JSON, Endpoint, Reply, Takes, page_of

LIMIT, MOST = 50, 500  # dead letters of one answer


class RetryAll(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/deliveries/retry."""

    target: str


def endpoints(notifying: Notifying) -> list[Endpoint]:
    async def listed(request: Request) -> Response:
        limit = int(number(request, "limit", LIMIT, 1, MOST))
        found = await notifying.list(request.query_params.get("target"), whole(request, "before"), limit)
        return json_response(found, headers=NO_STORE)

    async def retried(request: Request) -> Response:
        letter = request.path_params["id"]
        if letter > MAX_ID:
            raise NotFound("there is no such dead letter; GET /v1/deliveries lists them", "id")
        return json_response(await notifying.retry(letter), status=202)

    async def all_retried(request: Request) -> Response:
        body = await decode_body(request, RetryAll)
        return json_response(await notifying.retry_all(body.target), status=202)

    async def tested(request: Request) -> Response:
        return json_response(await notifying.test(request.path_params["name"]))

    return [
        Endpoint(
            method="GET",
            path="/v1/deliveries",
            handler=listed,
            name="listDeliveries",
            what="How all targets of [notify] stand, and dead letters, newest first. Admins only",
            replies={200: Reply("", {JSON: DeliveryList})},
            about=ALL_CAMERAS,
            role=Role.ADMIN,
            takes=(
                Takes("target", "query", "only of this target"),
                *page_of("only dead letters before this id", MOST, LIMIT),
            ),
            errors=(400, 404),
            tag="deliveries",
        ),
        Endpoint(
            method="POST",
            path="/v1/deliveries/retry",
            handler=all_retried,
            name="retryDeliveries",
            what="Send all dead letters of a target again. Admins only",
            replies={202: Reply("they wait again", {JSON: Retried})},
            about=ALL_CAMERAS,
            role=Role.ADMIN,
            body=RetryAll,
            errors=(400, 404),
            tag="deliveries",
        ),
        Endpoint(
            method="POST",
            path="/v1/deliveries/{id:int}/retry",
            handler=retried,
            name="retryDelivery",
            what="Send a dead letter again. Admins only",
            replies={202: Reply("it waits again", {JSON: Retried})},
            about=ALL_CAMERAS,
            role=Role.ADMIN,
            takes=(Takes("id", "path", "a dead letter's id", ID),),
            errors=(404,),
            tag="deliveries",
        ),
        Endpoint(
            method="POST",
            path="/v1/notify/{name}/test",
            handler=tested,
            name="testTarget",
            what="Send a test to a target, and wait for what comes of it. Admins only",
            replies={200: Reply("what came of it", {JSON: Tried})},
            about=ALL_CAMERAS,
            role=Role.ADMIN,
            takes=(Takes("name", "path", "a target, as GET /v1/deliveries lists it"),),
            errors=(404,),
            tag="deliveries",
        ),
    ]
