"""Finding an answer by its id, wherever it is kept, and who may read it."""

import asyncio
from functools import partial

from starlette.requests import Request

from askcam.server.access.viewer import Viewer
from askcam.server.answers import Record, no_such_answer
from askcam.server.core import Core
from askcam.server.kept_answers import KeptAnswer, KeptFrame
from askcam.server.pictures import encode
from askcam.server.wire.about import AboutCameras, of_thing

QUALITY = 90  # JPEG; what the model saw is small, so it may be good


async def find_answer(core: Core, answer_id: str) -> KeptAnswer:
    """Raises NotFound, CannotRead."""
    record = core.answers.get(answer_id)
    if record is not None:
        return remembered(record)
    for archive in core.archives:
        found = await asyncio.to_thread(archive.get, answer_id)
        if found is not None:
            return found
    raise no_such_answer(answer_id, archived=bool(core.archives))


def of_answer(core: Core, name: str = "id") -> AboutCameras:
    """What endpoints are about that have an answer's id in their path."""

    async def check(request: Request, viewer: Viewer) -> None:
        answer_id = request.path_params[name]
        if not may_read(viewer, await find_answer(core, answer_id)):
            raise no_such_answer(answer_id, archived=bool(core.archives))

    return of_thing("an answer", check)


def may_read(viewer: Viewer, answer: KeptAnswer) -> bool:
    """Ids are unguessable and never listed: so whoever has a token of [server] may read by it what such a token was
    told. Others read their own answers, and those of others about a camera that they see, unless tools have brought
    more into them."""
    if viewer.may_have(answer.owner):
        return True
    return answer.saw.camera is not None and viewer.sees(answer.saw.camera) and not answer.saw.tools


def remembered(record: Record) -> KeptAnswer:
    """An answer that is in memory yet."""
    frames = tuple(
        KeptFrame(
            frame.wall,
            record.frames[-1].mono - frame.mono,
            frame.basis,
            frame.width,
            frame.height,
            partial(encode, frame.pixels, QUALITY),
        )
        for frame in record.frames
    )
    return KeptAnswer(
        record.id,
        record.created,
        record.saw,
        record.question,
        record.text,
        record.reason,
        record.usage,
        record.timings,
        frames,
        record.owner,
    )
