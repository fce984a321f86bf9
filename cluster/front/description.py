"""GET /openapi.json of a front: what its shards describe, and what is the front's own."""

import time
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from askcam.cluster.front.core import FrontCore, route
from askcam.server.access.viewer import Role
from askcam.server.wire.bodies import json_response
from askcam.server.wire.endpoint import Endpoint
from askcam.server.wire.openapi import describe

DESCRIPTION_S = 60.0  # for which a description is told without asking again


def endpoint(core: FrontCore, endpoints: Sequence[Endpoint]) -> Endpoint:
    """`endpoints`: all of the front; those that describe themselves are told beside what a shard tells."""
    own = describe([each for each in endpoints if each.name], core.auth.token_required)
    described: tuple[float, Any] = (0.0, None)  # until when (steady), and what

    async def description(request: Request) -> Response:
        nonlocal described
        until, told = described
        if told is None or time.monotonic() > until:
            reply = await core.directory.any().asked("GET", "/openapi.json", role=Role.VIEWER)
            if reply.status != 200:
                return json_response(reply.value, status=reply.status)
            described = (time.monotonic() + DESCRIPTION_S, joined(reply.value, own))
        return json_response(described[1])

    return route("GET", "/openapi.json", description, None)


def joined(told: Any, own: dict[str, Any]) -> Any:
    """A shard's description with the paths and schemas of `own`; what is none stays as it is. Pure."""
    match told:
        case {"paths": dict(paths), "components": {"schemas": dict(schemas), **rest}}:
            components = {**rest, "schemas": schemas | own["components"]["schemas"]}
            return told | {"paths": paths | own["paths"], "components": components}
    return told
