"""Several cameras asked in words: each gives an answer of its own, and one is made of them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from askcam.client.protocol import CameraAnswer, Saw
from askcam.engine.question import Role, Usage
from askcam.features.ask_all.merged import of_all, told
from askcam.server.answering.admitting import new_answer_id
from askcam.server.answering.several import side_by_side, wish
from askcam.server.answering.trained import asked
from askcam.server.answers import Answers
from askcam.server.asking import Asking
from askcam.server.errors import TooMany
from askcam.server.model import Model
from askcam.server.saw import what_it_saw
from askcam.server.steps import Ask, Begun, Done, MergedDone, SeenStep, Step

MOST_TOKENS = 128  # of one camera's answer


class InWords:
    """One question to several cameras. Owned by the event loop."""

    def __init__(self, asking: Asking, answers: Answers, model: Model, ask: Ask) -> None:
        self._asking, self._answers, self._model, self._ask = asking, answers, model, ask
        self._taken_at: list[float] = []  # when the newest frame of each answer was taken, steady
        self._used = Usage()  # by all of them
        most = min(ask.sampling.max_tokens, MOST_TOKENS)
        self._sampling = replace(ask.sampling, response_format=None, logprobs=None, max_tokens=most)

    async def one(self, camera: str, until: float) -> CameraAnswer:
        """One camera's answer; while the queue is full it waits, `until` then (steady). Raises what keeps the camera
        from giving one."""
        ask = replace(self._ask, camera=camera, sampling=self._sampling)
        while True:
            try:
                return await self._answer(camera, replace(ask, received=time.monotonic()))
            except TooMany as exc:
                pause_s = min(exc.retry_after_s or 1.0, 1.0)
                if time.monotonic() + pause_s > until:
                    raise
                await asyncio.sleep(pause_s)

    async def _answer(self, camera: str, ask: Ask) -> CameraAnswer:
        async with contextlib.aclosing(self._asking.ask(ask)) as steps:
            async for step in steps:
                if isinstance(step, SeenStep) and step.saw.frame_age_ms is not None:
                    self._taken_at.append(time.monotonic() - step.saw.frame_age_ms / 1000)
                if isinstance(step, Done):
                    self._used += step.usage
                    return CameraAnswer(camera, step.text, None, step.saw)
        raise AssertionError("an answer ends with Done")

    async def merged(self, answers: Sequence[CameraAnswer]) -> AsyncGenerator[Step, None]:
        """What is made of them, by the model where it can speak of what it is only told. Raises Refusal."""
        ask, question = self._ask, asked(self._ask.messages)
        if not self._model.engine.info.talks:
            text, saw = side_by_side(question, answers), self._saw(answers)
            for step in told(self._answers, ask, text, saw, self._used, "listing"):
                yield step
            return
        system = tuple(message for message in ask.messages if message.role is Role.SYSTEM)
        merging = replace(ask, camera=None, messages=(*system, wish(question, answers)), max_age_s=None, zone=None)
        async with contextlib.aclosing(self._asking.ask(replace(merging, server_tools=()))) as steps:
            async for step in steps:
                if isinstance(step, SeenStep):
                    yield SeenStep(self._saw(answers, step.saw))
                elif isinstance(step, Done):
                    yield self._done(step, self._saw(answers, step.saw))
                elif not isinstance(step, Begun):
                    yield step

    def _done(self, done: Done, saw: Saw) -> MergedDone:
        used = self._used + done.usage
        return MergedDone(done.reason, done.text, saw, used, done.timings, thought=done.thought, made_by="model")

    def _saw(self, answers: Sequence[CameraAnswer], saw: Saw | None = None) -> Saw:
        saw = saw or what_it_saw(new_answer_id(), self._model.engine.info, None, (), None, None, self._model.called)
        return of_all(saw, answers, self._taken_at)
