"""Every route, by every role. A route that has no line here fails: whoever adds one says who may use it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse

from askcam.app.asgi import all_endpoints, build_app
from askcam.app.build import build_core
from askcam.app.config import Config, ServerConfig
from askcam.server.access.guard import guarded
from askcam.server.people_config import TokenConfig
from askcam.server.wire.openapi import describe

VIEWER, WATCHER, ADMIN = "viewer-token-of-the-tests", "watcher-token-of-the-tests", "admin-token-of-the-tests"
ROLES = {"stranger": "", "wrong": "no-token-of-the-tests", "viewer": VIEWER, "watcher": WATCHER, "admin": ADMIN}
RANK = {"stranger": 0, "wrong": 0, "viewer": 1, "watcher": 2, "admin": 3}

WATCHERS = {"guard": TokenConfig(rights="watch", token=WATCHER)}
REFUSED = (401, 403, 429)  # 429: the wrong tokens, once they are many

WANTS = {  # method and path: the least that one must be
    "GET /": "stranger",
    "GET /desk": "stranger",
    "GET /wall": "stranger",
    "GET /web/{path}": "stranger",
    "GET /words": "stranger",
    "GET /openapi.json": "stranger",
    "GET /healthz": "stranger",
    "GET /readyz": "stranger",
    "GET /metrics": "viewer",
    "POST /mcp": "viewer",
    "GET /v1/session": "stranger",
    "POST /v1/session": "stranger",  # refused there, by what it brings
    "DELETE /v1/session": "stranger",
    "GET /v1/models": "viewer",
    "GET /v1/models/{name}": "viewer",
    "POST /v1/ask": "viewer",
    "POST /v1/chat/completions": "viewer",
    "POST /v1/responses": "viewer",
    "GET /v1/responses/{id}": "viewer",
    "GET /v1/responses/{id}/input_items": "viewer",
    "DELETE /v1/responses/{id}": "viewer",  # one's own
    "WEBSOCKET /v1/realtime": "viewer",
    "WEBSOCKET /{path}": "viewer",
    "GET /v1/cameras": "viewer",
    "POST /v1/cameras": "admin",
    "GET /v1/cameras/{name}": "viewer",
    "PUT /v1/cameras/{name}": "admin",
    "DELETE /v1/cameras/{name}": "admin",
    "GET /v1/cameras/{name}/snapshot.jpg": "viewer",
    "GET /v1/cameras/{name}/live.mjpeg": "viewer",
    "GET /v1/cameras/{name}/desk": "viewer",
    "GET /v1/answers/{id}": "viewer",
    "GET /v1/answers/{id}/frames/{index}.jpg": "viewer",
    "GET /v1/answers/{id}/key.jpg": "viewer",
    "GET /v1/tools": "viewer",
    "GET /v1/watches": "viewer",
    "POST /v1/watches": "watcher",
    "GET /v1/watches/{name}": "viewer",
    "PATCH /v1/watches/{name}": "watcher",
    "DELETE /v1/watches/{name}": "watcher",
    "GET /v1/watches/{name}/readings": "viewer",
    "GET /v1/watches/{name}/calibration": "viewer",
    "PUT /v1/watches/{name}/calibration": "watcher",
    "DELETE /v1/watches/{name}/calibration": "watcher",
    "POST /v1/watches/check": "watcher",
    "GET /v1/watches/proposals": "watcher",
    "POST /v1/watches/proposals": "viewer",
    "GET /v1/watches/proposals/{id}": "viewer",
    "DELETE /v1/watches/proposals/{id}": "watcher",
    "POST /v1/watches/proposals/{id}/confirm": "watcher",
    "GET /v1/events": "viewer",
    "POST /v1/events/acknowledge": "viewer",
    "GET /v1/events/{id}": "viewer",
    "POST /v1/events/{id}/acknowledge": "viewer",
    "POST /v1/events/{id}/judge": "viewer",
    "GET /v1/events/{id}/frame.jpg": "viewer",
    "GET /v1/events/{id}/frames/{index}.jpg": "viewer",
    "GET /v1/deliveries": "admin",
    "POST /v1/deliveries/retry": "admin",
    "POST /v1/deliveries/{id}/retry": "admin",
    "POST /v1/notify/{name}/test": "admin",
    "GET /v1/timeline": "viewer",
    "GET /v1/timeline/{id}/frame.jpg": "viewer",
}


@pytest.fixture(scope="module")
def app() -> Any:
    return build_app(build_core(Config(server=ServerConfig(token=VIEWER, admin_token=ADMIN), tokens=WATCHERS)))


@pytest.fixture
def client(app: Any) -> TestClient:
    """Without its lifespan: no camera, no model, nothing kept; who may is decided before any of these is looked for."""
    return TestClient(app, base_url="http://127.0.0.1:8400", client=("127.0.0.1", 5000), raise_server_exceptions=False)


def routes(app: Any) -> Iterator[str]:
    for route in app.routes:
        plain = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
        match route:
            case Route(methods=methods):
                yield from (f"{method} {plain}" for method in sorted((methods or set()) - {"HEAD"}))
            case WebSocketRoute():
                yield f"WEBSOCKET {plain}"
            case other:
                raise AssertionError(f"{other!r} is a route of a kind that is not walked")


def test_every_route_has_its_role_here_and_there_is_no_other(app: Any) -> None:
    there = list(routes(app))
    assert len(there) == len(set(there))
    assert set(there) == set(WANTS)


def test_the_description_and_the_guard_name_the_same_routes_as_open() -> None:
    endpoints = all_endpoints(build_core(Config()))
    for path, item in describe(endpoints, token_required=True)["paths"].items():
        for method, operation in item.items():
            wants = WANTS[f"{method.upper()} {path}"]
            assert bool(operation["security"]) == (wants != "stranger"), (method, path)
    for endpoint in endpoints:
        beside = () if endpoint.plain_path.startswith("/v1/") else {each.path for each in endpoints if each.role}
        assert guarded(endpoint.plain_path, beside) == (endpoint.role is not None), endpoint.plain_path


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("what", WANTS)
def test_nobody_does_what_is_for_others(client: TestClient, what: str, role: str) -> None:
    """Methods that a route has beside its own (HEAD) are for the same people."""
    method, _, path = what.partition(" ")
    path = path.replace("{index}", "1").replace("{id}", "1").replace("{name}", "nothing").replace("{path}", "v1/no")
    path = "/web/layout.css" if path.startswith("/web/") else path
    headers = {"Authorization": f"Bearer {ROLES[role]}"} if ROLES[role] else {}
    may = RANK[role] >= RANK[WANTS[what]]
    if method == "WEBSOCKET":
        try:
            with client.websocket_connect(path, headers=headers):
                status = 101  # let in; what it asks for is looked at then
        except WebSocketDenialResponse as refusal:
            status = refusal.status_code
        assert (status not in REFUSED) == may
        return
    bodies: list[dict[str, Any]] = [{}] if method in ("GET", "DELETE") else [{"json": {}}, {"content": b"{"}, {}]
    for given in bodies:
        reply = client.request(method, path, headers=headers, **given)
        if path == "/v1/session" and method == "POST":
            assert reply.status_code == (400 if given.get("content") else 204 if RANK[role] else 401)
        elif may:
            assert reply.status_code not in REFUSED, reply.text
        else:
            wanted = (403, "insufficient_permissions") if RANK[role] else (401, "invalid_api_key")
            assert reply.status_code in (wanted[0], 429), reply.text
            if reply.status_code != 429:
                assert reply.json()["error"]["code"] == wanted[1]
    if method == "GET" and not path.endswith(".mjpeg"):
        assert (client.head(path, headers=headers).status_code not in REFUSED) == may
