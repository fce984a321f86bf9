"""The whole of an answer, begun anew where its scene changed; what a stream cannot be."""

import contextlib

from starlette.requests import Request

from askcam.server.asking import Asking
from askcam.server.errors import Invalid
from askcam.server.steps import Ask, Changed, Done
from askcam.server.wire.leaving import while_there

MAX_AGAIN = 2  # times that an answer is begun anew because the scene has changed; the last one is given as it is

ANSWER_LINKS = {
    name: {"operationId": name, "parameters": {"id": "$response.body#/askcam/answer_id"}}
    for name in ("getAnswer", "getAnswerKeyPicture")
} | {
    "getAnswerFrame": {
        "operationId": "getAnswerFrame",
        "parameters": {"id": "$response.body#/askcam/answer_id", "index": 0},
    }
}


def check_stream(ask: Ask) -> None:
    """Raises Invalid for what only a whole answer can be."""
    if ask.on_change == "answer_again":
        raise Invalid(
            "what was streamed cannot be taken back: leave 'stream' out, or ask for on_scene_change 'tell'",
            "askcam.on_scene_change",
        )


async def whole(asking: Asking, ask: Ask, request: Request) -> Done:
    """The end of an answer. Raises Refusal, 499 when the client went away."""
    return await while_there(request, _whole(asking, ask))


async def _whole(asking: Asking, ask: Ask) -> Done:
    again = MAX_AGAIN if ask.on_change == "answer_again" else 0
    while True:
        async with contextlib.aclosing(asking.ask(ask)) as steps:
            async for step in steps:
                if isinstance(step, Done):
                    return step
                if isinstance(step, Changed) and again:
                    break
        again -= 1
