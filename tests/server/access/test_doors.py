"""The doors in front of the real app: tokens, cookies, foreign pages, bodies; and what /metrics counts of it."""

import logging
import socket
import threading
import time
from collections.abc import Callable
from http.cookies import Morsel, SimpleCookie

import pytest
import uvicorn
from starlette.testclient import TestClient, WebSocketDenialResponse
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from askcam.app.asgi import build_app
from askcam.app.build import build_core
from askcam.app.config import Config, ServerConfig
from askcam.server.access.auth import COOKIE
from askcam.server.access.limits import Limits
from askcam.server.connections.told import Quiet, Told
from askcam.server.core import Core

VIEWER, ADMIN = "viewer-token", "admin-token"
AS_VIEWER, AS_ADMIN = ({"Authorization": f"Bearer {token}"} for token in (VIEWER, ADMIN))
HERE = "http://127.0.0.1:8400"
LIMITS = Limits(max_body_bytes=2000)


def client(house: Core, url: str = HERE) -> TestClient:
    return TestClient(build_app(house), base_url=url, client=("127.0.0.1", 5000))


@pytest.fixture
def open_house() -> Core:
    return build_core(Config(limits=LIMITS))


@pytest.fixture
def house() -> Core:
    """One that wants a token."""
    return build_core(Config(server=ServerConfig(token=VIEWER, admin_token=ADMIN), limits=LIMITS))


def code(response: object) -> tuple[int, str]:
    body = response.json()  # type: ignore[attr-defined]
    assert set(body) == {"error"}
    assert {"message", "type", "param", "code"} <= set(body["error"])
    return response.status_code, body["error"]["code"]  # type: ignore[attr-defined]


def morsel(response: object) -> "Morsel[str]":
    return SimpleCookie(response.headers["set-cookie"])[COOKIE]  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/v1/models", "/v1/cameras", "/v1/cameras/x/live.mjpeg", "/v1/answers/x", "/metrics"])
def test_what_shows_or_answers_anything_wants_a_viewer(house: Core, path: str) -> None:
    visitor = client(house)
    assert code(visitor.get(path)) == (401, "invalid_api_key")
    assert visitor.get(path, headers=AS_VIEWER).status_code != 401


def test_paths_that_do_not_exist_are_not_told_to_strangers(house: Core) -> None:
    assert code(client(house).get("/v1/nothing")) == (401, "invalid_api_key")
    assert code(client(house).get("/v1/nothing", headers=AS_VIEWER)) == (404, "not_found")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v1/session"])
def test_health_and_the_login_are_open(house: Core, path: str) -> None:
    assert client(house).get(path).status_code in (200, 503)


def test_only_an_admin_adds_cameras(house: Core) -> None:
    body = {"name": "The Lobby", "uri": "webcam:0"}  # not a name: so nothing is opened here
    assert code(client(house).post("/v1/cameras", json=body, headers=AS_VIEWER)) == (403, "insufficient_permissions")
    assert client(house).post("/v1/cameras", json=body, headers=AS_ADMIN).status_code == 400


def test_a_websocket_is_refused_before_it_opens(house: Core) -> None:
    with pytest.raises(WebSocketDenialResponse) as caught, client(house).websocket_connect("/v1/realtime?model=lobby"):
        pass
    assert code(caught.value) == (401, "invalid_api_key")


def test_a_foreign_pages_websocket_and_posts_are_refused_even_by_an_open_server(open_house: Core) -> None:
    visitor, evil = client(open_house), {"Origin": "https://evil.example"}
    with (
        pytest.raises(WebSocketDenialResponse) as caught,
        visitor.websocket_connect("/v1/realtime?model=lobby", headers=evil),
    ):
        pass
    assert code(caught.value) == (403, "forbidden_origin")
    assert code(visitor.post("/v1/session", headers=evil)) == (403, "forbidden_origin")


def test_an_open_server_is_not_reached_by_a_rebound_name(open_house: Core) -> None:
    for path in ("/", "/healthz", "/v1/models"):
        assert code(client(open_house, "http://rebound.example:8400").get(path)) == (403, "forbidden_origin")


def test_an_open_server_takes_any_key(open_house: Core) -> None:
    assert client(open_house).get("/v1/models", headers={"Authorization": "Bearer sk-any"}).status_code == 200
    assert client(open_house).get("/v1/session").json() == {
        "role": "admin",
        "token_required": False,
        "name": "admin",
        "cameras": None,
    }


LOGINS: list[Callable[[TestClient], object]] = [
    lambda page: page.post("/v1/session", json={"token": VIEWER}),
    lambda page: page.post("/v1/session", headers=AS_VIEWER),
]


@pytest.mark.parametrize("log_in", LOGINS, ids=["body", "header"])
def test_a_page_exchanges_the_token_for_a_cookie_that_opens_until_it_logs_out(
    house: Core, log_in: Callable[[TestClient], object]
) -> None:
    page = client(house)
    assert page.get("/v1/session").json() == {"role": None, "token_required": True, "name": None, "cameras": None}
    response = log_in(page)
    assert response.status_code == 204  # type: ignore[attr-defined]
    assert page.get("/v1/session").json() == {
        "role": "viewer",
        "token_required": True,
        "name": "viewer",
        "cameras": None,
    }
    assert page.get("/v1/models").status_code == 200
    kept = page.cookies[COOKIE]
    left = page.delete("/v1/session")
    assert left.status_code == 204
    assert morsel(left)["max-age"] == "0"
    page.cookies.set(COOKIE, kept)
    assert page.get("/v1/models").status_code == 401


