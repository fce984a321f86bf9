"""POST /v1/chat/completions: OpenAI's oldest door. Wire in, asking, wire out (plain JSON or server-sent events)."""

import asyncio
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from askcam.client.protocol import Problem
from askcam.server.access.shares import asker_of
from askcam.server.access.visited import note
from askcam.server.core import Core
from askcam.server.openai.addresses import in_chat
from askcam.server.openai.chat.body import ChatRequest
from askcam.server.openai.chat.reading import read_body
from askcam.server.openai.chat.request import read, shows
from askcam.server.openai.chat.shapes import ChatChunk, ChatCompletion
from askcam.server.openai.chat.writer import ChatWriter, events
from askcam.server.openai.outcome import ANSWER_LINKS, check_stream, whole
from askcam.server.wire.about import BY_HANDLER
from askcam.server.wire.bodies import json_response, read_aside
from askcam.server.wire.endpoint import JSON, SSE, Endpoint, EventStream, Reply
from askcam.server.wire.leaving import until_told


def endpoints(core: Core) -> list[Endpoint]:
    async def complete(request: Request) -> Response:
        client = asker_of(request)
        core.admit_question(request)  # before its body is read: that may cost most
        body = await read_aside(await request.body(), read_body)
        note(request, camera=body.model)
        await core.fetcher.put(in_chat(body), client)
        if shows(body):
            ask = await core.decoding.run(
                client.key,
                lambda budget: read(body, core.limits, budget),
                request.is_disconnected,
                core.model_of(body.model, client.viewer, body.askcam.model if body.askcam else None).fit_picture,
            )
        else:
            ask = await asyncio.to_thread(read, body, core.limits)
        ask = replace(ask, client=client)
        with_usage = body.stream_options is not None and body.stream_options.include_usage
        writer = ChatWriter(body.model, with_usage, with_logprobs=bool(body.logprobs))
        if not body.stream:
            return json_response(writer.completion(await whole(core.asking, ask, request)))
        check_stream(ask)
        steps = core.asking.ask(ask)
        first = await until_told(steps, request)
        return StreamingResponse(
            events(first, steps, writer), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    return [
        Endpoint(
            method="POST",
            path="/v1/chat/completions",
            handler=complete,
            name="createChatCompletion",
            what="Ask. With `stream`, chunks come as server-sent events; refusals before the first word have their own "
            "status",
            replies={
                200: Reply(
                    "the answer",
                    {JSON: ChatCompletion, SSE: EventStream((ChatChunk, Problem), "[DONE]")},
                    links=ANSWER_LINKS,
                )
            },
            about=BY_HANDLER,
            body=ChatRequest,
            errors=(400, 404, 503),
            tag="asking",
        )
    ]
