"""GET /v1/answers/{id} and its frames: what one of the last answers was and what it saw."""

import asyncio
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from askcam.client.protocol import SeenFrame, StoredAnswer
from askcam.server.answers import Record
from askcam.server.api.wire import json_response
from askcam.server.errors import not_found
from askcam.server.house import House
from askcam.server.pictures import encode
from askcam.server.saw import rfc3339

QUALITY = 90  # JPEG; what the model saw is small, so it may be good
NO_STORE = {"Cache-Control": "private, no-store"}


def routes(house: House) -> list[BaseRoute]:
    """Viewers only. Ids are unguessable and never listed: an answer is read by whom its id was told to."""

    def record(request: Request) -> Record:
        answer_id = request.path_params["id"]
        found = house.answers.get(answer_id)
        if found is None:
            raise not_found(
                f"no answer {answer_id[:64]!r} is kept: only the last ones are, and none over a restart", "id"
            )
        return found

    async def answer(request: Request) -> Response:
        return json_response(stored(record(request)), headers=NO_STORE)

    async def frame(request: Request) -> Response:
        found, index = record(request), request.path_params["index"]
        if index >= len(found.frames):
            raise not_found(f"answer {found.id} has {len(found.frames)} frames, counted from 0; not {index}", "index")
        jpeg = await asyncio.to_thread(encode, found.frames[index].pixels, QUALITY)
        return Response(jpeg, media_type="image/jpeg", headers=NO_STORE)

    return [
        Route("/v1/answers/{id}", answer),
        Route("/v1/answers/{id}/frames/{index:int}.jpg", frame),
    ]


def stored(record: Record) -> StoredAnswer:
    """What the wire says of a record."""
    return StoredAnswer(
        id=record.id,
        created=rfc3339(record.created),
        camera=record.saw.camera,
        question=record.question,
        answer=record.text,
        reason=record.reason.value,
        askcam=record.saw,
        usage={name.removesuffix("_tokens"): count for name, count in asdict(record.usage).items()},
        timings_ms={name.removesuffix("_s"): round(s * 1000, 3) for name, s in asdict(record.timings).items()},
        frames=_frames(record),
    )


def _frames(record: Record) -> list[SeenFrame]:
    age_ms = record.saw.frame_age_ms
    return [
        SeenFrame(
            index=index,
            captured_at=rfc3339(frame.wall),
            age_ms=None if age_ms is None else round(age_ms + (record.frames[-1].mono - frame.mono) * 1000, 1),
            age_basis=frame.basis.value,
            width=frame.width,
            height=frame.height,
            url=f"/v1/answers/{record.id}/frames/{index}.jpg",
        )
        for index, frame in enumerate(record.frames)
    ]
