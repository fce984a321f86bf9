"""The portable backend: stock transformers, one question at a time. The readable reference, and the live one's oracle.

One thread owns the model. Its story is `_answer`: look at the camera, make a prompt, generate, tell the asker.
"""

import time
from contextlib import nullcontext

import torch

from askcam.engine.answer import Answer
from askcam.engine.checkpoint import load
from askcam.engine.choosing import choice_tokens, generation_config, seeded
from askcam.engine.front import Front, failed
from askcam.engine.guide import Guide, Guided
from askcam.engine.inbox import Asked
from askcam.engine.interface import EngineConfig, Progress
from askcam.engine.loading import Loaded
from askcam.engine.logprobs import Logprobs
from askcam.engine.prompt import Prompter
from askcam.engine.question import Failed, Finished, Question, Scored, Scoring, Started, Timings, Usage
from askcam.engine.stages import StageClock
from askcam.engine.stopping import FollowTokens, Glance


class PortableEngine(Front):
    """An Engine (interface.py) over stock `generate`. Any thread may call it; the model belongs to its one thread."""

    def __init__(self, loaded: Loaded, config: EngineConfig) -> None:
        """Starts the engine thread; `open` is the way in."""
        super().__init__(loaded, config, loaded.info)
        self._prompter = Prompter(loaded.processor, loaded.spec, config.positions, loaded.info.max_pairs)
        self._clock = StageClock(loaded.model, loaded.model.model.visual, loaded.device)
        self._logprobs = Logprobs(loaded.processor.tokenizer)
        self._thread.start()

    @classmethod
    def open(cls, config: EngineConfig, progress: Progress | None = None) -> "PortableEngine":
        """Load, warm up, return ready. Blocks. Raises ModelError."""
        progress = progress or (lambda what, share: None)
        return cls.over(load(config, progress), config, progress)

    @classmethod
    def over(cls, loaded: Loaded, config: EngineConfig, progress: Progress) -> "PortableEngine":
        """The same for a model that is loaded already."""
        engine = cls(loaded, config)
        engine.get_ready(progress)
        return engine

    def _run(self) -> None:
        while not self._inbox.closed:
            asked = self._inbox.take()
            self._tell_gone()
            if asked is not None:
                self._answer(asked)
        self._tell_gone()
        del self._loaded, self._prompter, self._clock  # the model's memory goes with the thread

    def _answer(self, asked: Asked) -> None:
        """One question, from the queue to its last event. Whatever goes wrong ends this question only."""
        started = time.monotonic()
        try:
            event: Finished | Scored | Failed
            if isinstance(asked.question, Scoring):
                event = self._score(asked.question)
            else:
                event = self._generate(asked, asked.question, started)
        except Exception as exc:
            event = failed(exc, f"answering question {asked.ticket}")
        self._inbox.done()
        self._counts.ended(event, time.monotonic() - started)
        self.tell(asked, event)

    @torch.inference_mode()
    def _score(self, scoring: Scoring) -> Scored:
        """One pass per question over the same moment."""
        view = self.look(scoring.questions[0])
        choices = list(choice_tokens(self._loaded.processor.tokenizer, scoring.choices))
        views = tuple(self.seen(question, view) for question in scoring.questions)
        rows, used = [], Usage()
        for question, seen in zip(scoring.questions, views, strict=True):
            prompt = self._prompter.prompt(question, seen)
            self.room(prompt.num_tokens)
            used += Usage(prompt.num_tokens, prompt.num_vision_tokens)
            inputs = {name: value.to(self._loaded.device) for name, value in prompt.inputs.items()}
            logits = self._loaded.model(**inputs, logits_to_keep=1).logits[0, -1]
            rows.append(tuple(logits.float().softmax(-1)[choices].tolist()))
        return Scored(views, tuple(rows), used)

    @torch.inference_mode()
    def _generate(self, asked: Asked, question: Question, started: float) -> Finished:
        sampling = question.sampling
        view = self.seen(question, self.look(question))
        capture_s = 0.0 if view is None else view.age_s(started)
        self.tell(asked, Started(view))
        self.check_known(question, view)
        prompt = self._prompter.prompt(question, view)
        room = self.room(prompt.num_tokens)
        inputs = {name: value.to(self._loaded.device) for name, value in prompt.inputs.items()}
        config = generation_config(self._loaded.model.generation_config, sampling, room)
        ready = time.monotonic()

        answer = self.answer(
            asked, question, view, lambda: prompt.inputs["input_ids"], config.max_new_tokens, capture_s
        )
        glance, guide = Glance(), self.guide(asked)
        watching = nullcontext() if sampling.logprobs is None else glance.at(self._loaded.model)
        self._clock.restart()
        if not asked.cancelled:
            with seeded(sampling.seed, self._loaded.device), watching:
                self._loaded.model.generate(
                    **inputs,
                    generation_config=config,
                    logits_processor=[] if guide is None else [Guided(guide)],
                    stopping_criteria=[
                        FollowTokens(lambda token: self._follow(answer, guide, token, glance.logits, sampling.logprobs))
                    ],
                )
        usage = Usage(prompt.num_tokens, prompt.num_vision_tokens, 0, answer.num_tokens)
        timings = Timings(started - asked.at, ready - started, self._clock.vision_s, self._clock.prefill_s)
        return answer.finish(usage, timings)

    def _follow(
        self, answer: Answer, guide: Guide | None, token: int, logits: torch.Tensor | None, wanted: int | None
    ) -> bool:
        self._tell_gone()
        self._counts.token()
        if guide is not None:
            guide.took(token)
        if logits is None:
            return answer.take(token)
        return answer.take(token, self._logprobs.of(logits, [token], [wanted])[0])
