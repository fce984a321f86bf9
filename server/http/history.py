"""GET /v1/answers/{id} and its frames: what an answer was and what it saw, from memory or where else it is kept."""

import asyncio
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response

from askcam.client.protocol import SeenFrame, StoredAnswer
from askcam.server.core import Core
from askcam.server.errors import NotFound
from askcam.server.found_answers import find_answer, of_answer
from askcam.server.kept_answers import KeptAnswer
from askcam.server.wire.bodies import NO_STORE, jpeg_response, json_response
from askcam.server.wire.endpoint import ANSWER, JPEG, JSON, Endpoint, Reply, Takes
from askcam.server.wire.moments import rfc3339


def endpoints(core: Core) -> list[Endpoint]:
    """Ids are unguessable and never listed: an answer is read by whom its id was told to (found_answers.py)."""

    async def answer(request: Request) -> Response:
        return json_response(stored(await find_answer(core, request.path_params["id"])), headers=NO_STORE)

    async def frame(request: Request) -> Response:
        answer_id, index = request.path_params["id"], request.path_params["index"]
        frames = (await find_answer(core, answer_id)).frames
        if index >= len(frames):
            raise NotFound(f"answer {answer_id} has {len(frames)} frames, counted from 0; not {index}", "index")
        return jpeg_response(await asyncio.to_thread(frames[index].jpeg))

    return [
        Endpoint(
            method="GET",
            path="/v1/answers/{id}",
            handler=answer,
            name="getAnswer",
            what="One of the last answers, or one whose evidence is kept",
            replies={200: Reply("", {JSON: StoredAnswer})},
            about=of_answer(core),
            takes=(ANSWER,),
            errors=(404,),
            tag="answers",
        ),
        Endpoint(
            method="GET",
            path="/v1/answers/{id}/frames/{index:int}.jpg",
            handler=frame,
            name="getAnswerFrame",
            what="A frame that it was given from, as the model saw it",
            replies={200: Reply("JPEG", JPEG)},
            about=of_answer(core),
            takes=(ANSWER, Takes("index", "path", "counted from 0", {"type": "integer", "minimum": 0})),
            errors=(404,),
            tag="answers",
        ),
    ]


def stored(found: KeptAnswer) -> StoredAnswer:
    """What the wire says of an answer."""
    age_ms = found.saw.frame_age_ms
    return StoredAnswer(
        id=found.id,
        created=rfc3339(found.created),
        camera=found.saw.camera,
        question=found.question,
        answer=found.text,
        reason=found.reason.value,
        askcam=found.saw,
        usage={name.removesuffix("_tokens"): count for name, count in asdict(found.usage).items()},
        timings_ms={name.removesuffix("_s"): round(s * 1000, 3) for name, s in asdict(found.timings).items()},
        frames=[
            SeenFrame(
                index=index,
                captured_at=rfc3339(frame.wall),
                age_ms=None if age_ms is None else round(age_ms + frame.before_s * 1000, 1),
                age_basis=frame.basis.value,
                width=frame.width,
                height=frame.height,
                url=f"/v1/answers/{found.id}/frames/{index}.jpg",
            )
            for index, frame in enumerate(found.frames)
        ],
    )
