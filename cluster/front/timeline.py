"""/v1/timeline of all shards, as one list, and its pictures."""

from starlette.requests import Request
from starlette.responses import Response

from askcam.cluster import ids
from askcam.cluster.front.core import FrontCore, route
from askcam.cluster.front.ends import RememberedEnds
from askcam.cluster.front.keepers import keepers_of
from askcam.cluster.front.lists import listing
from askcam.cluster.front.pages import read_page
from askcam.server.wire.bodies import NO_STORE, choice, json_response, number
from askcam.server.wire.endpoint import Endpoint

LIMIT, MOST = 50, 500  # entries of one answer
ORDERS = ("desc", "asc")


def endpoints(core: FrontCore) -> list[Endpoint]:
    directory = core.directory
    ends = RememberedEnds()

    async def entries(request: Request) -> Response:
        limit, order = int(number(request, "limit", LIMIT, 1, MOST)), choice(request, "order", ORDERS)
        newest_first = None if order is None and request.query_params.get("query") else order != "asc"
        keepers = await keepers_of(core, request.query_params.get("camera"))
        read = ends.read_until(request.query_params.get("before"))
        if keepers.nobody:
            return json_response(listing(core, [], (), has_more=False, next=read.text()), headers=NO_STORE)
        page, _ = await read_page(
            core, request, "/v1/timeline", read, limit, by="start", shards=keepers.shards, newest_first=newest_first,
            away=keepers.away,
        )  # fmt: skip
        rows = [directory.told(ids.entry, key, row) for key, row in page.rows]
        if rows:
            ends.put(rows[-1]["id"], page.next)
        body = listing(core, rows, keepers.down(), has_more=page.has_more, next=page.next.text())
        return json_response(body, headers=NO_STORE)

    async def picture(request: Request) -> Response:
        shard, there = directory.of_number(request.path_params["id"])
        return await core.relay(shard, request, target=f"/v1/timeline/{there}/frame.jpg".encode())

    return [
        route("GET", "/v1/timeline", entries),
        route("GET", "/v1/timeline/{id:int}/frame.jpg", picture),
    ]
