"""From an answer's steps to what HTTP waits for: the first words of a stream, or the whole."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

from askcam.server.asking import Asking
from askcam.server.errors import Abandoned, Invalid, Unavailable
from askcam.server.steps import Ask, Called, Changed, Done, Step, TextDelta

T = TypeVar("T")

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


async def until_told(steps: AsyncGenerator[Step, None], request: Request) -> Step:
    """The first step that a stream tells of: words, a call that is carried out here, the end. The status line waits for
    it, so that every refusal until then still has its own status. Raises Refusal, 499 when the client went away."""
    try:
        return await while_there(request, _first(steps))
    except BaseException:
        await steps.aclose()
        raise


async def _first(steps: AsyncGenerator[Step, None]) -> Step:
    async for step in steps:
        if isinstance(step, TextDelta | Changed | Done) or (isinstance(step, Called) and step.server is not None):
            return step
    raise AssertionError("an answer ends with Done")


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


async def while_there(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives; it is cancelled as soon as the client goes away, whatever it waits for: a place in the queue,
    a form that is compiled, a word. The body must have been read. Raises Abandoned then, Unavailable when
    the server ends, and what `work` raises.
    """
    doing, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((doing, gone), return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        raise Abandoned("the client went away before the answer was complete")
    except asyncio.CancelledError as exc:  # nobody but a server that ends cancels a request
        raise Unavailable("the server is ending: ask again", code="shutting_down") from exc
    finally:
        gone.cancel()
        doing.cancel()
        await asyncio.gather(doing, gone, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


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
