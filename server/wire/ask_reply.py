"""What POST /v1/ask answers, of a server and of a front: whole, or each camera's answer as it comes."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from askcam.client.protocol import Problem
from askcam.client.several import AskCameraAnswered, AskDone, AskEvent, AskReply, AskTextDelta
from askcam.server.errors import Refusal, called
from askcam.server.steps import CameraAnswered, Done, MergedDone, Step, TextDelta, end_of
from askcam.server.wire.bodies import NO_STORE, json_response, server_sent
from askcam.server.wire.endpoint import SSE
from askcam.server.wire.leaving import until_told, while_there
from askcam.server.wire.refusals import on_wire

NAMES = {"model": "cameras"}  # of this body's field, by what other protocols call it


async def answered(request: Request, steps: AsyncGenerator[Step, None], *, stream: bool) -> Response:
    """`steps` end in a MergedDone. Raises Refusal for what is refused before anything is told."""
    with called(NAMES):
        if not stream:
            return json_response(_reply(await while_there(request, end_of(steps))), headers=NO_STORE)
        first = await until_told(steps, request)
    return StreamingResponse(_events(first, steps), media_type=SSE, headers={"Cache-Control": "no-store"})


async def _events(first: Step, steps: AsyncGenerator[Step, None]) -> AsyncIterator[bytes]:
    """To [DONE]; what goes wrong on the way is the last one."""
    async with contextlib.aclosing(steps):
        try:
            with called(NAMES):
                if (event := _told(first)) is not None:
                    yield server_sent(event)
                if not isinstance(first, Done):
                    async for step in steps:
                        if (event := _told(step)) is not None:
                            yield server_sent(event)
        except Refusal as exc:  # the status line is gone
            yield server_sent(Problem(on_wire(exc).body()))
            return
        yield b"data: [DONE]\n\n"


def _told(step: Step) -> AskEvent | None:
    """What a stream tells of a step."""
    match step:
        case CameraAnswered():
            return AskCameraAnswered(step.answer)
        case TextDelta():
            return AskTextDelta(step.text)
        case Done():
            return AskDone(_reply(step))
    return None


def _reply(done: Done) -> AskReply:
    assert isinstance(done, MergedDone), "an answer that is made of others' says how"
    return AskReply(done.text, done.made_by, done.saw)
