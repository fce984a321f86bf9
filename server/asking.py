"""THE way of one question: is there something fresh to see, a place in the engine's queue, its events as they come,
the tools it calls, and the record of what was seen.

Whatever protocol a question came by, it passes here. Freshness is the engine's in the end: it takes the newest frame
when it starts on the question and refuses what is too old. This room turns engine events (engine thread) into steps
(event loop), carries server-side calls out between them, says what the answer saw, keeps the record and counts.
"""

import asyncio
import contextlib
import secrets
import string
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from askcam.client.protocol import CalledTool, Fact
from askcam.engine.errors import QuestionError, Stale, TooSlow, UnknownScene
from askcam.engine.interface import Grammar
from askcam.engine.question import Event, Finished, Message, Question, Reason, Role, Started, Text
from askcam.server.access.limits import Limits
from askcam.server.access.shares import Place, Places
from askcam.server.access.sizes import check_messages, check_tools
from askcam.server.answering.consulting import Teller, facts_of
from askcam.server.answering.dialogue import Dialogue
from askcam.server.answering.facts import told_by
from askcam.server.answering.fewer_tools import fitting
from askcam.server.answering.forming import Forming
from askcam.server.answering.freshness import LOOK_EVERY_S, WORTH_WAITING, live_at, refuse_blind, why_old, young_enough
from askcam.server.answering.hearing import AnswerSoFar
from askcam.server.answering.measuring import Measuring
from askcam.server.answering.notes import with_notes
from askcam.server.answering.observing import Answered, Observer, tell
from askcam.server.answering.quoting import brought, quoted
from askcam.server.answering.scene import SceneWatch
from askcam.server.answering.trained import (
    asked,
    beyond,
    calls_before_real,
    check_form,
    instead,
    known_only,
    no_form,
    puts_into_words,
    real_scene,
    real_scene_error,
)
from askcam.server.answers import Answers, Record
from askcam.server.cameras import Cameras
from askcam.server.errors import as_refusal, needs_picture
from askcam.server.metrics import Metrics
from askcam.server.model import Model
from askcam.server.steps import Ask, Begun, Changed, Done, Returned, Step
from askcam.server.threads import on_loop
from askcam.server.tools.base import CallLimits, Circumstance, Tool
from askcam.server.tools.box import Toolbox
from askcam.server.tools.calling import carry_out
from askcam.stream.states import State

ALPHABET = string.ascii_letters + string.digits


def new_answer_id() -> str:
    """Unguessable, since whoever knows it may read the answer's frames."""
    return "ans_" + "".join(secrets.choice(ALPHABET) for _ in range(24))


