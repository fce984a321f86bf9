"""POST /v1/ask: one question to several cameras, whole or as it comes."""

from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from askcam.client.protocol import Problem
from askcam.client.several import AskCameraAnswered, AskDone, AskReply, AskTextDelta
from askcam.engine.question import Message, Role, Sampling, Text
from askcam.features.ask_all.asking import AskAll
from askcam.server.access.shares import ClientIdentity, asker_of
from askcam.server.access.visited import note
from askcam.server.answering.several import ALL, named_cameras
from askcam.server.core import Core
from askcam.server.errors import Invalid
from askcam.server.steps import Ask
from askcam.server.wire.about import BY_HANDLER
from askcam.server.wire.ask_reply import answered
from askcam.server.wire.bodies import bounds, decode_body
from askcam.server.wire.endpoint import JSON, SSE, Endpoint, EventStream, Reply

CAMERAS = [{"type": "array", "items": {"type": "string"}}, {"const": ALL}, {"type": "null"}]


class AskBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked, and of which cameras."""

    question: Annotated[str, msgspec.Meta(min_length=1)]
    cameras: Annotated[Any, bounds(anyOf=CAMERAS)] = None  # None, "all": every public one
    stream: bool | None = None  # each camera's answer as it comes, as server-sent events
    max_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    max_age_ms: Annotated[float, msgspec.Meta(gt=0)] | None = None  # of each camera's newest frame
    max_wait_ms: Annotated[float, msgspec.Meta(ge=0, le=60_000)] | None = None  # for it, or for a camera to be there
    zone: str | None = None  # of each camera the zone of that name is looked at alone


def endpoints(core: Core, asking: AskAll) -> list[Endpoint]:
    async def ask(request: Request) -> Response:
        client = asker_of(request)
        core.admit_question(request)
        body = await decode_body(request, AskBody)
        note(request, cameras=body.cameras or ALL)
        if not body.question.strip():
            raise Invalid("'question' is empty: ask something", "question")
        steps = asking.ask(
            read(body, core, client), named_cameras(body.cameras, all_is_one=core.cameras.has(ALL, client.viewer))
        )
        return await answered(request, steps, stream=bool(body.stream))

    return [
        Endpoint(
            method="POST",
            path="/v1/ask",
            handler=ask,
            name="askCameras",
            what="One question to several cameras: each answers for itself, and one answer is made of theirs. With "
            "`stream`, each comes as a server-sent event",
            replies={
                200: Reply(
                    "the answers",
                    {JSON: AskReply, SSE: EventStream((AskCameraAnswered, AskTextDelta, AskDone, Problem), "[DONE]")},
                )
            },
            about=BY_HANDLER,
            body=AskBody,
            errors=(400, 404, 503),
            tag="asking",
        )
    ]


def read(body: AskBody, core: Core, client: ClientIdentity) -> Ask:
    most = core.limits.max_tokens
    return Ask(
        messages=(Message(Role.USER, (Text(body.question),)),),
        sampling=Sampling(max_tokens=min(body.max_tokens or most, most), temperature=body.temperature),
        max_age_s=None if body.max_age_ms is None else body.max_age_ms / 1000,
        max_wait_s=(body.max_wait_ms or 0.0) / 1000,
        zone=body.zone,
        said_in="question",
        client=client,
    )
