"""/v1/watches: standing questions. Viewers read them, admins make, change and remove them."""

from dataclasses import fields
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from askcam.client.protocol import WatchList
from askcam.server.access.auth import Role
from askcam.server.api.wire import decode_body, json_response
from askcam.server.errors import bad_request
from askcam.server.house import House
from askcam.server.watching.setting import WatchSetting

KNOWN = tuple(each.name for each in fields(WatchSetting))


def routes(house: House) -> list[BaseRoute]:
    watching = house.watching

    async def listed(request: Request) -> Response:
        return json_response(WatchList(watching.all()))

    async def one(request: Request) -> Response:
        return json_response(watching.info(request.path_params["name"]))

    async def created(request: Request) -> Response:
        house.auth.require(request, Role.ADMIN)
        body = await decode_body(request, dict[str, Any])
        name = body.pop("name", None)
        if not isinstance(name, str):
            raise bad_request("a watch needs a name: a text of a-z, 0-9, '-', '_'", "name")
        for needed in ("question", "cameras"):
            if needed not in body:
                raise bad_request(f"a watch needs {needed}", needed, "missing_required_parameter")
        return json_response(await watching.create(name, setting(body)), status=201)

    async def changed(request: Request) -> Response:
        house.auth.require(request, Role.ADMIN)
        body = await decode_body(request, dict[str, Any])

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
    ]


def setting(body: dict[str, Any]) -> WatchSetting:
    """Raises ApiError 400 naming the field at fault."""
    for key in body:
        if key not in KNOWN:
            raise bad_request(f"a watch has no {key[:64]!r}; known: {', '.join(KNOWN)}", key[:64], "unknown_parameter")
    try:
        return msgspec.convert(body, WatchSetting)
    except msgspec.ValidationError as exc:
        message, _, where = str(exc).partition(" - at `$")
        first = message.partition(" ")[0].rstrip(":")
        param = where.strip("`.").partition("[")[0] or (first if first in KNOWN else None)
        raise bad_request(f"{message} in {param!r}" if where and param else message, param) from exc
