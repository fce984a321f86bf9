"""Routes of a front: each says who may, and what it does; their descriptions are the shards' own (/openapi.json)."""

from askcam.server.access.auth import Role
from askcam.server.wire.endpoint import Endpoint, Handler


def route(method: str, path: str, handler: Handler, role: Role | None = Role.VIEWER) -> Endpoint:
    """One of them."""
    return Endpoint(method=method, path=path, handler=handler, name="", what="", replies={}, role=role)
