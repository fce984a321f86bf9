"""/v1/watches: standing questions. Viewers read them, watchers make, change and remove them."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from askcam.client.watches import WatchInfo, WatchList, WatchReadingsList
from askcam.features.watches import seen
from askcam.features.watches.bodies import NewWatch, WatchChange, setting
from askcam.features.watches.brought import would_be
from askcam.features.watches.service import Watching
from askcam.server.access.shares import viewer_of
from askcam.server.access.viewer import Role, Viewer
from askcam.server.access.visited import note
from askcam.server.wire.about import BY_HANDLER, AboutCameras, of_thing
from askcam.server.wire.bodies import decode_body, json_response
from askcam.server.wire.endpoint import JSON, MOMENT, Endpoint, Reply, Takes
from askcam.server.wire.moments import moment

WATCH = Takes("name", "path", "a watch, as GET /v1/watches lists it")
LINKS = {
    name: {"operationId": name, "parameters": {"name": "$response.body#/name"}}
    for name in ("getWatch", "changeWatch", "removeWatch")
}


def about_watch(watching: Watching, *, whole: bool = False) -> AboutCameras:
    """What endpoints are about that have a watch's name in their path. `whole`: only one whose cameras are all seen."""

    async def check(request: Request, viewer: Viewer) -> None:
        (seen.check_whole if whole else seen.watch)(watching, request.path_params["name"], viewer)

    return of_thing("a watch", check)


def endpoints(watching: Watching) -> list[Endpoint]:
    async def listed(request: Request) -> Response:
        await watching.judged.look()
        return json_response(WatchList(seen.watches(watching, viewer_of(request))))

    async def one(request: Request) -> Response:
        await watching.judged.look()
        return json_response(seen.watch(watching, request.path_params["name"], viewer_of(request)))

    async def readings(request: Request) -> Response:
        camera, since = request.query_params.get("camera"), moment(request, "since")
        found = seen.readings(watching, request.path_params["name"], viewer_of(request), camera, since)
        return json_response(WatchReadingsList(found), headers={"Cache-Control": "private, no-store"})

    async def created(request: Request) -> Response:
        body: dict[str, Any] = msgspec.to_builtins(await decode_body(request, NewWatch))
        note(request, watch=body["name"], cameras=body["cameras"])
        made = await seen.create(watching, body.pop("name"), setting(body), viewer_of(request))
        return json_response(made, status=201)

    async def checked(request: Request) -> Response:
        body: dict[str, Any] = msgspec.to_builtins(await decode_body(request, NewWatch))
        name, wanted = body.pop("name"), setting(body)
        seen.check_cameras(watching, wanted, viewer_of(request))
        return json_response(await would_be(watching, name, wanted))

    async def changed(request: Request) -> Response:
        body = msgspec.to_builtins(await decode_body(request, WatchChange))
        note(request, changes=sorted(body), cameras=body.get("cameras"))
        name, viewer = request.path_params["name"], viewer_of(request)
        await seen.change(watching, name, body, viewer)
        await watching.judged.look()
        return json_response(seen.watch(watching, name, viewer))

    async def removed(request: Request) -> Response:
        await seen.remove(watching, request.path_params["name"], viewer_of(request))
        return Response(status_code=204)

    of_watch = about_watch(watching)
    return [
        Endpoint(
            method="GET",
            path="/v1/watches",
            handler=listed,
            name="listWatches",
            what="All standing questions",
            replies={200: Reply("", {JSON: WatchList})},
            about=BY_HANDLER,
            tag="watches",
        ),
        Endpoint(
            method="POST",
            path="/v1/watches",
            handler=created,
            name="createWatch",
            what="Ask a standing question. Watchers and admins only",
            replies={201: Reply("it is being watched", {JSON: WatchInfo}, links=LINKS)},
            role=Role.WATCHER,
            about=BY_HANDLER,
            body=NewWatch,
            errors=(400, 404, 409, 503),
            tag="watches",
        ),
        Endpoint(
            method="POST",
            path="/v1/watches/check",
            handler=checked,
            name="checkWatch",
            what="Whether that watch could be made, and how it would be set; nothing is made. Watchers and admins only",
            replies={200: Reply("it could be made", {JSON: WatchInfo})},
            role=Role.WATCHER,
            about=BY_HANDLER,
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
            about=of_watch,
            takes=(WATCH,),
            errors=(404,),
            tag="watches",
        ),
        Endpoint(
            method="PATCH",
            path="/v1/watches/{name}",
            handler=changed,
            name="changeWatch",
            what="Change what is named. Watchers and admins only",
            replies={200: Reply("", {JSON: WatchInfo})},
            role=Role.WATCHER,
            body=WatchChange,
            about=of_watch,
            takes=(WATCH,),
            errors=(400, 404, 409, 503),
            tag="watches",
        ),
        Endpoint(
            method="DELETE",
            path="/v1/watches/{name}",
            handler=removed,
            name="removeWatch",
            what="Remove it; its events stay. Watchers and admins only",
            replies={204: Reply("it is gone")},
            role=Role.WATCHER,
            about=of_watch,
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
            about=of_watch,
            takes=(
                WATCH,
                Takes("camera", "query", "only of this one of its cameras"),
                Takes("since", "query", "only later ones: RFC 3339 with its time zone", MOMENT),
            ),
            errors=(400, 404),
            tag="watches",
        ),
    ]
