"""/v1/watches: standing questions. Viewers read them, admins make, change and remove them."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from askcam.client.watches import WatchList, WatchReadingsList
from askcam.server.access.auth import Role
from askcam.server.api.wire import decode_body, json_response, moment
from askcam.server.house import House
from askcam.server.watching.bodies import NewWatch, WatchChange, setting
from askcam.server.watching.setting import WatchSetting


def routes(house: House) -> list[BaseRoute]:
    watching = house.watching

    async def listed(request: Request) -> Response:
        return json_response(WatchList(watching.all()))

    async def one(request: Request) -> Response:
        return json_response(watching.info(request.path_params["name"]))

    async def readings(request: Request) -> Response:
        camera, since = request.query_params.get("camera"), moment(request, "since")
        found = watching.readings(request.path_params["name"], camera, since)
        return json_response(WatchReadingsList(found), headers={"Cache-Control": "private, no-store"})

    async def created(request: Request) -> Response:
        house.auth.require(request, Role.ADMIN)
        body: dict[str, Any] = msgspec.to_builtins(await decode_body(request, NewWatch))
        return json_response(await watching.create(body.pop("name"), setting(body)), status=201)

    async def changed(request: Request) -> Response:
        house.auth.require(request, Role.ADMIN)
        body = msgspec.to_builtins(await decode_body(request, WatchChange))

        def change(before: WatchSetting) -> WatchSetting:
            return setting(msgspec.to_builtins(before) | body)

        return json_response(await watching.change(request.path_params["name"], change))

    async def removed(request: Request) -> Response:
        house.auth.require(request, Role.ADMIN)
        await watching.remove(request.path_params["name"])
        return Response(status_code=204)

    return [
        Route("/v1/watches", listed),
        Route("/v1/watches", created, methods=["POST"]),
        Route("/v1/watches/{name}", one),
        Route("/v1/watches/{name}", changed, methods=["PATCH"]),
        Route("/v1/watches/{name}", removed, methods=["DELETE"]),
        Route("/v1/watches/{name}/readings", readings),
    ]
