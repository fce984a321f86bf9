"""One question to the engine for a note's sake: only while nobody else asks, and given up as soon as somebody does."""

import asyncio
import time
from collections.abc import Callable, Sequence

from askcam.engine.errors import EngineFailure
from askcam.engine.question import Clip, Event, Failed, Finished, Message, Question, Reason, Role, Sampling, Text
from askcam.features.timeline.errors import Overdue
from askcam.server.model import Model
from askcam.server.threads import on_loop
from askcam.stream.frame import Pixels

MAX_TOKENS = 96
LOOK_S = 0.05  # how often it is seen whether somebody asks
WITHIN_S = 120.0  # of one answer: a few words, which take seconds where nobody else asks


class GaveWay(Exception):
    """Somebody asks: later."""


class Questions:
    """Owned by the event loop; one at a time."""

    def __init__(
        self, model: Model, somebody_asks: Callable[[], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock`: steady, in seconds."""
        self._model, self._somebody_asks, self._clock = model, somebody_asks, clock

    async def ask(self, text: str, frames: Sequence[Pixels], fps: float) -> str:
        """The answer to `text` about frames (height, width, 3) uint8 RGB. Raises GaveWay,
        EngineError, and of these Overdue when there is none after 120 s."""
        if self._somebody_asks():
            raise GaveWay
        ended: asyncio.Future[Finished | Failed] = asyncio.get_running_loop().create_future()

        def tell(event: Finished | Failed) -> None:
            if not ended.done():
                ended.set_result(event)

        over = on_loop(tell)

        def hear(event: Event) -> None:  # on the engine's thread
            if isinstance(event, Finished | Failed):
                over(event)

        engine, until = self._model.engine, self._clock() + WITHIN_S
        message = Message(Role.USER, (Clip(tuple(frames), fps), Text(text)))
        sampling = Sampling(max_tokens=MAX_TOKENS, temperature=0.0)
        ticket = engine.ask(Question((message,), None, sampling, known_only=True), hear)
        try:
            while not ended.done():
                await asyncio.wait((ended,), timeout=LOOK_S)
                if ended.done():
                    break
                if self._somebody_asks():
                    raise GaveWay
                if self._clock() >= until:
                    raise Overdue(f"the engine has given no answer for {WITHIN_S:g} s: it is asked again")
        except BaseException:
            engine.cancel(ticket)
            raise
        match ended.result():
            case Finished(reason, answer) if reason is not Reason.CANCELLED:
                return answer
            case Failed(error):
                raise error
            case _:
                raise EngineFailure("the answer was cancelled")
