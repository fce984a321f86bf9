"""One ASGI app: routes from the rooms in api/, every refusal in OpenAI's shape."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from askcam.client.protocol import Problem, encode
from askcam.engine.errors import EngineError
from askcam.server.access.guard import BodyLimit, Guard
from askcam.server.api import (
    calibration,
    cameras,
    deliveries,
    desk,
    events,
    health,
    history,
    login,
    models,
    page,
    proposals,
    timeline,
    tools,
    watches,
)
from askcam.server.api.chat import completions
from askcam.server.api.openapi import document
from askcam.server.api.realtime import routes as realtime
from askcam.server.api.responses import routes as responses
from askcam.server.errors import ApiError, as_api_error
from askcam.server.evidence.errors import EvidenceError
from askcam.server.house import House
from askcam.server.metrics import CountRequests
from askcam.stream.errors import StreamError

log = logging.getLogger(__name__)

FORESEEN = (ApiError, EngineError, StreamError, EvidenceError)
Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def build_app(house: House) -> Starlette:
    """The whole server as one app. Whoever runs it must close the house afterwards."""
    rooms = (
        page,
        document,
        health,
        login,
        models,
        completions,
        responses,
        realtime,
        cameras,
        history,
        tools,
        desk,
        watches,
        proposals,
        calibration,
        events,
        deliveries,
        timeline,
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await house.sessions.close()
        await house.cameras.close()

    return Starlette(
        routes=[route for room in rooms for route in room.routes(house)],
        middleware=[
            Middleware(CountRequests, metrics=house.metrics),
            Middleware(Guard, auth=house.auth),
            Middleware(BodyLimit, max_bytes=house.limits.max_body_bytes),
        ],
        # What is foreseen has a name here: after any other exception the connection is closed, and the log has it all.
        exception_handlers={HTTPException: _http, Exception: _failed} | dict.fromkeys(FORESEEN, _refused),
        lifespan=lifespan,
    )


def problem(error: ApiError) -> Response:
    """An error as an HTTP response."""
    return Response(encode(Problem(error.body())), error.status, error.headers, media_type="application/json")


async def _refused(request: Request, exc: Exception) -> Response:
    return problem(as_api_error(exc))


async def _failed(request: Request, exc: Exception) -> Response:
    return problem(as_api_error(exc))


async def _http(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    what, headers = f"{request.method} {request.url.path}", dict(exc.headers or {})
    match exc.status_code:
        case 404:
            text = f"nothing is at {request.url.path!r}; docs/protocol.md lists what is"
        case 405:
            headers["Allow"] = ", ".join(sorted(_methods(request)))
            text = f"{what} is not allowed there; allowed: {headers['Allow']}"
        case _:
            text = f"{what}: {exc.detail}"
    code = "not_found" if exc.status_code == 404 else None
    return problem(ApiError(exc.status_code, "invalid_request_error", text, code=code, headers=headers))


def _methods(request: Request) -> set[str]:
    """What may be done at the request's path; each method may have a route of its own."""
    scope = {**request.scope, "root_path": request.scope.get("app_root_path", "")}  # as it came, not as a mount saw it
    routes = [route for route in request.app.routes if route.matches(scope)[0] is not Match.NONE]
    return {method for route in routes for method in getattr(route, "methods", None) or ("GET", "HEAD")}
