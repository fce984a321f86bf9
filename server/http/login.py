"""/v1/session: a page gives the token once and has a cookie from then on: <img> and WebSocket can send no headers."""

from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from askcam.server.access.auth import COOKIE, Auth
from askcam.server.access.passes import LIFE_S
from askcam.server.errors import Unauthenticated
from askcam.server.wire.about import NO_CAMERA
from askcam.server.wire.bodies import decode, json_response
from askcam.server.wire.endpoint import JSON, Endpoint, Reply


class LogIn(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/session; it may be empty when the token is in the Authorization header."""

    token: str | None = None


class WhoAmI(msgspec.Struct):
    """Who the page is; `role` is null when it must log in first."""

    role: Literal["viewer", "watcher", "admin"] | None
    token_required: bool
    name: str | None = None  # of the token, or of who has signed in
    cameras: list[str] | None = None  # which it is for; null: all


def endpoints(auth: Auth) -> list[Endpoint]:
    """Open to all (server/access/guard.py): here one gets in."""

    async def tell(request: Request) -> Response:
        """Who the page is; `role` is null when it must log in first."""
        try:
            viewer = auth.require(request)
        except Unauthenticated:
            return json_response(WhoAmI(None, auth.token_required))
        return json_response(
            WhoAmI(
                viewer.role.value,
                auth.token_required,
                viewer.name,
                None if viewer.cameras is None else sorted(viewer.cameras),
            )
        )

    async def log_in(request: Request) -> Response:
        body = await request.body()
        pass_id, viewer = auth.log_in(request, decode(body, LogIn).token if body else None)
        response = Response(status_code=204, headers={"X-Askcam-Role": viewer.role.value})
        _set(response, request, pass_id, int(LIFE_S))
        return response

    async def log_out(request: Request) -> Response:
        auth.log_out(request)
        response = Response(status_code=204)
        _set(response, request, "", 0)
        return response

    return [
        Endpoint(
            method="GET",
            path="/v1/session",
            handler=tell,
            name="getSession",
            what="Who am I?",
            replies={200: Reply("you are", {JSON: WhoAmI})},
            about=NO_CAMERA,
            role=None,
            tag="page",
        ),
        Endpoint(
            method="POST",
            path="/v1/session",
            handler=log_in,
            name="logIn",
            what="Exchange the token for the page's cookie",
            replies={204: Reply("the cookie is set", headers={"X-Askcam-Role": "viewer, watcher or admin"})},
            about=NO_CAMERA,
            role=None,
            body=LogIn,
            body_required=False,
            errors=(400, 401),
            tag="page",
        ),
        Endpoint(
            method="DELETE",
            path="/v1/session",
            handler=log_out,
            name="logOut",
            what="Log out",
            replies={204: Reply("the cookie is gone")},
            about=NO_CAMERA,
            role=None,
            tag="page",
        ),
    ]


def _set(response: Response, request: Request, value: str, max_age_s: int) -> None:
    """No script can read it, no foreign page sends it, and over TLS it never leaves TLS. `max_age_s` 0 deletes it."""
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, value, max_age=max_age_s, path="/", secure=secure, httponly=True, samesite="strict")
