"""/v1/watches/{name}/calibration: how sure a watch is against how often it is right. Viewers read it, watchers set
it."""

from starlette.requests import Request
from starlette.responses import Response

from askcam.client.calibration import Calibration
from askcam.features.calibration.kept import Calibrations
from askcam.features.watches.api import WATCH, about_watch
from askcam.features.watches.service import Watching
from askcam.server.access.viewer import Role
from askcam.server.wire.bodies import decode_body, json_response
from askcam.server.wire.endpoint import JSON, Endpoint, Reply


def endpoints(watching: Watching, calibrations: Calibrations) -> list[Endpoint]:
    async def one(request: Request) -> Response:
        return json_response(await calibrations.get(request.path_params["name"]))

    async def kept(request: Request) -> Response:
        body = await decode_body(request, Calibration)
        return json_response(await calibrations.put(request.path_params["name"], body))

    async def removed(request: Request) -> Response:
        await calibrations.remove(request.path_params["name"])
        return Response(status_code=204)

    of_watch = about_watch(watching, whole=True)
    return [
        Endpoint(
            method="GET",
            path="/v1/watches/{name}/calibration",
            handler=one,
            name="getCalibration",
            what="How sure it is against how often it is right, as it was last measured",
            replies={200: Reply("", {JSON: Calibration})},
            about=of_watch,
            takes=(WATCH,),
            errors=(404, 503),
            tag="watches",
        ),
        Endpoint(
            method="PUT",
            path="/v1/watches/{name}/calibration",
            handler=kept,
            name="putCalibration",
            what="Keep a calibration until it is asked something else. Watchers and admins only",
            replies={200: Reply("it is kept", {JSON: Calibration})},
            role=Role.WATCHER,
            body=Calibration,
            about=of_watch,
            takes=(WATCH,),
            errors=(400, 404, 409, 503),
            tag="watches",
        ),
        Endpoint(
            method="DELETE",
            path="/v1/watches/{name}/calibration",
            handler=removed,
            name="removeCalibration",
            what="Forget it. Watchers and admins only",
            replies={204: Reply("it is gone")},
            role=Role.WATCHER,
            about=of_watch,
            takes=(WATCH,),
            errors=(404, 503),
            tag="watches",
        ),
    ]
