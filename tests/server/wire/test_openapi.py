"""The OpenAPI description: all of the app's routes and nothing else, and real responses are as it says."""

import base64
import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest
from starlette.routing import Route, WebSocketRoute
from support.servers.askcam_server import LiveServer, live_server, wait_for_pairs
from support.servers.sites import png

from askcam.app.asgi import all_endpoints, build_app
from askcam.app.build import build_core
from askcam.app.config import Config
from askcam.server.wire.openapi import describe

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One that keeps evidence, for its key pictures."""
    folder = tmp_path_factory.mktemp("evidence")
    config = folder / "askcam.toml"
    config.write_text('[evidence]\nenabled = true\nfolder = "kept"\n')
    with live_server("--config", str(config), cameras=["lobby=synthetic:7"]) as server:
        wait_for_pairs(server, "lobby", 2)
        yield server


@pytest.fixture
def http(server: LiveServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def description(server: LiveServer) -> dict[str, Any]:
    reply = httpx.get(f"{server.url}/openapi.json", timeout=60)
    assert reply.headers["content-type"] == "application/json"
    return dict(reply.json())


def test_every_route_is_described_and_nothing_else(description: dict[str, Any]) -> None:
    routes: set[tuple[str, str]] = set()
    for route in build_app(build_core(Config())).routes:
        match route:
            case Route(path=path, methods=methods):
                plain = re.sub(r"\{(\w+):\w+\}", r"{\1}", path)
                routes |= {(method.lower(), plain) for method in (methods or set()) - {"HEAD"}}
            case other:
                assert isinstance(other, WebSocketRoute), "OpenAPI has no websockets, and all else is described"
    assert routes == {(method, path) for path, item in description["paths"].items() for method in item}


def test_the_description_keeps_the_rules_of_openapi(description: dict[str, Any]) -> None:
    assert description["openapi"] == "3.1.0"
    for schema in description["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    names = [op["operationId"] for item in description["paths"].values() for op in item.values()]
    assert len(names) == len(set(names))
    for path, item in description["paths"].items():
        assert set(item) <= METHODS
        for operation in item.values():
            placed = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
            assert placed == set(re.findall(r"\{(\w+)\}", path))
            assert operation["summary"]
    references = set(re.findall(r'"\$ref": ?"(#[^"]+)"', httpx.Response(200, json=description).text))
    assert len(references) > 20
    for reference in references:
        found: Any = description
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_what_wants_a_token_says_so() -> None:
    endpoints = all_endpoints(build_core(Config()))
    paths = describe(endpoints, token_required=True)["paths"]
    assert paths["/v1/cameras"]["get"]["security"] == [{"bearer": []}, {"cookie": []}]
    assert paths["/metrics"]["get"]["security"] == [{"bearer": []}, {"cookie": []}]
    assert "401" in paths["/v1/cameras"]["get"]["responses"]
    assert paths["/v1/session"]["get"]["security"] == []
    assert paths["/healthz"]["get"]["security"] == []
    assert describe(endpoints, token_required=False)["paths"]["/v1/cameras"]["get"]["security"] == []


class Checked:
    """Real responses, each held against the description. Objects may have no field that it doesn't name."""

    def __init__(self, http: httpx.Client, description: dict[str, Any]) -> None:
        self.http = http
        self.components = copy.deepcopy(description["components"])
        for schema in self.components["schemas"].values():
            if schema.get("type") == "object" and "additionalProperties" not in schema:
                schema["additionalProperties"] = False
        self.paths = description["paths"]

    def __call__(self, method: str, path: str, status: int, **more: Any) -> httpx.Response:
        url = path
        for name, value in more.pop("at", {}).items():
            url = url.replace(f"{{{name}}}", value)
        reply = self.http.request(method, url, **more)
        assert reply.status_code == status, reply.text
        response = self.paths[path][method.lower()]["responses"][str(status)]
        if "$ref" in response:
            response = self.components["responses"][response["$ref"].rpartition("/")[2]]
        for header in response.get("headers", {}):
            assert header in reply.headers
        content = response.get("content")
        if content is None:
            assert reply.content == b""
            return reply
        kind = reply.headers["content-type"]
        found = next((kinds for kinds in content if kinds in (kind, kind.partition(";")[0], "*/*")), None)
        assert found is not None, f"{kind} is not described"
        if found == "application/json":
            self.hold(reply.json(), content[found]["schema"])
        if found == "text/event-stream":
            *ends, data = content[found]["schema"]["properties"]["data"]["anyOf"]
            events = [lines.rpartition("data: ")[2] for lines in reply.text.strip().split("\n\n")]
            if ends:
                assert [{"const": events.pop()}] == ends
            assert len(events) > 2
            for event in events:
                self.hold(json.loads(event), data["contentSchema"])
        return reply

    def hold(self, value: Any, schema: dict[str, Any]) -> None:
        jsonschema.Draft202012Validator(schema | {"components": self.components}).validate(value)


