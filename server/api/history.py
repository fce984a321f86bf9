"""GET /v1/answers/{id} and its frames: what an answer was and what it saw, from memory or from its evidence on disk."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response

from askcam.client.protocol import SeenFrame, StoredAnswer
from askcam.server.answers import Record
from askcam.server.errors import not_found
from askcam.server.evidence.archive import Archive
from askcam.server.evidence.errors import NotKept
from askcam.server.evidence.record import Evidence, PictureRef, SeenPicture
from askcam.server.house import House
from askcam.server.pictures import encode
from askcam.server.saw import rfc3339
from askcam.server.wire.bodies import json_response
from askcam.server.wire.endpoint import JPEG, JSON, Endpoint, Reply, Takes
from askcam.stream.frame import Frame

QUALITY = 90  # JPEG; what the model saw is small, so it may be good
NO_STORE = {"Cache-Control": "private, no-store"}

ANSWER = Takes("id", "path", "the answer's id: `askcam.answer_id` of what was answered")


def endpoints(house: House) -> list[Endpoint]:
    """Viewers only. Ids are unguessable and never listed: an answer is read by whom its id was told to."""

    async def kept(answer_id: str) -> Evidence:
        if house.archive is not None:
            try:
                return await asyncio.to_thread(house.archive.get, answer_id)
            except NotKept:
                pass
        where = "only the last ones are, and none over a restart" if house.archive is None else "nor is its evidence"
        raise not_found(f"no answer {answer_id[:64]!r} is kept: {where}", "id")

    async def answer(request: Request) -> Response:
        answer_id = request.path_params["id"]
        found = house.answers.get(answer_id) or await kept(answer_id)
        return json_response(stored(found), headers=NO_STORE)

    async def frame(request: Request) -> Response:
        answer_id, index = request.path_params["id"], request.path_params["index"]
        found = house.answers.get(answer_id) or await kept(answer_id)
        frames = _seen(found)
        if index >= len(frames):
            raise not_found(f"answer {answer_id} has {len(frames)} frames, counted from 0; not {index}", "index")
        return _jpeg(await asyncio.to_thread(_picture, frames[index], house.archive))

    async def key(request: Request) -> Response:
        found = await kept(request.path_params["id"])
        if found.key is None or house.archive is None:
            raise not_found(f"there is no key picture of answer {found.id}: its camera could not give it", "id")
        return _jpeg(await asyncio.to_thread(house.archive.album.read, found.key.picture))

    return [
        Endpoint(
            method="GET",
            path="/v1/answers/{id}",
            handler=answer,
            name="getAnswer",
            what="One of the last answers, or one whose evidence is kept",
            replies={200: Reply("", {JSON: StoredAnswer})},
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
            takes=(ANSWER, Takes("index", "path", "counted from 0", {"type": "integer", "minimum": 0})),
            errors=(404,),
            tag="answers",
        ),
        Endpoint(
            method="GET",
            path="/v1/answers/{id}/key.jpg",
            handler=key,
            name="getAnswerKeyPicture",
            what="Of kept evidence: the camera's picture of that moment in full resolution",
            replies={200: Reply("JPEG", JPEG)},
            takes=(ANSWER,),
            errors=(404,),
            tag="answers",
        ),
    ]


def stored(found: Record | Evidence) -> StoredAnswer:
    """What the wire says of an answer."""
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
        frames=_frames(found),
    )


def _frames(found: Record | Evidence) -> list[SeenFrame]:
    age_ms, frames = found.saw.frame_age_ms, _seen(found)
    return [
        SeenFrame(
            index=index,
            captured_at=rfc3339(frame.wall),
            age_ms=None if age_ms is None else round(age_ms + _before_s(frame, frames[-1]) * 1000, 1),
            age_basis=frame.basis.value,
            width=_size(frame).width,
            height=_size(frame).height,
            url=f"/v1/answers/{found.id}/frames/{index}.jpg",
        )
        for index, frame in enumerate(frames)
    ]


def _seen(found: Record | Evidence) -> Sequence[Frame | SeenPicture]:
    """The frames in order: from memory with their pixels, from evidence with the names of their pictures."""
    if isinstance(found, Record):
        return found.frames
    return () if found.view is None else found.view.frames


def _before_s(frame: Frame | SeenPicture, newest: Frame | SeenPicture) -> float:
    if isinstance(frame, Frame) and isinstance(newest, Frame):
        return newest.mono - frame.mono
    assert isinstance(frame, SeenPicture)
    return frame.before_s


def _size(frame: Frame | SeenPicture) -> Frame | PictureRef:
    return frame if isinstance(frame, Frame) else frame.picture


def _picture(frame: Frame | SeenPicture, archive: Archive | None) -> bytes:
    """A JPEG of it. Raises Broken."""
    if isinstance(frame, Frame):
        return encode(frame.pixels, QUALITY)
    assert archive is not None, "evidence was read from it"
    return encode(archive.album.pixels(frame.picture), QUALITY)


def _jpeg(data: bytes) -> Response:
    return Response(data, media_type="image/jpeg", headers=NO_STORE)
