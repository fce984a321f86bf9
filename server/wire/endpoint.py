"""One method of one path: who may use it, what it takes, what it gives, and what carries it out.

Routes, roles and the OpenAPI description (openapi.py) are all made from it, so that none of them can lag behind.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from askcam.server.access.auth import check_role
from askcam.server.access.shares import client_of
from askcam.server.access.viewer import Role
from askcam.server.lifecycle import ServerPart
from askcam.server.wire.about import AboutCameras

Schema = Mapping[str, Any]
Handler = Callable[[Request], Awaitable[Response]]

JSON, SSE = "application/json", "text/event-stream"
TEXT: Schema = {"type": "string"}
BINARY: Schema = {}  # OpenAPI 3.1: bytes of a media type have no schema
ID: Schema = {"type": "integer", "minimum": 0}
WHOLE: Schema = {**ID, "maximum": 2**63 - 1}
MOMENT: Schema = {"type": "string", "format": "date-time"}
JPEG = {"image/jpeg": BINARY}
MP4 = {"video/mp4": BINARY}
CONVERTER = re.compile(r":\w+(?=})")  # Starlette's, "{id:int}"


@dataclass(frozen=True, slots=True)
class EventStream:
    """Server-sent events, each with JSON of one of `shapes` in its `data`, and at last `end`."""

    shapes: tuple[type, ...]
    end: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A response that is no error. `media`: a struct is JSON of it, a schema is as it says; none: no body."""

    what: str
    media: Mapping[str, type | Schema | EventStream] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # name -> what it says
    links: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Takes:
    """One parameter."""

    name: str
    place: str  # "path", "query", "header"
    what: str
    schema: Schema = field(default_factory=lambda: TEXT)


ANSWER = Takes("id", "path", "the answer's id: `askcam.answer_id` of what was answered")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`errors` are those beside the doors' own, which every endpoint has."""

    method: str
    path: str  # as Starlette has it
    handler: Handler
    name: str  # OpenAPI's operationId
    what: str
    replies: Mapping[int, Reply]
    about: AboutCameras
    role: Role | None = Role.VIEWER  # the least that one must be; None: open to all
    body: type | None = None
    body_required: bool = True
    takes: tuple[Takes, ...] = ()
    errors: tuple[int, ...] = ()
    tag: str = "server"

    @property
    def plain_path(self) -> str:
        """As OpenAPI has it."""
        return CONVERTER.sub("", self.path)

    def route(self) -> Route:
        """Whoever has a token is let in by the guard (access/guard.py), before a body is read; who may do this, and of
        which cameras, is told apart here."""
        need = self.role
        if need is None:
            return Route(self.path, self.handler, methods=[self.method])

        async def carried_out(request: Request) -> Response:
            check_role(client_of(request).viewer, need)
            await self.about.check(request)
            response = await self.handler(request)
            self.about.check_asked(request)
            return response

        return Route(self.path, carried_out, methods=[self.method])


class FrontPart(ServerPart):
    """What a feature brings to a front, which has neither cameras nor a model: what it answers by itself (of the shards
    by the front's own routes), and its life."""

    endpoints: Sequence[Endpoint] = ()


CAMERA = Takes("name", "path", "a camera, as GET /v1/cameras lists it")


def page_of(what: str, most: int, usual: int) -> tuple[Takes, Takes]:
    """How lists are read page by page: `before` an id, at most `limit`."""
    return (
        Takes("before", "query", f"{what}: the next page", WHOLE),
        Takes("limit", "query", "at most so many", {"type": "number", "minimum": 1, "maximum": most, "default": usual}),
    )
