"""/v1/session: a page gives the token once and has a cookie from then on: <img> and WebSocket can send no headers."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from askcam.server.access.auth import COOKIE
from askcam.server.access.passes import LIFE_S
from askcam.server.api.wire import decode, json_response
from askcam.server.errors import ApiError
from askcam.server.house import House


class LogIn(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/session; it may be empty when the token is in the Authorization header."""

    token: str | None = None


def routes(house: House) -> list[BaseRoute]:
    """Open to all (server/access/guard.py): here one gets in."""

    async def tell(request: Request) -> Response:
        """Who the page is; `role` is null when it must log in first."""
        try:
            role = house.auth.require(request).value
        except ApiError as exc:
            if exc.status != 401:
                raise
            role = None
        return json_response({"role": role, "token_required": house.auth.token_required})

    async def log_in(request: Request) -> Response:
        body = await request.body()
        pass_id, role = house.auth.log_in(request, decode(body, LogIn).token if body else None)
        response = Response(status_code=204, headers={"X-Askcam-Role": role.value})
        _set(response, request, pass_id, int(LIFE_S))
        return response

    async def log_out(request: Request) -> Response:
        house.auth.log_out(request)
        response = Response(status_code=204)
        _set(response, request, "", 0)
        return response

    return [
        Route("/v1/session", tell),
        Route("/v1/session", log_in, methods=["POST"]),
        Route("/v1/session", log_out, methods=["DELETE"]),
    ]


def _set(response: Response, request: Request, value: str, max_age_s: int) -> None:
    """No script can read it, no foreign page sends it, and over TLS it never leaves TLS. `max_age_s` 0 deletes it."""
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, value, max_age=max_age_s, path="/", secure=secure, httponly=True, samesite="strict")
