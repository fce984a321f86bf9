"""Asking several cameras: a few at once, each answer told as it comes, then one that is made of all of them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Protocol

from askcam.client.protocol import CameraAnswer, CameraProblem
from askcam.engine.errors import EngineError
from askcam.engine.question import Text
from askcam.features.ask_all.by_probability import ByProbability
from askcam.features.ask_all.in_words import InWords
from askcam.features.ask_all.which import sought
from askcam.server.access.limits import too_many
from askcam.server.access.rates import Rates
from askcam.server.access.shares import Places
from askcam.server.answering.admitting import new_answer_id
from askcam.server.answering.several import check_number
from askcam.server.answering.trained import asked
from askcam.server.answering.yes_or_no import yes_no_words
from askcam.server.answers import Answers
from askcam.server.asking import Asking
from askcam.server.cameras import Cameras
from askcam.server.errors import Invalid, NotFound, Unavailable, as_refusal
from askcam.server.model import Model
from askcam.server.steps import Ask, Begun, CameraAnswered, Step

AT_ONCE = 3  # cameras that are asked together, for one question
WITHIN_S = 120.0  # a camera whose turn has not come by then is told of as busy
UNDER_WAY = 8  # questions to several cameras


class Way(Protocol):
    """How the cameras of one question are asked."""

    async def one(self, camera: str, until: float) -> CameraAnswer:
        """Raises what keeps the camera from giving an answer."""
        ...

    def merged(self, answers: Sequence[CameraAnswer]) -> AsyncGenerator[Step, None]:
        """What is made of all, to its Done. Raises Refusal."""
        ...


class AskAll:
    """Owned by the event loop."""

    what = "all cameras together: one question, answered from each camera's own answer"

    def __init__(self, asking: Asking, cameras: Cameras, answers: Answers, rates: Rates) -> None:
        """`rates`: of questions per client; each camera that is asked counts as one."""
        self._asking, self._cameras, self._answers = asking, cameras, answers
        self._rates = rates
        self._places = Places("questions to several cameras", UNDER_WAY, remedy="wait for an answer first")

    async def ask(self, ask: Ask, names: Sequence[str] | None = None) -> AsyncGenerator[Step, None]:
        """As Asking.ask(): Begun, CameraAnswered of each camera, then what is made of them, and Done. `names`: of the
        cameras, None: all public ones. Raises Refusal, where no camera answers Unavailable."""
        chosen = self._chosen(ask, names)
        with self._places.holding(ask.client):
            yield Begun(new_answer_id())
            way, found = await self._way(ask, chosen), dict[str, CameraAnswer]()
            async with contextlib.aclosing(self._each(ask, chosen, way)) as answers:
                async for answer in answers:
                    found[answer.camera] = answer
                    yield CameraAnswered(answer)
            in_order = [found[name] for name in chosen]
            if all(answer.problem is not None for answer in in_order):
                raise Unavailable(_why(in_order), "model", "camera_unavailable")
            async with contextlib.aclosing(way.merged(in_order)) as steps:
                async for step in steps:
                    yield step

    async def _way(self, ask: Ask, chosen: Sequence[str]) -> Way:
        """By probability where it is asked which cameras show something, in words alone, and their models' tokens allow
        it."""
        merging, wanted = self._cameras.models.get(ask.model), sought(asked(ask.messages))
        alone = len(ask.messages) == 1 and all(isinstance(part, Text) for part in ask.messages[0].parts)
        if wanted is not None and alone and ask.sampling.response_format is None:
            meanings: dict[Model, Mapping[str, str]] = {}
            for model in {self._cameras.asked_of(name, ask.model, ask.client.viewer) for name in chosen}:
                meanings[model] = {}
                with contextlib.suppress(EngineError):  # of one that scores nothing; its server may have to be asked
                    meanings[model] = await asyncio.to_thread(yes_no_words, wanted, model.engine.single)
            if all({"yes", "no"} <= set(meaning.values()) for meaning in meanings.values()):
                parts = (self._asking.admitting, self._cameras, self._answers, merging)
                return ByProbability(*parts, ask, wanted, meanings)
        return InWords(self._asking, self._answers, merging, ask)

    def _chosen(self, ask: Ask, names: Sequence[str] | None) -> list[str]:
        """Raises Refusal for what cannot be asked of several cameras."""
        if ask.tools or ask.choice.mode == "required":
            raise Invalid(
                "several cameras at once call none of your functions: leave 'tools' out, or ask one camera", "tools"
            )
        if ask.on_change is not None:
            raise Invalid(
                "the scenes of several cameras are not compared: leave 'on_scene_change' out", "on_scene_change"
            )
        if ask.sampling.logprobs is not None:
            raise Invalid(
                "the answer that is made of several cameras' has no logprobs: leave 'logprobs' out, or ask one camera",
                "logprobs",
            )
        if ask.sampling.response_format is not None and not self._cameras.models.get(ask.model).engine.info.talks:
            raise Invalid(
                "this model cannot put several cameras' answers into a form: ask each camera by its name, or take "
                "a larger model",
                "response_format",
            )
        chosen = list(dict.fromkeys(self._cameras.names(ask.client.viewer) if names is None else names))
        for name in chosen:
            self._cameras.get(name, ask.client.viewer)  # raises NotFound
        if not chosen:
            raise NotFound("there is no camera: add one, or attach pictures to the question", "model")
        check_number(len(chosen))
        return chosen

    async def _each(self, ask: Ask, names: list[str], way: Way) -> AsyncGenerator[CameraAnswer, None]:
        """Each camera's answer as it comes, AT_ONCE at once."""
        until, places = time.monotonic() + WITHIN_S, asyncio.Semaphore(AT_ONCE)

        async def one(name: str, free: bool) -> CameraAnswer:
            async with places:
                try:
                    if not free:
                        await self._turn(ask, until)
                    return await way.one(name, until)
                except Exception as exc:
                    refusal = as_refusal(exc)
                    if isinstance(refusal, Invalid):  # of the question: no camera will take it
                        raise refusal from exc
                    return CameraAnswer(name, None, CameraProblem(refusal.code, refusal.message), None)

        # the first camera was counted at the door
        under_way = [asyncio.create_task(one(name, name == names[0])) for name in names]
        try:
            for answer in asyncio.as_completed(under_way):
                yield await answer
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _turn(self, ask: Ask, until: float) -> None:
        """Wait until the client may ask once more. Raises TooMany when that takes too long."""
        while (wait_s := self._rates.take(ask.client.key, time.monotonic())) > 0:
            if time.monotonic() + wait_s > until:
                raise too_many("questions", wait_s)
            await asyncio.sleep(wait_s)


def _why(answers: Sequence[CameraAnswer]) -> str:
    """In one line, the first three."""
    said = [f"{each.camera}: {each.problem.message}" for each in answers if each.problem is not None]
    return "no camera can be asked now: " + "; ".join(said[:3]) + (" ..." if len(said) > 3 else "")
