"""/v1/watches: standing questions. Viewers read them, admins make, change and remove them."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from askcam.client.watches import WatchInfo, WatchList, WatchReadingsList
from askcam.features.watches.bodies import NewWatch, WatchChange, setting
from askcam.features.watches.brought import would_be
from askcam.features.watches.service import Watching
from askcam.features.watches.setting import WatchSetting
from askcam.server.access.auth import Role
from askcam.server.wire.bodies import decode_body, json_response
from askcam.server.wire.endpoint import JSON, MOMENT, Endpoint, Reply, Takes
from askcam.server.wire.moments import moment

WATCH = Takes("name", "path", "a watch, as GET /v1/watches lists it")
LINKS = {
    name: {"operationId": name, "parameters": {"name": "$response.body#/name"}}
    for name in ("getWatch", "changeWatch", "removeWatch")
}


def endpoints(watching: Watching) -> list[Endpoint]:
    async def listed(request: Request) -> Response:
        return json_response(WatchList(watching.all()))

    async def one(request: Request) -> Response:
        return json_response(watching.info(request.path_params["name"]))

    async def readings(request: Request) -> Response:
        camera, since = request.query_params.get("camera"), moment(request, "since")
        found = watching.readings(request.path_params["name"], camera, since)
        return json_response(WatchReadingsList(found), headers={"Cache-Control": "private, no-store"})

    async def created(request: Request) -> Response:
        body: dict[str, Any] = msgspec.to_builtins(await decode_body(request, NewWatch))
        return json_response(await watching.create(body.pop("name"), setting(body)), status=201)

    async def checked(request: Request) -> Response:
        body: dict[str, Any] = msgspec.to_builtins(await decode_body(request, NewWatch))
        return json_response(await would_be(watching, body.pop("name"), setting(body)))

    async def changed(request: Request) -> Response:
        body = msgspec.to_builtins(await decode_body(request, WatchChange))

        def change(before: WatchSetting) -> WatchSetting:
            return setting(msgspec.to_builtins(before) | body)

        return json_response(await watching.change(request.path_params["name"], change))

    async def removed(request: Request) -> Response:
        await watching.remove(request.path_params["name"])
        return Response(status_code=204)

    return [
        Endpoint(
            method="GET",
            path="/v1/watches",
            handler=listed,
            name="listWatches",
            what="All standing questions",
            replies={200: Reply("", {JSON: WatchList})},
            tag="watches",
        ),
        Endpoint(
            method="POST",
            path="/v1/watches",
            handler=created,
            name="createWatch",
            what="Ask a standing question. Admins only",
            replies={201: Reply("it is being watched", {JSON: WatchInfo}, links=LINKS)},
            role=Role.ADMIN,
            body=NewWatch,
            errors=(400, 404, 409, 503),
            tag="watches",
        ),
        Endpoint(
            method="POST",
            path="/v1/watches/check",
            handler=checked,
            name="checkWatch",
            what="Whether that watch could be made, and how it would be set; nothing is made. Admins only",
            replies={200: Reply("it could be made", {JSON: WatchInfo})},
            role=Role.ADMIN,
            body=NewWatch,
            errors=(400, 404, 409, 503),
            tag="watches",
        ),
        Endpoint(
            method="GET",
            path="/v1/watches/{name}",
            handler=one,
            name="getWatch",
            what="One of them, and how it stands on each camera",
            replies={200: Reply("", {JSON: WatchInfo})},
            takes=(WATCH,),
            errors=(404,),
            tag="watches",
        ),
        Endpoint(
            method="PATCH",
            path="/v1/watches/{name}",
            handler=changed,
            name="changeWatch",
            what="Change what is named. Admins only",
            replies={200: Reply("", {JSON: WatchInfo})},
            role=Role.ADMIN,
            body=WatchChange,
            takes=(WATCH,),
            errors=(400, 404, 409, 503),
            tag="watches",
        ),
        Endpoint(
            method="DELETE",
            path="/v1/watches/{name}",
            handler=removed,
            name="removeWatch",
            what="Remove it; its events stay. Admins only",
            replies={204: Reply("it is gone")},
            role=Role.ADMIN,
            takes=(WATCH,),
            errors=(404, 409, 503),
            tag="watches",
        ),
        Endpoint(
            method="GET",
            path="/v1/watches/{name}/readings",
            handler=readings,
            name="getWatchReadings",
            what="Its last readings on each of its cameras, up to 600 each",
            replies={200: Reply("oldest first", {JSON: WatchReadingsList})},
            takes=(
                WATCH,
                Takes("camera", "query", "only of this one of its cameras"),
                Takes("since", "query", "only later ones: RFC 3339 with its time zone", MOMENT),
            ),
            errors=(400, 404),
            tag="watches",
        ),
    ]
