"""Several cameras asked which of them shows something: how likely yes is at each, in one pass of the model."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence

import msgspec

from askcam.client.protocol import CameraAnswer
from askcam.engine.errors import Busy
from askcam.engine.question import (
    Failed,
    Message,
    Question,
    Reason,
    Role,
    Sampling,
    Scored,
    ScoreEvent,
    Text,
    Timings,
    Usage,
)
from askcam.features.ask_all.merged import of_all, told
from askcam.server.answering.admitting import Admitting, check_health, new_answer_id
from askcam.server.answering.freshness import young_enough
from askcam.server.answering.several import likeliest
from askcam.server.answering.trained import asked
from askcam.server.answering.yes_or_no import LIKELY, MIN_SHARE, likely_yes
from askcam.server.answers import Answers, Record
from askcam.server.cameras import Cameras
from askcam.server.errors import Unavailable
from askcam.server.language.chinese import is_chinese
from askcam.server.model import Model
from askcam.server.saw import seen_zone, what_it_saw
from askcam.server.steps import Ask, Step
from askcam.server.threads import on_loop
from askcam.stream.zones import window_name

AGAIN_S = 0.2  # between two tries to find a place in the engine's queue


class ByProbability:
    """One question to several cameras. Owned by the event loop."""

    def __init__(
        self,
        admitting: Admitting,
        cameras: Cameras,
        answers: Answers,
        model: Model,
        ask: Ask,
        sought: str,
        meanings: Mapping[Model, Mapping[str, str]],
    ) -> None:
        """`sought`: what each camera is asked, to be answered with a word of its model's `meanings` (yes_or_no.py).
        `model`: that the answer which is made of all is told to be of."""
        self._admitting = admitting
        self._cameras, self._answers, self._model, self._ask = cameras, answers, model, ask
        self._sought, self._meanings = sought, meanings
        self._taken_at: list[float] = []  # when the newest frame of each answer was taken, steady
        self._used = Usage()  # by all of them

    async def one(self, camera: str, until: float) -> CameraAnswer:
        """One camera's answer; while the queue is full it waits, `until` then (steady). Raises what keeps the camera
        from giving one."""
        began, max_age_s = time.monotonic(), self._admitting.max_age_s(self._ask, camera)
        if self._ask.max_wait_s > 0:
            await young_enough(self._cameras.get(camera), max_age_s, began + self._ask.max_wait_s)
        health = self._cameras.health(camera)
        check_health(self._cameras, self._ask, camera, health)
        model = self._cameras.asked_of(camera, self._ask.model)
        meaning = self._meanings[model]
        zone = self._ask.zone
        self._cameras.check_zone(camera, zone)
        with self._cameras.looked_at(camera, zone, model):
            scored = await self._score(model, window_name(camera, zone), max_age_s, until)
        (view,), (row,) = scored.views, scored.probabilities
        assert view is not None, "a question of a camera sees it"
        self._used += scored.usage
        probability, share = likely_yes(meaning, dict(zip(meaning, row, strict=True)))
        if share < MIN_SHARE:
            raise Unavailable(
                f"the model answers {self._sought!r} with something else than yes or no", code="not_scored"
            )
        now = time.monotonic()
        self._taken_at.append(now - view.age_s(now))
        took_s = now - began
        saw = what_it_saw(new_answer_id(), model.engine.info, view, health, view.age_s(now), took_s, model.called)
        saw = msgspec.structs.replace(saw, camera=camera, zone=seen_zone(zone, view))
        yes, no = ("是", "否") if is_chinese(self._sought) else ("Yes.", "No.")
        text = yes if probability >= LIKELY else no
        timings, owner = Timings(first_token_s=took_s, total_s=took_s), self._ask.client.viewer.owner
        record = Record(saw, self._sought, text, Reason.STOP, scored.usage, timings, view.frames, owner=owner)
        self._answers.put(record, self._ask.client.key)
        return CameraAnswer(camera, text, None, saw, round(probability, 4))

    async def merged(self, answers: Sequence[CameraAnswer]) -> AsyncGenerator[Step, None]:
        """Those that show it, the likeliest first."""
        saw = what_it_saw(new_answer_id(), self._model.engine.info, None, (), None, None, self._model.called)
        text = likeliest(asked(self._ask.messages), answers)
        saw = of_all(saw, answers, self._taken_at)
        for step in told(self._answers, self._ask, text, saw, self._used, "probabilities"):
            yield step

    async def _score(self, model: Model, window: str, max_age_s: float | None, until: float) -> Scored:
        """Raises EngineError, StreamError."""
        ended: asyncio.Future[ScoreEvent] = asyncio.get_running_loop().create_future()

        def tell(event: ScoreEvent) -> None:
            if not ended.done():
                ended.set_result(event)

        question = Question(
            (Message(Role.USER, (Text(self._sought),)),),
            window,
            Sampling(max_tokens=1),
            max_age_s=max_age_s,
        )
        engine, hear = model.engine, on_loop(tell)
        while True:
            try:
                ticket = engine.score([question], tuple(self._meanings[model]), hear)
                break
            except Busy:
                if time.monotonic() + AGAIN_S > until:
                    raise
                await asyncio.sleep(AGAIN_S)
        try:
            event = await ended
        finally:
            engine.cancel(ticket)  # no effect once it has ended
        if isinstance(event, Scored):
            return event
        raise event.error if isinstance(event, Failed) else Unavailable("the engine is closing", code="shutting_down")
