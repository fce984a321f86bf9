"""The door in front of every route: paths that want another token than people's have it looked at there."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from askcam.server.access.auth import Auth, Tokens
from askcam.server.access.doorway import Doorway
from askcam.server.access.guard import Guard
from askcam.server.access.shares import Places
from askcam.server.access.visits import Visits
from askcam.server.errors import PermissionDenied, Unauthenticated

PEOPLE = {"viewer-of-people": 200, "admin-of-people": 200, "another": 401}


def check(conn: HTTPConnection) -> None:
    if conn.headers.get("authorization") != "Bearer another":
        raise PermissionDenied("not with this token")


def app() -> Starlette:
    import asyncio

    async def heard(request: Request) -> PlainTextResponse:
        return PlainTextResponse("heard")

    async def refused(request: Request, exc: Exception) -> PlainTextResponse:
        return PlainTextResponse("", 401 if isinstance(exc, Unauthenticated) else 403)

    auth, places = Auth(Tokens("viewer-of-people", "admin-of-people")), Places("requests", 8, remedy="wait")
    return Starlette(
        routes=[Route("/v1/keyed", heard, methods=["POST"]), Route("/v1/usual", heard, methods=["POST"])],
        middleware=[
            Middleware(Doorway, ending=asyncio.Event()),
            Middleware(Guard, auth=auth, requests=places, visits=Visits(), keyed={"/v1/keyed": check}, beside=()),
        ],
        exception_handlers={Unauthenticated: refused, PermissionDenied: refused},
    )


@pytest.mark.parametrize("token", PEOPLE)
async def test_a_token_is_good_for_its_own_paths_and_for_no_other(token: str) -> None:
    transport = httpx.ASGITransport(app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        headers = {"authorization": f"Bearer {token}"}
        statuses = [(await client.post(f"/v1/{path}", headers=headers)).status_code for path in ("usual", "keyed")]
    good = token == "another"
    assert [status == 200 for status in statuses] == [not good, good]
