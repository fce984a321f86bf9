"""What an HTTP request waits for, and gives up once its client goes away: an answer's first words, or any work."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

from askcam.server.errors import Abandoned, Unavailable
from askcam.server.steps import Called, CameraAnswered, Changed, Done, Step, TextDelta

T = TypeVar("T")


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
        if isinstance(step, TextDelta | CameraAnswered | Changed | Done):
            return step
        if isinstance(step, Called) and step.server is not None:
            return step
    raise AssertionError("an answer ends with Done")


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
