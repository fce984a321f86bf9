"""One question, or one scoring, over a model server: from the camera's frames to what is told last.

`answer` read aloud: look at the camera, encode what the question sees, post it, tell the asker what streams back. On
the engine's event loop; pictures are looked at and encoded beside it.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from askcam.engine.answer import refuse_stale
from askcam.engine.base import EngineBase
from askcam.engine.errors import EngineFailure
from askcam.engine.inbox import Asked
from askcam.engine.question import Event, Finished, Question, Scored, Scoring, Started, Timings, Trace, Usage
from askcam.engine.remote.answer import StreamedAnswer
from askcam.engine.remote.deltas import DONE, EventReader, read_chunk, read_usage
from askcam.engine.remote.outgoing import Outgoing
from askcam.engine.remote.probe import Proven
from askcam.engine.remote.scoring import bodies, probabilities, wanted_tokens
from askcam.engine.remote.transport import Transport
from askcam.engine.remote.vocabulary import Vocabulary
from askcam.stream.window import View

T = TypeVar("T")
BETWEEN_S = 30.0  # the longest silence from one word to the next
JUST_OVER_S = 0.005  # by which frames are too old when it is said
END_S = 0.2  # for a stream to end whose last event has come
SCORES_AT_ONCE = 4  # requests of one scoring; the first goes alone, so that the others find its frames read


@dataclass(slots=True, eq=False)
class RunningQuestion:
    """One on its way to its last event. Owned by the event loop."""

    asked: Asked
    started: float
    task: "asyncio.Task[Finished | Scored] | None" = None
    answer: StreamedAnswer | None = None
    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)


class RemoteAsking:
    """Owned by the event loop."""

    def __init__(
        self,
        cameras: EngineBase,
        tell: Callable[[Asked, Event], None],
        outgoing: Outgoing,
        proven: Proven,
        transport: Transport,
        vocabulary: Vocabulary,
        threads: ThreadPoolExecutor,
    ) -> None:
        self._cameras, self._tell, self._outgoing = cameras, tell, outgoing
        self._proven, self._dialect = proven, proven.dialect
        self._transport, self._vocabulary, self._threads = transport, vocabulary, threads

    async def answer(self, running: RunningQuestion, question: Question) -> Finished:
        """One question; returns its last event. Raises what it fails with."""
        asked = running.asked
        view = self._cameras.seen(question, await self._beside(lambda: self._cameras.look(question)))
        capture_s = 0.0 if view is None else view.age_s(time.monotonic())
        self._tell(asked, Started(view))
        body, running.usage = await self._beside(lambda: self._outgoing.posted(question, view))
        running.timings = Timings(wait_s=running.started - asked.at, preprocess_s=time.monotonic() - running.started)
        trace = Trace(np.zeros(0, np.int32), question.sampling) if question.trace else None
        answer = running.answer = StreamedAnswer(asked, question, view, self._tell, capture_s, trace)
        try:
            async with asyncio.timeout(self._patience_s(question, view)) as silence:
                await self._hear(answer, body, silence)
        except TimeoutError as exc:
            if view is not None and not answer.begun:
                refuse_stale(question, view, capture_s)
            raise self._transport.silent(BETWEEN_S if answer.begun else None) from exc
        finished = answer.finish(running.usage, running.timings)
        self._check_seen(finished.usage.prompt_tokens, finished.usage.vision_tokens)
        return finished

    def _check_seen(self, prompt_tokens: int, vision_tokens: int) -> None:
        """A server may leave out the oldest of what its context does not hold, without a word. Raises EngineFailure for
        an answer that was given so. 0 prompt tokens: they are not told."""
        if self._proven.counts_frames and 0 < prompt_tokens < vision_tokens:
            remedy = self._dialect.start or "ask about less"
            raise EngineFailure(
                f"the model server left out part of what it was shown: it read {prompt_tokens} tokens, and its frames "
                f"alone are {vision_tokens}; {remedy}"
            )

    def _patience_s(self, question: Question, view: View | None) -> float:
        """How long a first word is waited for: as long as the frames are young enough, if that is shorter."""
        if view is None or question.max_age_s is None:
            return self._transport.first_s
        left_s = question.max_age_s - view.age_s(time.monotonic())
        return min(self._transport.first_s, max(0.0, left_s) + JUST_OVER_S)

    async def _hear(self, answer: StreamedAnswer, body: bytes, silence: asyncio.Timeout) -> None:
        """What streams back, to its end or as far as it is wanted."""
        events, loop = EventReader(), asyncio.get_running_loop()
        async with self._transport.stream("/chat/completions", body) as pieces:
            async for piece in pieces:
                found = events.feed(piece)
                for data in found:
                    if data == DONE:
                        silence.reschedule(None)
                        await _drained(pieces)
                        return
                    answer.take(read_chunk(data))
                if answer.over:
                    return
                if found and answer.begun:  # signs of life between events are no words
                    silence.reschedule(loop.time() + BETWEEN_S)
        for data in events.finish():
            if data != DONE:
                answer.take(read_chunk(data))

    async def score(self, scoring: Scoring) -> Scored:
        """A request a question, all about the same moment."""
        view = await self._beside(lambda: self._cameras.look(scoring.questions[0]))
        capture_s = 0.0 if view is None else view.age_s(time.monotonic())
        views = tuple(self._cameras.seen(question, view) for question in scoring.questions)
        wanted = await self._beside(lambda: wanted_tokens(scoring.choices, self._dialect, self._vocabulary))
        places = asyncio.Semaphore(SCORES_AT_ONCE)

        used: list[Usage] = []

        async def row(question: Question, seen: View | None) -> tuple[float, ...]:
            async with places:
                body = await self._beside(lambda: self._outgoing.scored(question, seen))
                wants = bodies(body, wanted, self._dialect)
                replies = [await self._transport.post("/chat/completions", each) for each in wants]
                vision_tokens = self._outgoing.vision_tokens(question, seen)
                for reply in replies:
                    if (told := read_usage(reply.get("usage"))) is not None:
                        self._check_seen(told.prompt_tokens, vision_tokens)
                        used.append(told)
                return probabilities(replies, wanted, self._dialect)

        first, *others = zip(scoring.questions, views, strict=True)
        rows = [await row(*first)]
        tasks = [asyncio.ensure_future(row(*other)) for other in others]
        try:
            rows += await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if view is not None:
            refuse_stale(scoring.questions[0], view, capture_s)
        return Scored(views, tuple(rows), sum(used, start=Usage()))

    async def _beside(self, work: Callable[[], T]) -> T:
        """Done on another thread: a camera may convert a picture, and encoding takes milliseconds."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


async def _drained(pieces: AsyncIterator[bytes]) -> None:
    """The end of a stream that says nothing more: whoever reads it keeps the connection for the next question."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(END_S):
            async for _ in pieces:
                pass
