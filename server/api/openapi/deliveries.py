"""What the routes of deliveries take and give: operations.py's table goes on here."""

from collections.abc import Mapping

from askcam.client.deliveries import DeliveryList, Retried, Tried
from askcam.server.api.deliveries import RetryAll
from askcam.server.api.openapi.operations import JSON, Operation, Reply, Takes
from askcam.server.api.openapi.watches import WHOLE

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/v1/deliveries"): Operation(
        "listDeliveries",
        "How all targets of [notify] stand, and dead letters, newest first. Admins only",
        {200: Reply("", {JSON: DeliveryList})},
        takes=(
            Takes("target", "query", "only of this target"),
            Takes("before", "query", "only dead letters before this id: the next page", WHOLE),
            Takes("limit", "query", "at most so many", {"type": "number", "minimum": 1, "maximum": 500, "default": 50}),
        ),
        errors=(400, 404),
        tag="deliveries",
    ),
    ("POST", "/v1/deliveries/retry"): Operation(
        "retryDeliveries",
        "Send all dead letters of a target again. Admins only",
        {202: Reply("they wait again", {JSON: Retried})},
        body=RetryAll,
        errors=(400, 404),
        tag="deliveries",
    ),
    ("POST", "/v1/deliveries/{id}/retry"): Operation(
        "retryDelivery",
        "Send a dead letter again. Admins only",
        {202: Reply("it waits again", {JSON: Retried})},
        takes=(Takes("id", "path", "a dead letter's id", {"type": "integer", "minimum": 0}),),
        errors=(404,),
        tag="deliveries",
    ),
    ("POST", "/v1/notify/{name}/test"): Operation(
        "testTarget",
        "Send a test to a target, and wait for what comes of it. Admins only",
        {200: Reply("what came of it", {JSON: Tried})},
        takes=(Takes("name", "path", "a target, as GET /v1/deliveries lists it"),),
        errors=(404,),
        tag="deliveries",
    ),
}