def test_the_cookie_is_for_this_site_alone_hidden_from_scripts_and_not_the_token(house: Core) -> None:
    made = morsel(client(house).post("/v1/session", json={"token": VIEWER}))
    assert (made["httponly"], made["samesite"], made["path"], made["secure"]) == (True, "strict", "/", "")
    assert (made["max-age"], made["domain"]) == (str(30 * 24 * 3600), "")
    assert VIEWER not in made.value
    secure = morsel(client(house, "https://house.example").post("/v1/session", json={"token": VIEWER}))
    assert secure["secure"] is True


def test_the_cookie_opens_a_websocket_to_pages_of_this_server(house: Core) -> None:
    page = client(house)
    page.post("/v1/session", json={"token": VIEWER})
    with (
        pytest.raises(WebSocketDenialResponse) as caught,
        page.websocket_connect("/v1/realtime?model=lobby", headers={"Origin": "http://127.0.0.1:9999"}),
    ):
        pass
    assert code(caught.value) == (403, "forbidden_origin")


def test_a_wrong_login_is_refused_and_sets_no_cookie(house: Core) -> None:
    response = client(house).post("/v1/session", json={"token": "wrong-token"})
    assert code(response) == (401, "invalid_api_key")
    assert "set-cookie" not in response.headers
    assert client(house).post("/v1/session", json={"tokn": VIEWER}).status_code == 400
    assert client(house).post("/v1/session", content=b"{").status_code == 400


def test_a_body_that_is_too_large_is_refused_by_its_stated_length(open_house: Core) -> None:
    response = client(open_house).post("/v1/chat/completions", content=b" " * 2001)
    assert code(response) == (413, "request_too_large")
    assert "limits.max_body_bytes" in response.json()["error"]["message"]


def test_a_body_of_unstated_length_is_refused_when_it_grows_too_large(open_house: Core) -> None:
    visitor = client(open_house)
    response = visitor.post("/v1/chat/completions", content=(b" " * 500 for _ in range(5)))
    assert code(response) == (413, "request_too_large")
    assert code(visitor.post("/v1/chat/completions", content=(b" " * 500 for _ in range(4)))) == (400, "invalid_json")


def test_a_server_whose_model_loads_is_healthy_but_not_ready(open_house: Core) -> None:
    visitor, readiness = client(open_house), open_house.model.readiness
    readiness.set("loading weights", 0.4)
    assert visitor.get("/healthz").json() == {"status": "ok"}
    response = visitor.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "loading", "what": "loading weights", "share": 0.4, "failed": False}
    assert response.headers["Retry-After"] == "2"


def test_a_server_whose_model_failed_says_why_and_asks_nobody_to_try_again(open_house: Core) -> None:
    open_house.model.readiness.fail("no weights in the folder")
    response = client(open_house).get("/readyz")
    assert (response.status_code, response.json()["status"]) == (503, "failed")
    assert response.json()["what"] == "no weights in the folder"
    assert "Retry-After" not in response.headers


def test_a_server_is_ready_once_its_model_is_whatever_its_cameras_do(open_house: Core) -> None:
    open_house.model.readiness.ready()
    response = client(open_house).get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ready"})


def test_requests_are_counted_by_route_not_by_path_the_refused_ones_too(house: Core) -> None:
    visitor = client(house)
    for name in ("a", "b", "c"):
        visitor.get(f"/v1/cameras/{name}", headers=AS_VIEWER)
    visitor.get("/v1/models")
    visitor.request("BREW", "/healthz")
    text = visitor.get("/metrics", headers=AS_VIEWER).text
    assert 'askcam_http_requests_total{method="GET",route="/v1/cameras/{name}",status="503"} 3.0' in text
    assert 'askcam_http_requests_total{method="GET",route="none",status="401"} 1.0' in text
    assert 'askcam_http_requests_total{method="other",route="/healthz",status="405"} 1.0' in text
    assert "/v1/cameras/a" not in text


def test_refusals_of_websockets_are_no_errors_in_the_log_of_a_real_server(
    house: Core, caplog: pytest.LogCaptureFixture
) -> None:
    server = uvicorn.Server(uvicorn.Config(build_app(house), ws="websockets-sansio", log_config=None))
    log, quiet = logging.getLogger("uvicorn.error"), Quiet(Told())
    log.addFilter(quiet)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=lambda: server.run(sockets=[sock]))
        thread.start()
        try:
            deadline = time.monotonic() + 30
            while not server.started and time.monotonic() < deadline:
                time.sleep(0.01)
            with pytest.raises(InvalidStatus) as caught:
                connect(f"ws://127.0.0.1:{sock.getsockname()[1]}/v1/realtime?model=lobby", open_timeout=60)
        finally:
            server.should_exit = True
            thread.join(60)
            log.removeFilter(quiet)
    assert caught.value.response.status_code == 401
    assert b"invalid_api_key" in (caught.value.response.body or b"")
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
