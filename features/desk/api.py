"""/v1/cameras/{name}/desk: what a product desk reads, knows, and would have the shopper do."""

import time

from starlette.requests import Request
from starlette.responses import Response

from askcam.client.protocol import Advice, DeskCode, DeskInfo
from askcam.features.desk.desks import Desks
from askcam.features.desk.guidance import SAID
from askcam.features.desk.sightings import verified
from askcam.server.access.shares import viewer_of
from askcam.server.camera_names import private
from askcam.server.cameras import Cameras
from askcam.server.errors import NotFound
from askcam.server.given_names import quoted
from askcam.server.wire.about import of_camera
from askcam.server.wire.bodies import json_response
from askcam.server.wire.endpoint import CAMERA, JSON, Endpoint, Reply
from askcam.server.wire.moments import rfc3339


def endpoints(cameras: Cameras, desks: Desks) -> list[Endpoint]:
    async def one(request: Request) -> Response:
        name = request.path_params["name"]
        cameras.get(name, viewer_of(request))
        desk = desks.get(name)
        if desk is None:
            pushed = private(name)
            remedy = "connect with ?model=push:desk" if pushed else f"set desk = true under [cameras.{name}]"
            raise NotFound(f"camera {quoted(name)} is no product desk: {remedy}", "name", "no_desk")
        now, view, seen = time.monotonic(), desk.view, desk.seen()
        told = {(each.format, each.text) for each in verified(seen)}
        codes = [
            DeskCode(
                code=each.text,
                format=each.format,
                verified=(each.format, each.text) in told,
                reads=each.reads,
                first_seen=rfc3339(each.first_wall),
                last_seen=rfc3339(each.last_wall),
                age_ms=round(each.age_s(now) * 1000, 1),
                corners=[[round(x, 1), round(y, 1)] for x, y in each.corners],
            )
            for each in seen
        ]
        info = DeskInfo(
            camera=name,
            width=view.width,
            height=view.height,
            codes=codes,
            facts=list(desk.facts()),
            guidance=[Advice(hint.value, SAID[hint]) for hint in view.hints],
            catalogue=desks.looks_up,
        )
        return json_response(info)

    return [
        Endpoint(
            method="GET",
            path="/v1/cameras/{name}/desk",
            handler=one,
            name="getDesk",
            what="What a product desk reads and knows, and what would help",
            replies={200: Reply("", {JSON: DeskInfo})},
            about=of_camera(cameras),
            takes=(CAMERA,),
            errors=(404,),
            tag="cameras",
        )
    ]