class Asking:
    """Owned by the event loop. One instance serves all protocols."""

    def __init__(
        self,
        model: Model,
        cameras: Cameras,
        answers: Answers,
        metrics: Metrics,
        tools: Toolbox | None = None,
        limits: CallLimits | None = None,
        max_chars: int = Limits().max_question_chars,
        places: Places | None = None,
        max_age_s: float | None = None,
        thinking: bool = False,
    ) -> None:
        """`max_chars`: of all text in one question; `places`: of questions under way, for clients' sake; `max_age_s`,
        `thinking`: of a question that says nothing itself."""
        self._model, self._cameras, self._answers, self._metrics = model, cameras, answers, metrics
        self._tellers: list[Teller] = []
        self._observers: list[Observer] = []
        self._tools, self._limits = tools or Toolbox(), limits or CallLimits()
        self._forming, self._measuring, self._max_chars = Forming(), Measuring(), max_chars
        self._under_way, self._places, self.max_age_s = 0, places, max_age_s
        self._thinking = thinking

    def consult(self, *tellers: Teller) -> None:
        """Tell the model what these know of a camera's scene."""
        self._tellers += tellers

    def observe(self, *observers: Observer) -> None:
        """Have these told of every answer."""
        self._observers += observers

    @property
    def under_way(self) -> int:
        """Questions that somebody waits for now."""
        return self._under_way

    async def ask(self, ask: Ask) -> AsyncGenerator[Step, None]:
        """Begun, then Seen, Delta, Called, Returned and Changed as they come, Done. Raises Refusal. Closing the
        generator early ends the engine's work on it, and keeps what was said until then.

        At most `sampling.max_tokens` events wait for a slow reader.
        """
        heard: AnswerSoFar | None = None
        place: Place | None = None
        self._under_way += 1
        try:
            if self._places is not None:
                place = self._places.enter(ask.client)
            heard = self._begin(ask)
            async with contextlib.aclosing(self._rounds(heard)) as steps:
                async for step in steps:
                    yield step
        except Exception as exc:
            error = as_refusal(exc)
            if isinstance(exc, Stale) and exc.camera in self._cameras:
                status = self._cameras.get(exc.camera).status()
                error.message += live_at(status) if isinstance(exc, TooSlow) else why_old(status)
            self._metrics.refused(error.code or type(error).__name__)
            if heard is not None and heard.saw is not None and heard.tools:  # what was called must not be forgotten
                self._keep(heard, heard.broken_off())
            raise error from exc
        except BaseException:  # nobody wants to hear it to its end
            if heard is not None and heard.saw is not None and not heard.kept:
                self._keep(heard, heard.broken_off())
            raise
        finally:
            self._under_way -= 1
            if place is not None:
                place.leave()

    def _begin(self, ask: Ask) -> AnswerSoFar:
        """Raises Refusal for what cannot be asked."""
        check_messages(ask.messages, self._max_chars, ask.said_in)
        check_tools(ask.tools, self._max_chars)
        facts: tuple[Fact, ...] = ()
        runs: dict[str, Tool] = {}
        health: tuple[str, ...] = ()
        info, allowed = self._model.engine.info, self._limits.allow
        if ask.camera is None and not info.talks and not any(map(_shows, ask.messages)):
            raise needs_picture(self._cameras.names(), ask.said_in)
        if ask.camera is not None:
            self._cameras.get(ask.camera)
            use, health = self._cameras.use(ask.camera), self._cameras.health(ask.camera)
            self._check_health(ask, ask.camera, health)
            allowed = use.tools
            facts = tuple(facts_of(self._tellers, ask.camera))
            if ask.max_age_s is None and self._cameras.get(ask.camera).status().state is not State.ENDED:
                ask = replace(ask, max_age_s=self.max_age_s)
        if ask.thinking is None:
            ask = replace(ask, thinking=self._thinking)
        if ask.choice.mode != "none":
            runs = {tool.signature.name: tool for tool in self._tools.offered(allowed, ask.server_tools)}
        messages = with_notes(ask.messages, facts if info.takes_facts else (), health)
        if ask.choice.mode == "auto":
            both = (*ask.tools, *(tool.signature.wire() for tool in runs.values()))
            offered = {tool["function"]["name"] for tool in fitting(info.trained, asked(messages), both)}
            ask = replace(ask, tools=tuple(tool for tool in ask.tools if tool["function"]["name"] in offered))
            runs = {name: tool for name, tool in runs.items() if name in offered}
        dialogue = Dialogue(
            ask, messages, [tool.signature.wire() for tool in runs.values()], self._limits, info.failed_call
        )
        watched = ask.camera is not None and ask.on_change is not None
        heard = AnswerSoFar(ask, new_answer_id(), info, dialogue, runs, list(facts), watched=watched)
        if info.trained is not None:
            check_form(info.trained, ask.sampling.response_format, asked(messages))
            heard.instead = instead(info.trained, messages, dialogue.tools)
            if heard.instead is not None and ask.sampling.response_format is not None:
                raise no_form(heard.instead)
            if heard.instead is None and dialogue.tools and ask.choice.mode != "required":
                heard.unless_called = beyond(info.trained, asked(messages))  # a tool may know it
                dialogue.quiet = heard.unless_called is not None
        return heard

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
            where = Circumstance(ask.camera, heard.answer_id, ask.client.admin)
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
        self._keep(heard, done)
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
        ask, engine = heard.ask, self._model.engine
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
        dialogue, trace = heard.dialogue, self._traces(heard.ask)
        question = dialogue.question(trace)
        await self._measuring.measure(self._model.engine, question, heard.ask.client.key)
        form = question.sampling.response_format
        if form is None:
            return question, None
        try:
            return question, await self._forming.grammar(self._model.engine, form, heard.ask.client.key)
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
        self._check_health(ask, ask.camera, heard.health)
        if self._traces(ask):
            heard.shot = self._cameras.shot(ask.camera)
        return SceneWatch(self._cameras.get(ask.camera), event.view) if heard.watched else None

    def _check_health(self, ask: Ask, camera: str, health: tuple[str, ...]) -> None:
        """Raises Unavailable, unless the question or its camera wants an answer whatever the picture is like."""
        if (ask.unwell or self._cameras.use(camera).unwell) == "refuse":
            refuse_blind(camera, health)

    def _look(self, heard: AnswerSoFar, watch: SceneWatch, event: Event) -> Changed | None:
        changed = watch.look(time.monotonic(), at_once=isinstance(event, Finished))
        heard.changed = heard.changed or changed is not None
        return changed

    def _traces(self, ask: Ask) -> bool:
        """Whether anybody wants to know how its answer comes about."""
        return any(observer.traces(ask.camera, ask.evidence) for observer in self._observers)

    def _keep(self, heard: AnswerSoFar, done: Done) -> None:
        """Count an answer, and keep it with its frames."""
        assert heard.finished is not None
        heard.kept = True
        ask, frames = heard.ask, () if heard.view is None else heard.view.frames
        reason, age_s = done.reason.value, heard.frame_age_s
        self._metrics.answered(ask.camera, reason, done.timings, done.usage, age_s, heard.tools_s)
        record = Record(done.saw, question_text(ask), done.text, done.reason, done.usage, done.timings, frames)
        self._answers.put(record, ask.client.key)
        if self._observers:
            dialogue, tokens, model = heard.dialogue, heard.finished.tokens, self._model.engine.info
            answered = Answered(
                record,
                dialogue.messages,
                dialogue.tools,
                heard.trace,
                tokens,
                heard.view,
                heard.shot,
                model,
                ask.evidence,
            )
            tell(self._observers, answered)


def _shows(message: Message) -> bool:
    """Whether a turn holds a picture or a clip."""
    return any(not isinstance(part, Text) for part in message.parts)


def question_text(ask: Ask) -> str:
    """The last thing the user said, for the record."""
    for message in reversed(ask.messages):
        if message.role is Role.USER:
            return " ".join(part.text for part in message.parts if isinstance(part, Text))
    return ""
