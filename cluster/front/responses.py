"""Responses: where a question goes, and what it follows. Those of cameras of several shards the front makes, and keeps,
itself; of all others their shard does."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from askcam.cluster.front.all_cameras import following, response_of_all
from askcam.cluster.front.asking import MODEL, Several
from askcam.cluster.front.choosing import asked_by_model, enter, who
from askcam.cluster.front.conversations import ask_elsewhere, turns_up_to
from askcam.cluster.front.core import FrontCore, route
from askcam.cluster.front.relay import role_of
from askcam.cluster.front.shards import FrontShard
from askcam.server.access.shares import Places, client_of
from askcam.server.errors import Invalid, NotFound
from askcam.server.given_names import quoted
from askcam.server.openai.responses.input_items import LIMIT, MOST, ORDERS, page
from askcam.server.openai.responses.items import InputItem
from askcam.server.openai.responses.reading import read_body
from askcam.server.openai.responses.shapes import DeletedResponse
from askcam.server.openai.responses.store import KeptResponse, Responses
from askcam.server.openai.responses.writer import ResponseWriter
from askcam.server.wire.bodies import NO_STORE, choice, json_response, number, plain, read_aside
from askcam.server.wire.endpoint import Endpoint

CARRIED = 16  # questions under way whose turns come from elsewhere: each is held whole


def endpoints(core: FrontCore) -> list[Endpoint]:
    directory = core.directory
    own = Responses()  # made here
    carried = Places("questions that follow an answer of elsewhere", CARRIED, remedy="wait for an answer first")

    async def responded(request: Request) -> Response:
        core.admit_question(request)
        found = await read_aside(await request.body(), who)
        model, before = (None, None) if found is None else (found.model, found.previous_response_id)
        kept = await _keeper(request, before) if isinstance(before, str) and before else None
        if isinstance(kept, FrontShard) and _any_answers(kept, model):
            return await core.relay(kept, request)
        to = await asked_by_model(core, request, model)
        if isinstance(to, FrontShard) and kept in (None, to):
            return await core.relay(to, request)
        if not isinstance(to, FrontShard):
            enter(core, request, to)
        elif kept is not None:
            core.enter(carried, request)
        turns = await _turns_up_to(request, kept, before)
        if not isinstance(to, FrontShard):
            return await _of_all(request, to, turns)
        values = await read_aside(await request.body(), plain)
        return await ask_elsewhere(core, request, to, following(values, turns), str(before))

    async def _keeper(request: Request, response_id: str) -> FrontShard | KeptResponse:
        """Who keeps a response. Raises Invalid where nobody does, ShardDown where one that is down may."""
        if own.has(response_id):
            return own.kept(response_id)
        try:
            return await directory.find(f"/v1/responses/{response_id}", role_of(request))
        except NotFound as exc:
            raise Invalid(
                f"there is no response {quoted(response_id)}, or it is not kept any more: send the whole conversation",
                "previous_response_id",
                "previous_response_not_found",
            ) from exc

    def _any_answers(kept: FrontShard, model: Any) -> bool:
        """Whether the question is about no camera, and that shard can answer it as well as any."""
        return isinstance(model, str) and not directory.has(model) and (model == MODEL or kept.has_model(model))

    async def _turns_up_to(
        request: Request, kept: FrontShard | KeptResponse | None, response_id: Any
    ) -> list[dict[str, Any]]:
        if isinstance(kept, FrontShard):
            return await turns_up_to(core, kept, response_id, request)
        items = [msgspec.to_builtins(item) for item in (() if kept is None else kept.items)]
        return [{name: value for name, value in item.items() if value is not None} for item in items]

    async def _of_all(request: Request, several: Several, before: Sequence[Mapping[str, Any]]) -> Response:
        body = await read_aside(await request.body(), read_body)
        turns = (*msgspec.convert(before, tuple[InputItem, ...]), *body.items)

        def keep(writer: ResponseWriter) -> None:
            if body.store is not False:
                said = writer.items()
                own.put(KeptResponse(writer.response, (*turns, *said), said), client_of(request).key)

        return await response_of_all(request, several, body, before, keep)

    async def one(request: Request) -> Response:
        response_id = request.path_params["id"]
        if own.has(response_id):
            return json_response(own.get(response_id))
        return await found(request)

    async def input_items(request: Request) -> Response:
        response_id = request.path_params["id"]
        if not own.has(response_id):
            return await found(request)
        limit, newest_first = int(number(request, "limit", LIMIT, 1, MOST)), choice(request, "order", ORDERS) != "asc"
        told = page(own.kept(response_id), limit, newest_first=newest_first, after=request.query_params.get("after"))
        return json_response(told, headers=NO_STORE)

    async def deleted(request: Request) -> Response:
        response_id = request.path_params["id"]
        if not own.has(response_id):
            return await found(request)
        own.delete(response_id)
        return json_response(DeletedResponse(response_id))

    async def found(request: Request) -> Response:
        shard = await directory.find(f"/v1/responses/{request.path_params['id']}", role_of(request))
        return await core.relay(shard, request)

    return [
        route("POST", "/v1/responses", responded),
        route("GET", "/v1/responses/{id}", one),
        route("GET", "/v1/responses/{id}/input_items", input_items),
        route("DELETE", "/v1/responses/{id}", deleted),
    ]
