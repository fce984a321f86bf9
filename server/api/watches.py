"""/v1/watches: standing questions. Viewers read them, admins make, change and remove them."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from askcam.client.protocol import WatchList, WatchReadingsList
from askcam.server.access.auth import Role
from askcam.server.api.wire import decode_body, json_response, moment
from askcam.server.errors import bad_request
from askcam.server.house import House
from askcam.server.watching.setting import Kind, Severity, Share, WatchSetting


class NewWatch(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/watches; watching.setting.WatchSetting says what the fields mean."""

    name: str
    question: str
    cameras: list[str]
    kind: Kind = Kind.YESNO
    choices: list[str] = []
    on_when: list[str] = []
    every_s: float = 2.0
    on: Share = 0.7
    off: Share = 0.4
    for_s: float = 1.0
    cooldown_s: float = 0.0
    quiet: list[str] = []
    time_zone: str = "UTC"
    severity: Severity = Severity.WARNING
    only_when_healthy: bool = True
    enabled: bool = True


class WatchChange(msgspec.Struct, forbid_unknown_fields=True):
    """The body of PATCH /v1/watches/{name}: what is to be other than before."""

    question: str | UnsetType = UNSET
    cameras: list[str] | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    choices: list[str] | UnsetType = UNSET
    on_when: list[str] | UnsetType = UNSET
    every_s: float | UnsetType = UNSET
    on: Share | UnsetType = UNSET
    off: Share | UnsetType = UNSET
    for_s: float | UnsetType = UNSET
    cooldown_s: float | UnsetType = UNSET
    quiet: list[str] | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    severity: Severity | UnsetType = UNSET
    only_when_healthy: bool | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


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


def setting(body: dict[str, Any]) -> WatchSetting:
    """Raises ApiError 400 naming the field at fault."""
    try:
        return msgspec.convert(body, WatchSetting)
    except msgspec.ValidationError as exc:
        message = str(exc)
        first = message.partition(" ")[0].rstrip(":")
        raise bad_request(message, first if first in WatchChange.__struct_fields__ else None) from exc
