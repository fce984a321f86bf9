"""POST /v1/responses: OpenAI's newer door. Wire in, asking, wire out (plain JSON or typed server-sent events)."""

import asyncio
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from askcam.server.access.shares import asker_of
from askcam.server.access.viewer import Viewer
from askcam.server.access.visited import note
from askcam.server.core import Core
from askcam.server.errors import called
from askcam.server.openai.addresses import in_response
from askcam.server.openai.outcome import ANSWER_LINKS, check_stream, whole
from askcam.server.openai.responses import shapes
from askcam.server.openai.responses.body import ResponseRequest
from askcam.server.openai.responses.input_items import LIMIT, MOST, ORDERS, ItemPage, page
from askcam.server.openai.responses.items import shows
from askcam.server.openai.responses.reading import NAMES, read_body
from askcam.server.openai.responses.request import read
from askcam.server.openai.responses.shapes import DeletedResponse, ResponseEvent
from askcam.server.openai.responses.store import KeptResponse, Responses, referred, turns_before
from askcam.server.openai.responses.writer import ResponseWriter, events
from askcam.server.wire.about import BY_HANDLER, of_thing
from askcam.server.wire.bodies import NO_STORE, choice, json_response, number, read_aside
from askcam.server.wire.endpoint import JSON, SSE, Endpoint, EventStream, Reply, Takes
from askcam.server.wire.leaving import until_told

RESPONSE = Takes("id", "path", "the response's own id")
LINKS = ANSWER_LINKS | {
    name: {"operationId": name, "parameters": {"id": "$response.body#/id"}}
    for name in ("getResponse", "deleteResponse", "listResponseInputItems")
}


def endpoints(core: Core) -> list[Endpoint]:
    """A response is read and deleted by whom its id was told to: ids are unguessable and never listed."""
    responses = Responses()

    async def check(request: Request, viewer: Viewer) -> None:
        responses.kept(request.path_params["id"], viewer)

    of_response = of_thing("a response", check)

    async def create(request: Request) -> Response:
        client = asker_of(request)
        core.admit_question(request)  # before its body is read: that may cost most
        body = await read_aside(await request.body(), read_body)
        note(request, camera=body.model)
        before = turns_before(responses, body.previous_response_id, client.viewer)
        added = referred(responses, body.items, client.viewer)
        await core.fetcher.put(in_response(body), client)
        model = core.model_of(body.model, client.viewer, body.askcam.model if body.askcam else None)
        context = model.engine.info.context_tokens
        if shows((*before, *added)):
            ask = await core.decoding.run(
                client.key,
                lambda budget: read(body, before, added, core.limits, context // 2, budget),
                request.is_disconnected,
                model.fit_picture,
            )
        else:
            ask = await asyncio.to_thread(read, body, before, added, core.limits, context // 2)
        ask = replace(ask, client=client)
        writer = ResponseWriter(body)

        def keep() -> None:
            if body.store is not False:
                own = writer.items()
                kept = KeptResponse(writer.response, (*before, *added, *own), own, client.viewer.owner)
                responses.put(kept, client.key)

        if not body.stream:
            with called(NAMES):
                answer = writer.whole(await whole(core.asking, ask, request))
            keep()
            return json_response(answer)
        check_stream(ask)
        steps = core.asking.ask(ask)
        with called(NAMES):
            first = await until_told(steps, request)
        return StreamingResponse(
            events(first, steps, writer, keep), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    async def retrieve(request: Request) -> Response:
        return json_response(responses.get(request.path_params["id"]))

    async def input_items(request: Request) -> Response:
        limit = int(number(request, "limit", LIMIT, 1, MOST))
        newest_first = choice(request, "order", ORDERS) != "asc"
        kept, after = responses.kept(request.path_params["id"]), request.query_params.get("after")
        return json_response(page(kept, limit, newest_first=newest_first, after=after), headers=NO_STORE)

    async def delete(request: Request) -> Response:
        responses.delete(request.path_params["id"])
        return json_response(DeletedResponse(request.path_params["id"]))

    return [
        Endpoint(
            method="POST",
            path="/v1/responses",
            handler=create,
            name="createResponse",
            what="Ask, in the Responses API's words. With `stream`, typed events come as server-sent events",
            replies={
                200: Reply("the answer", {JSON: shapes.Response, SSE: EventStream((ResponseEvent,))}, links=LINKS)
            },
            about=BY_HANDLER,
            body=ResponseRequest,
            errors=(400, 404, 503),
            tag="asking",
        ),
        Endpoint(
            method="GET",
            path="/v1/responses/{id}",
            handler=retrieve,
            name="getResponse",
            what="One of the last responses",
            replies={200: Reply("", {JSON: shapes.Response})},
            about=of_response,
            takes=(RESPONSE,),
            errors=(404,),
            tag="asking",
        ),
        Endpoint(
            method="GET",
            path="/v1/responses/{id}/input_items",
            handler=input_items,
            name="listResponseInputItems",
            what="The turns that it was given to, those of the responses that it follows among them",
            replies={200: Reply("", {JSON: ItemPage})},
            about=of_response,
            takes=(
                RESPONSE,
                Takes("limit", "query", "so many of them", {"type": "integer", "minimum": 1, "maximum": MOST}),
                Takes("order", "query", "the newest first (desc), or the oldest", {"enum": list(ORDERS)}),
                Takes("after", "query", "those that follow this one: the last_id of the page before"),
            ),
            errors=(400, 404),
            tag="asking",
        ),
        Endpoint(
            method="DELETE",
            path="/v1/responses/{id}",
            handler=delete,
            name="deleteResponse",
            what="Forget it",
            replies={200: Reply("it is forgotten", {JSON: DeletedResponse})},
            about=of_response,
            takes=(RESPONSE,),
            errors=(404,),
            tag="asking",
        ),
    ]
