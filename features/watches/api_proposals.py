"""/v1/watches/proposals: what was proposed, by talking or by a viewer, confirmed or declined by who may watch."""

import time
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from askcam.client.watches import WatchInfo, WatchProposal, WatchProposalList
from askcam.features.watches.bodies import NewProposal, setting
from askcam.features.watches.confirm import as_told, asked_for_yes, check_room, confirm, found, propose
from askcam.features.watches.seen import check_cameras, sees_proposal
from askcam.features.watches.service import Watching
from askcam.server.access.shares import asker_of, viewer_of
from askcam.server.access.viewer import Role, Viewer
from askcam.server.access.visited import note
from askcam.server.wire.about import BY_HANDLER, of_thing
from askcam.server.wire.bodies import decode_body, json_response
from askcam.server.wire.endpoint import JSON, Endpoint, Reply, Takes

PROPOSAL = Takes("id", "path", "a proposal's id, as create_watch told it")


def endpoints(watching: Watching) -> list[Endpoint]:
    async def proposed(request: Request) -> Response:
        body: dict[str, Any] = msgspec.to_builtins(await decode_body(request, NewProposal))
        client = asker_of(request)
        note(request, watch=body["name"], cameras=body["cameras"])
        by = None if client.admin else client.key
        if by is not None:
            check_room(watching, by)
        name, wanted = body.pop("name"), setting(body | {"question": asked_for_yes(body["question"])})
        check_cameras(watching, wanted, client.viewer)
        await watching.learn(wanted)
        if by is not None:
            check_room(watching, by)  # others may have come meanwhile
        return json_response(as_told(propose(watching, name, wanted, "", by)), status=201)

    async def listed(request: Request) -> Response:
        viewer, waiting = viewer_of(request), watching.proposals.waiting(time.monotonic())
        return json_response(
            WatchProposalList([as_told(each) for each in waiting if sees_proposal(watching, each, viewer)])
        )

    async def one(request: Request) -> Response:
        return json_response(as_told(found(watching, request.path_params["id"], viewer_of(request))))

    async def confirmed(request: Request) -> Response:
        info = await confirm(watching, request.path_params["id"], viewer_of(request))
        return Response(status_code=204) if info is None else json_response(info, status=201)

    async def declined(request: Request) -> Response:
        proposal = found(watching, request.path_params["id"], viewer_of(request))
        watching.proposals.drop(proposal.id)
        return Response(status_code=204)

    async def check(request: Request, viewer: Viewer) -> None:
        found(watching, request.path_params["id"], viewer)

    of_proposal = of_thing("a proposal", check)
    return [
        Endpoint(
            method="GET",
            path="/v1/watches/proposals",
            handler=listed,
            name="listProposals",
            what="What waits for a yes. Watchers and admins only",
            replies={200: Reply("", {JSON: WatchProposalList})},
            about=BY_HANDLER,
            role=Role.WATCHER,
            tag="watches",
        ),
        Endpoint(
            method="POST",
            path="/v1/watches/proposals",
            handler=proposed,
            name="proposeWatch",
            what="Propose a watch: it is made once an admin confirms it",
            replies={201: Reply("it waits for a yes", {JSON: WatchProposal})},
            about=BY_HANDLER,
            body=NewProposal,
            errors=(400, 404, 409, 503),
            tag="watches",
        ),
        Endpoint(
            method="GET",
            path="/v1/watches/proposals/{id}",
            handler=one,
            name="getProposal",
            what="A watch that was proposed by talking, and waits for a yes",
            replies={200: Reply("", {JSON: WatchProposal})},
            about=of_proposal,
            takes=(PROPOSAL,),
            errors=(404,),
            tag="watches",
        ),
        Endpoint(
            method="DELETE",
            path="/v1/watches/proposals/{id}",
            handler=declined,
            name="declineProposal",
            what="Forget it. Watchers and admins only",
            replies={204: Reply("it is gone")},
            role=Role.WATCHER,
            about=of_proposal,
            takes=(PROPOSAL,),
            errors=(404,),
            tag="watches",
        ),
        Endpoint(
            method="POST",
            path="/v1/watches/proposals/{id}/confirm",
            handler=confirmed,
            name="confirmProposal",
            what="Carry it out. Watchers and admins only",
            replies={201: Reply("it is being watched", {JSON: WatchInfo}), 204: Reply("the watch is removed")},
            role=Role.WATCHER,
            about=of_proposal,
            takes=(PROPOSAL,),
            errors=(400, 404, 409, 503),
            tag="watches",
        ),
    ]
