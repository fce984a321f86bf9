"""How a front stands: /healthz, /readyz, /metrics, /v1/shards."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from askcam.cluster.front.core import FrontCore, route
from askcam.cluster.front.joined.owning import ClusterTable
from askcam.cluster.front.joined.view import TableView
from askcam.cluster.front.relay import role_of
from askcam.cluster.front.shards import FrontShard
from askcam.server.access.viewer import Role
from askcam.server.gauges.rendering import CONTENT_TYPE
from askcam.server.wire.bodies import json_response
from askcam.server.wire.endpoint import Endpoint
from askcam.stream.secrets import KNOWN

FAILED = "the table cannot be read or written: the log, and GET /v1/shards to admins, say why; nothing is decided"
MOST_NAMED = 100  # cameras without a shard that /readyz names


def endpoints(core: FrontCore) -> list[Endpoint]:
    directory = core.directory
    table = None if core.joined is None else core.joined.table
    view = None if table is None else table.view

    async def healthz(request: Request) -> Response:
        return json_response({"status": "ok"})

    async def readyz(request: Request) -> Response:
        """200 while any shard is warm: what the others have is refused by itself."""
        down, twice = directory.down(), directory.ambiguous()
        unplaced = [] if view is None else list(view.unplaced())
        more = (
            ({"cameras_unplaced": unplaced[:MOST_NAMED]} if unplaced else {})
            | ({"shards_down": down} if down else {})
            | ({"cameras_on_several_shards": twice} if twice else {})
            | ({} if table is None else _decides(table, admin=False))
        )
        if any(shard.up and shard.ready for shard in directory.shards):
            return json_response({"status": "ready"} | more)
        loading = any(shard.up for shard in directory.shards)
        what = "the models of the shards are being loaded" if loading else "no shard answers"
        body = {"status": "loading" if loading else "unreachable", "what": what, "share": 0.0, "failed": False}
        return json_response(body | more, 503, {"Retry-After": "2"})

    async def metrics(request: Request) -> Response:
        return Response(core.metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    async def shards(request: Request) -> Response:
        admin = role_of(request) is Role.ADMIN
        owned = {} if view is None else view.owned()
        data = [_of_all(shard, admin, owned.get(shard.name, [])) for shard in directory.shards]
        decides = {} if table is None else _decides(table, admin)
        started = None if core.joined is None else core.joined.started
        told = {} if started is None or not admin else {"started": started.told()}  # where shards are, among others
        away = directory.away()
        return json_response({"object": "list", "data": data} | decides | told | ({"away": away} if away else {}))

    def _of_all(shard: FrontShard, admin: bool, owns: list[str]) -> dict[str, Any]:
        told = _shard(shard, admin)
        return told if view is None or shard.name not in view.shards else told | _joined(view, shard.name, owns)

    return [
        route("GET", "/healthz", healthz, None),
        route("GET", "/readyz", readyz, None),
        route("GET", "/metrics", metrics),
        route("GET", "/v1/shards", shards),
    ]


def _decides(table: ClusterTable, admin: bool) -> dict[str, Any]:
    """Whether this front decides where there are others, and what has become of the table. Where things are, in files
    and in the network, is told to admins."""
    told: dict[str, Any] = {} if table.leader_url is None else {"leads": table.leads}
    if table.leader_url is not None and admin:
        told["leader"] = table.leader_url or None
    if (trouble := table.trouble()) is not None:
        told["table_failed"] = KNOWN.hide(trouble) if admin else FAILED
    return told


def _shard(shard: FrontShard, admin: bool) -> dict[str, Any]:
    """One of GET /v1/shards; where it is, is told to admins."""
    told: dict[str, Any] = {
        "name": shard.name,
        "state": shard.health.state.value,
        "reason": shard.health.why or None,
        "ready": shard.up and shard.ready,
        "cameras": list(shard.cameras),
        "under_way": shard.num_under_way,
        "object": "askcam.shard",
    }
    return told | ({"url": shard.config.address.http} if admin else {})


def _joined(view: TableView, name: str, owns: list[str]) -> dict[str, Any]:
    """What the table says of a shard that has joined."""
    shard = view.shards[name]
    return {
        "joined": shard.state.value,
        "lost_why": shard.lost_why or None,
        "owns": owns,
        "room": shard.capacity_cameras,
        "labels": list(shard.labels),
        "model": shard.model,
        "version": shard.version,
        "cameras_closed": dict(view.closed(name)),
        "trouble": dict(view.trouble(name)),
    }
