"""THE way of one question: is there something fresh to see, a place in the engine's queue, its events as they come,
the tools it calls, and the record of what was seen.

Whatever protocol a question came by, it passes here. Freshness is the engine's in the end: it takes the newest frame
when it starts on the question and refuses what is too old. This room turns engine events (engine thread) into steps
(event loop), carries server-side calls out between them, says what the answer saw, keeps the record and counts.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import replace

from askcam.client.protocol import CalledTool
from askcam.engine.errors import QuestionError, Stale, TooSlow, UnknownScene
from askcam.engine.interface import Grammar
from askcam.engine.question import Event, Finished, Question, Reason, Started
from askcam.server.access.limits import Limits
from askcam.server.access.shares import Place, Places
from askcam.server.access.viewer import Viewer
from askcam.server.answering.admitting import Admitting, check_health
from askcam.server.answering.answerers import Answerer
from askcam.server.answering.consulting import Teller
from askcam.server.answering.facts import told_by
from askcam.server.answering.forming import Forming
from askcam.server.answering.freshness import LOOK_EVERY_S, WORTH_WAITING, live_at, why_old, young_enough
from askcam.server.answering.hearing import AnswerSoFar
from askcam.server.answering.measuring import Measuring
from askcam.server.answering.observing import Observer
from askcam.server.answering.quoting import brought, quoted
from askcam.server.answering.recording import Recording
from askcam.server.answering.scene import SceneWatch
from askcam.server.answering.trained import (
    asked,
    calls_before_real,
    known_only,
    no_form,
    puts_into_words,
    real_scene,
    real_scene_error,
)
from askcam.server.answers import Answers
from askcam.server.cameras import Cameras
from askcam.server.errors import as_refusal
from askcam.server.metrics import Metrics
from askcam.server.models import Models
from askcam.server.steps import Ask, Begun, Changed, Done, Returned, Step
from askcam.server.threads import on_loop
from askcam.server.tools.base import CallLimits, Circumstance
from askcam.server.tools.box import Toolbox
from askcam.server.tools.calling import carry_out


class Asking:
    """Owned by the event loop. One instance serves all protocols."""

    def __init__(
        self,
        models: Models,
        cameras: Cameras,
        answers: Answers,
        metrics: Metrics,
        tools: Toolbox | None = None,
        limits: CallLimits | None = None,
        max_chars: int = Limits().max_question_chars,
        places: Places | None = None,
        max_age_s: float | None = None,
    ) -> None:
        """`max_chars`: of all text in one question; `places`: of questions under way, for clients' sake; `max_age_s`:
        of a question that says nothing itself."""
        self._models, self._cameras, self._metrics, self._limits = models, cameras, metrics, limits or CallLimits()
        self.admitting = Admitting(cameras, tools or Toolbox(), self._limits, max_chars, max_age_s)
        self.recording = Recording(answers, metrics)
        self._forming, self._measuring = Forming(), Measuring()
        self.answerers: dict[str, Answerer] = {}  # by the name that is asked in place of a camera's
        self._under_way, self._places, self.max_age_s = 0, places, max_age_s

    def consult(self, *tellers: Teller) -> None:
        """Tell the model what these know of a camera's scene."""
        self.admitting.tellers += tellers

    def observe(self, *observers: Observer) -> None:
        """Have these told of every answer."""
        self.recording.observers += observers

    def answerer(self, name: str | None, viewer: Viewer) -> Answerer | None:
        """Who answers in place of a camera, if there is no camera of that name for who asks."""
        return None if name is None or self._cameras.has(name, viewer) else self.answerers.get(name)

    def _of_model(self, ask: Ask) -> Ask:
        """What names a model in place of a camera asks that one, about the pictures in its messages."""
        if ask.camera is None or ask.camera in self._cameras or ask.camera not in self._models:
            return ask
        return replace(ask, camera=None, model=ask.model or ask.camera)

    @property
    def under_way(self) -> int:
        """Questions that somebody waits for now."""
        return self._under_way

    async def ask(self, ask: Ask) -> AsyncGenerator[Step, None]:
        """Begun, then Seen, Delta, Called, Returned and Changed as they come, Done. Raises Refusal. Closing the
        generator early ends the engine's work on it, and keeps what was said until then.

        At most `sampling.max_tokens` events wait for a slow reader.
        """
        ask = self._of_model(ask)
        if (other := self.answerer(ask.camera, ask.client.viewer)) is not None:
            async with contextlib.aclosing(other.ask(ask)) as told:
                async for step in told:
                    yield step
            return
        heard: AnswerSoFar | None = None
        place: Place | None = None
        self._under_way += 1
        try:
            if self._places is not None:
                place = self._places.enter(ask.client)
            heard = self.admitting.admit(ask)
            with self._looked_at(heard):
                async with contextlib.aclosing(self._rounds(heard)) as steps:
                    async for step in steps:
                        yield step
        except Exception as exc:
            error = as_refusal(exc)
            if isinstance(exc, Stale) and ask.camera is not None and ask.camera in self._cameras:
                status = self._cameras.get(ask.camera).status()
                error.message += live_at(status) if isinstance(exc, TooSlow) else why_old(status)
            self._metrics.refused(error.code or type(error).__name__)
            if heard is not None and heard.saw is not None and heard.tools:  # what was called must not be forgotten
                self.recording.keep(heard, heard.broken_off())
            raise error from exc
        except BaseException:  # nobody wants to hear it to its end
            if heard is not None and heard.saw is not None and not heard.kept:
                self.recording.keep(heard, heard.broken_off())
            raise
        finally:
            self._under_way -= 1
            if place is not None:
                place.leave()

    @contextlib.contextmanager
    def _looked_at(self, heard: AnswerSoFar) -> Iterator[None]:
        """Its window is known to the engine meanwhile. Raises Refusal."""
        ask = heard.ask
        if ask.camera is None:
            yield
            return
        with self._cameras.looked_at(ask.camera, ask.zone, self._models.get(heard.model)) as window:
            heard.window = window
            yield

    async def _rounds(self, heard: AnswerSoFar) -> AsyncGenerator[Step, None]:
        dialogue, ask = heard.dialogue, heard.ask
        deadline = ask.received + ask.max_wait_s
        begun = False
        if heard.instead is not None:
            heard.begin()
            yield Begun(heard.answer_id)
            for step in heard.say(heard.instead):
                yield step
            yield self._over(heard)
            return
        while True:
            try:
                async with contextlib.aclosing(self._round(heard, deadline)) as steps:
                    async for step in steps:
                        if isinstance(step, Begun) and begun:
                            continue
                        begun = True
                        yield step
            except WORTH_WAITING:
                if heard.saw is not None or time.monotonic() >= deadline:
                    raise
                await asyncio.sleep(LOOK_EVERY_S)
                continue
            except UnknownScene as exc:
                if not self._before_real(heard, exc):
                    for step in heard.say(real_scene(asked(ask.messages), exc.other)):
                        yield step
                    break
                continue
            assert heard.finished is not None, "a round ends with Finished"
            if heard.unless_called is not None and not dialogue.calls:
                for step in heard.say(heard.unless_called):
                    yield step
                break
            heard.unless_called = None
            calls = dialogue.here
            if not calls or heard.finished.reason is Reason.CANCELLED or dialogue.spent:
                break
            where = Circumstance(ask.camera, heard.answer_id, ask.client.viewer, tuple(heard.facts))
            began = time.monotonic()
            results = await carry_out(calls, heard.runs, where, self._limits)
            heard.tools_s += time.monotonic() - began
            for call, result in zip(calls, results, strict=True):
                heard.tools.append(result)
                heard.facts += told_by(result)
                self._metrics.called(result.name if result.server else "", result.error, result.ms / 1000)
                yield Returned(call, result)
            theirs = tuple(call for call in dialogue.calls if dialogue.theirs(call))
            dialogue.returned(results)
            if (text := self._quoted(heard, results)) is not None:
                dialogue.left = theirs
                for step in heard.say(text):
                    yield step
                break
        yield self._over(heard)

    def _over(self, heard: AnswerSoFar) -> Done:
        done = heard.done()
        self.recording.keep(heard, done)
        return done

    def _before_real(self, heard: AnswerSoFar, exc: UnknownScene) -> bool:
        """Whether the model is asked again, for its calls alone, now that the scene is none that it knows. Raises
        Refusal where the answer has to have a form."""
        ask, dialogue, trained = heard.ask, heard.dialogue, heard.info.trained
        if ask.sampling.response_format is not None:
            raise real_scene_error(asked(ask.messages), exc.other)
        heard.strange = True
        required, known = ask.choice.mode == "required", bool(heard.facts)
        may, must = calls_before_real(trained, asked(ask.messages), dialogue.tools, required=required, known=known)
        if may:
            dialogue.quiet, dialogue.must = True, None if required else must
            heard.unless_called = real_scene(asked(ask.messages), exc.other)
        return may

    def _quoted(self, heard: AnswerSoFar, results: Sequence[CalledTool]) -> str | None:
        """What tools brought, where the model would make something else of it."""
        trained, question = heard.info.trained, asked(heard.ask.messages)
        found = [brought(result) for result in results]
        if not heard.strange and (trained is None or puts_into_words(trained, question, found, heard.dialogue.tools)):
            return None
        if heard.ask.sampling.response_format is not None:
            raise no_form(quoted(found, question))
        return quoted(found, question)

    async def _round(self, heard: AnswerSoFar, deadline: float) -> AsyncGenerator[Step, None]:
        """One question to the engine. Raises what it fails with."""
        ask, engine = heard.ask, heard.engine
        question, grammar = await self._prepared(heard)
        unwell = ask.unwell or (None if ask.camera is None else self._cameras.use(ask.camera).unwell)
        if not heard.strange and unwell != "answer" and known_only(heard.info.trained, asked(ask.messages)):
            question = replace(question, known_only=True)
        if ask.camera is not None and ask.max_wait_s > 0:
            await young_enough(self._cameras.get(ask.camera), ask.max_age_s, deadline)
        events: asyncio.Queue[Event] = asyncio.Queue()
        heard.begin()
        on_event = on_loop(events.put_nowait)
        ticket = engine.ask(question, on_event) if grammar is None else engine.ask(question, on_event, grammar)
        watch: SceneWatch | None = None
        try:
            yield Begun(heard.answer_id)
            while heard.finished is None:
                event = await events.get()
                if isinstance(event, Started):
                    watch = self._started(heard, event)
                for step in heard.hear(event):
                    yield step
                if watch is not None and (changed := self._look(heard, watch, event)) is not None:
                    yield changed
        finally:
            engine.cancel(ticket)  # no effect once it has ended

    async def _prepared(self, heard: AnswerSoFar) -> tuple[Question, Grammar | None]:
        """This round's question, and its form compiled."""
        dialogue, trace = heard.dialogue, self.recording.traces(heard.ask)
        question = dialogue.question(trace)
        await self._measuring.measure(heard.engine, question, heard.ask.client.key)
        form = question.sampling.response_format
        if form is None:
            return question, None
        try:
            return question, await self._forming.grammar(heard.engine, form, heard.ask.client.key)
        except QuestionError:
            if not form.words or dialogue.loose:
                raise
            dialogue.loose = True  # a tool's schema holds what cannot be enforced; nobody has demanded that it is
            return await self._prepared(heard)

    def _started(self, heard: AnswerSoFar, event: Started) -> SceneWatch | None:
        """The engine has taken a question up: how the camera is, now."""
        ask = heard.ask
        if ask.camera is None or event.view is None:
            return None
        heard.health = self._cameras.health(ask.camera)
        heard.sees_every_ms = self._cameras.sees_every_ms(ask.camera)
        check_health(self._cameras, ask, ask.camera, heard.health)
        if self.recording.traces(ask):
            heard.shot = self._cameras.shot(ask.camera)
        if not heard.watched or heard.window is None:
            return None
        return SceneWatch(ask.camera, heard.window.sampled_view, event.view)

    def _look(self, heard: AnswerSoFar, watch: SceneWatch, event: Event) -> Changed | None:
        changed = watch.look(time.monotonic(), at_once=isinstance(event, Finished))
        heard.changed = heard.changed or changed is not None
        return changed