def test_real_responses_are_as_described(http: httpx.Client, description: dict[str, Any]) -> None:
    check = Checked(http, description)
    for page in ("/", "/desk", "/wall"):
        check("GET", page, 200)
    check("GET", "/web/{path}", 200, at={"path": "layout.css"})
    check("GET", "/web/{path}", 404, at={"path": "nothing.css"})
    check("GET", "/openapi.json", 200)
    check("GET", "/healthz", 200)
    check("GET", "/readyz", 200)
    check("GET", "/metrics", 200)
    check("GET", "/v1/session", 200)
    check("POST", "/v1/session", 204)
    check("POST", "/v1/session", 400, json={"token": 3})
    check("POST", "/v1/session", 400, content=b"\x0c")
    check("DELETE", "/v1/session", 204)
    check("GET", "/v1/models", 200)
    check("GET", "/v1/models/{name}", 200, at={"name": "lobby"})
    check("GET", "/v1/models/{name}", 200, at={"name": "askcam"})
    check("GET", "/v1/models/{name}", 404, at={"name": "nobody"})


def test_real_answers_are_as_described(http: httpx.Client, description: dict[str, Any]) -> None:
    check = Checked(http, description)
    path = "/v1/chat/completions"

    def body(model: str = "lobby", content: Any = "What do you see?", **more: Any) -> dict[str, Any]:
        return {"model": model, "messages": [{"role": "user", "content": content}]} | more

    answer = check("POST", path, 200, json=body()).json()["askcam"]["answer_id"]
    check("POST", path, 200, json=body(logprobs=True, top_logprobs=2, max_tokens=3))
    check("POST", path, 200, json=body(stream=True))
    check("POST", path, 200, json=body(stream=True, stream_options={"include_usage": True}, logprobs=True))
    url = "data:image/png;base64," + base64.b64encode(png()).decode()
    parts = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "What is this?"}]
    check("POST", path, 200, json=body("askcam", parts))
    check("POST", path, 400, json=body(temperature=3))
    check("POST", path, 400, content=b"{")
    check("POST", path, 404, json=body("nobody"))
    check("POST", path, 413, content=b"x" * (9 << 20))
    check("POST", path, 503, json=body(askcam={"max_age_ms": 0.001}))
    check("POST", path, 403, json=body(), headers={"Origin": "https://evil.example"})
    check("GET", "/v1/answers/{id}", 200, at={"id": answer})
    check("GET", "/v1/answers/{id}", 404, at={"id": "ans_x"})
    check("GET", "/v1/answers/{id}/frames/{index}.jpg", 200, at={"id": answer, "index": "0"})
    check("GET", "/v1/answers/{id}/frames/{index}.jpg", 404, at={"id": answer, "index": "99"})
    check("GET", "/v1/answers/{id}/key.jpg", 200, at={"id": answer})


def test_real_responses_of_the_responses_api_are_as_described(http: httpx.Client, description: dict[str, Any]) -> None:
    check = Checked(http, description)
    path, asked = "/v1/responses", {"model": "lobby", "input": "What do you see?"}
    chances = {"include": ["message.output_text.logprobs"], "top_logprobs": 2}
    tool = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
    made = check("POST", path, 200, json=asked | chances | {"metadata": {"a": "b"}}).json()["id"]
    check("POST", path, 200, json=asked | chances | {"stream": True})
    check("POST", path, 200, json=asked | {"max_output_tokens": 2})
    check("POST", path, 200, json=asked | {"tools": [tool], "tool_choice": "required"})
    check("POST", path, 200, json=asked | {"tools": [tool], "tool_choice": "required", "stream": True})
    check("POST", path, 400, json=asked | {"previous_response_id": "resp_x"})
    check("POST", path, 404, json=asked | {"model": "nobody"})
    check("POST", path, 503, json=asked | {"askcam": {"max_age_ms": 0.001}})
    check("GET", "/v1/responses/{id}", 200, at={"id": made})
    check("DELETE", "/v1/responses/{id}", 200, at={"id": made})
    check("GET", "/v1/responses/{id}", 404, at={"id": made})
    check("DELETE", "/v1/responses/{id}", 404, at={"id": made})


def test_real_cameras_are_as_described(http: httpx.Client, description: dict[str, Any]) -> None:
    check = Checked(http, description)
    check("GET", "/v1/cameras", 200)
    check("POST", "/v1/cameras", 201, json={"name": "desk", "uri": "synthetic:3"})
    check("POST", "/v1/cameras", 409, json={"name": "desk", "uri": "synthetic:3"})
    check("POST", "/v1/cameras", 400, json={"name": "hall", "uri": "nowhere:"})
    check("GET", "/v1/cameras/{name}", 200, at={"name": "lobby"})
    check("GET", "/v1/cameras/{name}", 404, at={"name": "nobody"})
    check("GET", "/v1/cameras/{name}/snapshot.jpg", 200, at={"name": "lobby"}, params={"width": 64})
    check("GET", "/v1/cameras/{name}/snapshot.jpg", 400, at={"name": "lobby"}, params={"width": 1})
    check("GET", "/v1/cameras/{name}/live.mjpeg", 404, at={"name": "nobody"})
    check("DELETE", "/v1/cameras/{name}", 204, at={"name": "desk"})
    check("DELETE", "/v1/cameras/{name}", 404, at={"name": "desk"})
    described = description["paths"]["/v1/cameras/{name}/live.mjpeg"]["get"]["responses"]["200"]["content"]
    with http.stream("GET", "/v1/cameras/lobby/live.mjpeg") as reply:
        assert reply.headers["content-type"] in described
