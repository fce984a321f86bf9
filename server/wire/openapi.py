"""GET /openapi.json: what this server takes and gives over HTTP, in OpenAPI 3.1, made from its own types."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from askcam.client.protocol import Problem
from askcam.server.access.auth import COOKIE
from askcam.server.wire.about import NO_CAMERA
from askcam.server.wire.bodies import json_response
from askcam.server.wire.endpoint import JSON, Endpoint, EventStream, Reply, Schema
from askcam.server.wire.refusals import TABLE

REF = "#/components/schemas/{name}"
ABOUT = (
    "Ask your cameras. Every camera is a model: OpenAI's clients work with the base URL `/v1`. Beside these "
    "routes there is the websocket `/v1/realtime`; docs/protocol.md tells of it, and of what all this means."
)
BEFORE = (403, 413, 429, 500)  # at the doors of every route, and what goes wrong behind them
ERRORS = {row.status: row.what for row in TABLE.values() if row.what}


def endpoint(others: Sequence[Endpoint], token_required: bool) -> Endpoint:
    """GET /openapi.json, which describes `others` and itself. Open to all: it tells nothing of what is asked or shown
    here."""

    async def openapi(request: Request) -> Response:
        return json_response(description)

    own = Endpoint(
        method="GET",
        path="/openapi.json",
        handler=openapi,
        name="getDescription",
        what="This description",
        replies={200: Reply("OpenAPI", {JSON: {}})},
        about=NO_CAMERA,
        role=None,
    )
    description = describe([*others, own], token_required)
    return own


def describe(endpoints: Sequence[Endpoint], token_required: bool) -> dict[str, Any]:
    """The whole document, for a server with or without a token."""
    paths: dict[str, dict[str, Any]] = {}
    for each in endpoints:
        paths.setdefault(each.plain_path, {})[each.method.lower()] = _operation(each, token_required)
    return {
        "openapi": "3.1.0",
        "info": {"title": "askcam", "version": _version(), "description": ABOUT, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(endpoints),
            "responses": {f"Error{status}": _error(status, what) for status, what in ERRORS.items()},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "a viewer's or an admin's token"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "what the page has of it"},
            },
        },
    }


def _operation(endpoint: Endpoint, token_required: bool) -> dict[str, Any]:
    behind = endpoint.role is not None
    replies = {str(status): _reply(reply) for status, reply in endpoint.replies.items()}
    errors = {*BEFORE, *endpoint.errors} | ({401} if behind else set()) | ({415} if endpoint.body else set())
    for status in sorted(errors - endpoint.replies.keys()):
        replies[str(status)] = {"$ref": f"#/components/responses/Error{status}"}
    made: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.what,
        "tags": [endpoint.tag],
        "responses": replies,
        "security": [{"bearer": []}, {"cookie": []}] if behind and token_required else [],
    }
    if endpoint.takes:
        made["parameters"] = [
            {"name": one.name, "in": one.place, "required": one.place == "path", "description": one.what}
            | {"schema": dict(one.schema)}
            for one in endpoint.takes
        ]
    if endpoint.body is not None:
        made["requestBody"] = {
            "required": endpoint.body_required,
            "content": {JSON: {"schema": {"$ref": REF.format(name=endpoint.body.__name__)}}},
        }
    return made


def _reply(reply: Reply) -> dict[str, Any]:
    made: dict[str, Any] = {"description": reply.what or "what was asked for"}
    if reply.media:
        made["content"] = {kind: {"schema": _schema(shape)} for kind, shape in reply.media.items()}
    if reply.headers:
        made["headers"] = {
            name: {"description": what, "required": True, "schema": {"type": "string"}}
            for name, what in reply.headers.items()
        }
    if reply.links:
        made["links"] = dict(reply.links)
    return made


def _schema(shape: type | Schema | EventStream) -> dict[str, Any]:
    match shape:
        case type():
            return {"$ref": REF.format(name=shape.__name__)}
        case EventStream(shapes, end):
            inner = {"anyOf": [_schema(one) for one in shapes]}
            data = [{"type": "string", "contentMediaType": JSON, "contentSchema": inner}]
            last = [] if end is None else [{"const": end}]
            return {"type": "object", "properties": {"data": {"anyOf": [*last, *data]}}, "required": ["data"]}
        case _:
            return dict(shape)


def _error(status: int, what: str) -> dict[str, Any]:
    schema = {"$ref": REF.format(name=Problem.__name__)}
    return {"description": f"{HTTPStatus(status).phrase}. {what}", "content": {JSON: {"schema": schema}}}


def _schemas(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    bodies = {endpoint.body for endpoint in endpoints if endpoint.body is not None}
    shapes = {shape for endpoint in endpoints for shape in _shapes(endpoint)} | {Problem}
    taken, given = _components(bodies), _components(shapes)
    structs = {struct.__name__: struct for struct in _structs(shapes)}
    for name, schema in given.items():
        schema["required"] = _written(structs[name], schema)
    both = taken.keys() & given.keys()
    assert all(taken[name] == given[name] for name in both), "one name for what is taken and what is given"
    return dict(sorted((taken | given).items()))


def _components(types: set[type]) -> dict[str, Any]:
    ordered = sorted(types, key=lambda one: one.__name__)
    _, components = msgspec.json.schema_components(ordered, ref_template=REF)
    return components


def _shapes(endpoint: Endpoint) -> Iterator[type]:
    for reply in endpoint.replies.values():
        for shape in reply.media.values():
            if isinstance(shape, type):
                yield shape
            elif isinstance(shape, EventStream):
                yield from shape.shapes


def _structs(types: set[type]) -> Iterator[type[msgspec.Struct]]:
    """All structs that are reached from `types`."""
    waiting, seen = [msgspec.inspect.type_info(one) for one in types], set()
    while waiting:
        match waiting.pop():
            case msgspec.inspect.StructType(cls=cls, fields=fields):
                if cls not in seen:
                    seen.add(cls)
                    waiting += [one.type for one in fields]
                    yield cls
            case msgspec.inspect.UnionType(types=inner):
                waiting += inner
            case msgspec.inspect.ListType(item_type=item):
                waiting.append(item)
            case msgspec.inspect.DictType(value_type=value):
                waiting.append(value)


def _written(struct: type[msgspec.Struct], schema: Mapping[str, Any]) -> list[str]:
    """The fields that are in every response: all, since defaults are written too, but those that may be unset."""
    unset = {one.encode_name for one in msgspec.structs.fields(struct) if one.default is msgspec.UNSET}
    return [name for name in schema["properties"] if name not in unset]


def _version() -> str:
    try:
        return version("askcam")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "0"
