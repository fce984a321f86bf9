"""What stands before every route of a server, whatever it answers with: one ASGI app behind all doors, and every
refusal in OpenAI's shape."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, WebSocketRoute
from starlette.websockets import WebSocket

from askcam.engine.errors import EngineError
from askcam.server.access.auth import Auth
from askcam.server.access.bodies import BodyLimit
from askcam.server.access.browsers import KeysInProtocols, cors
from askcam.server.access.doorway import Doorway, harden
from askcam.server.access.guard import Guard, Keyed
from askcam.server.access.inflating import Inflate
from askcam.server.access.limits import Limits
from askcam.server.access.origins import normal_origin
from askcam.server.access.paths import Slashes, hint
from askcam.server.access.places import PlacesOf
from askcam.server.access.proxies import Forwarded, TrustedProxies
from askcam.server.access.request_ids import HEADER, SCOPE, RequestIds
from askcam.server.access.sign_in import SignIn, SignInRules
from askcam.server.access.visited import TellVisits, Visitors
from askcam.server.access.visits import Visits
from askcam.server.errors import CannotRead, NotFound, Refusal, as_refusal
from askcam.server.given_names import quoted
from askcam.server.http.counting import CountRequests
from askcam.server.http.refusing import Refusing, refuse, response_of
from askcam.server.wire.endpoint import Endpoint
from askcam.server.wire.refusals import MISTAKE, WireRefusal, on_wire
from askcam.stream.errors import StreamError

FORESEEN = (Refusal, EngineError, StreamError, CannotRead)


@dataclass(frozen=True, slots=True)
class Doors:
    """What the doors of one server know. `count` is told of each HTTP request: method, route's pattern, status."""

    auth: Auth
    limits: Limits
    places: PlacesOf
    proxies: TrustedProxies
    ending: asyncio.Event
    count: Callable[[str, str, int], None]
    keyed: Keyed = field(default_factory=dict)
    visits: Visits = field(default_factory=Visits)
    sign_in: SignInRules | None = None
    visitors: Sequence[Visitors] = ()  # are told of what people do
    ignored: Counter[str] = field(default_factory=Counter)  # of what is said of who has signed in


def app_behind(doors: Doors, endpoints: Collection[Endpoint], others: Iterable[BaseRoute]) -> Starlette:
    """One app. Whoever runs it opens and closes what its routes lean on around it. `others`: routes that are no
    endpoints."""
    auth = doors.auth
    wanting = {each.path for each in endpoints if each.role is not None}

    async def failed(request: Request, exc: Exception) -> Response:
        """Outside of all doors, so it says itself what they would have added."""
        told = problem(on_wire(as_refusal(exc)))
        told.headers[HEADER.decode()] = request.scope.get(SCOPE, "")
        if (normal_origin(origin := request.headers.get("origin", "")) or origin) in auth.origins:
            told.headers["Access-Control-Allow-Origin"], told.headers["Vary"] = origin, "Origin"
        return told

    most, places = doors.limits.max_body_bytes, doors.places
    app = Starlette(
        routes=[*(each.route() for each in endpoints), *others, WebSocketRoute("/{path:path}", _nowhere)],
        middleware=[
            Middleware(SignIn, proxies=doors.proxies, rules=doors.sign_in, ignored=doors.ignored),
            Middleware(Forwarded, proxies=doors.proxies),
            Middleware(Doorway, ending=doors.ending),
            Middleware(RequestIds),
            *cors(auth.origins),
            Middleware(Slashes),
            Middleware(CountRequests, count=doors.count),
            Middleware(KeysInProtocols),
            Middleware(TellVisits, visitors=doors.visitors),
            Middleware(Refusing),
            Middleware(
                Guard, auth=auth, requests=places.requests, visits=doors.visits, keyed=doors.keyed, beside=wanting
            ),
            Middleware(BodyLimit, max_bytes=most, receiving=places.receiving, intake=places.intake),
            Middleware(Inflate, max_bytes=most),
            Middleware(BodyLimit, max_bytes=most, receiving=places.receiving),
        ],
        # What is foreseen has a name here: after any other exception the connection is closed, and the log has it all.
        exception_handlers={HTTPException: _http, Exception: failed} | dict.fromkeys(FORESEEN, _refused),
    )
    app.router.redirect_slashes = False
    return app


def problem(told: WireRefusal) -> Response:
    """A refusal as an HTTP response."""
    response = response_of(told)
    harden(response.headers)  # what fails is answered outside of all doors
    return response


async def _refused(request: Request, exc: Exception) -> Response:
    return problem(on_wire(as_refusal(exc)))


async def _nowhere(websocket: WebSocket) -> None:
    """A websocket where there is none."""
    path = websocket.url.path
    known = path.endswith("/realtime") and not path.startswith("/v1/v1")
    await refuse(_not_there(path, lambda _: known), websocket.scope, websocket.receive, websocket.send)


def _not_there(path: str, known: Callable[[str], bool]) -> NotFound:
    text = f"nothing is at {quoted(path)}; {hint(path, known)}"
    return NotFound(text)


async def _http(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    what, headers = f"{request.method} {request.url.path}", dict(exc.headers or {})
    match exc.status_code:
        case 404:
            return problem(on_wire(_not_there(request.url.path, lambda path: bool(_methods(request, path)))))
        case 405:
            headers["Allow"] = ", ".join(sorted(_methods(request)))
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=headers)
            text = f"{what} is not allowed there; allowed: {headers['Allow']}"
        case _:
            text = f"{what}: {exc.detail}"
    code = "method_not_allowed" if exc.status_code == 405 else None
    return problem(WireRefusal(exc.status_code, MISTAKE, text, code=code, headers=headers))


def _methods(request: Request, path: str | None = None) -> set[str]:
    """What may be done at the request's path, or another one; each method may have a route of its own."""
    scope = {**request.scope, "root_path": request.scope.get("app_root_path", "")}  # as it came, not as a mount saw it
    if path is not None:
        scope["path"] = path
    routes = [route for route in request.app.routes if route.matches(scope)[0] is not Match.NONE]
    return {method for route in routes for method in getattr(route, "methods", None) or ("GET", "HEAD")}
