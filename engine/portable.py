"""The portable backend: stock transformers, one question at a time. The readable reference, and the live one's oracle.

One thread owns the model. Its story is `_answer`: look at the camera, make a prompt, generate, tell the asker.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from askcam.engine.answer import Answer, refuse_stale
from askcam.engine.choosing import check_sampling, generation_config, seeded
from askcam.engine.counts import Counts
from askcam.engine.door import EngineConfig, EngineStats, ModelInfo, Progress, WindowSource
from askcam.engine.errors import EngineError, EngineFailure, ModelError, QuestionError
from askcam.engine.inbox import Asked, Inbox
from askcam.engine.loading import Loaded, load
from askcam.engine.prompt import Prompter
from askcam.engine.question import (
    Clip,
    Event,
    Failed,
    Finished,
    Message,
    Question,
    Role,
    Sampling,
    Started,
    Text,
    Timings,
    Usage,
)
from askcam.engine.stages import StageClock
from askcam.engine.stopping import Follow
from askcam.engine.text import AnswerText
from askcam.stream.errors import CameraUnavailable, StreamError
from askcam.stream.fit import Fit
from askcam.stream.window import Anchors, View

log = logging.getLogger("askcam.engine")

CLOSE_S = 10.0


class PortableEngine:
    """An Engine (door.py) over stock `generate`. Any thread may call it; the model belongs to its one thread."""

    def __init__(self, loaded: Loaded, config: EngineConfig) -> None:
        """Starts the engine thread; `open` is the way in."""
        self.info: ModelInfo = loaded.info
        self.anchors = Anchors.within(loaded.info.max_pairs)
        self._loaded, self._spec, self._threads = loaded, loaded.spec, config.threads
        self._prompter = Prompter(loaded.processor, loaded.spec, config.positions, loaded.info.max_pairs)
        self._clock = StageClock(loaded.model, loaded.model.model.visual, loaded.device)
        self._end_tokens = end_tokens(loaded.model.generation_config)
        self._inbox = Inbox(config.max_waiting)
        self._counts = Counts()
        self._sources: dict[str, WindowSource] = {}
        self._sources_lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="askcam-engine", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, config: EngineConfig, progress: Progress | None = None) -> "PortableEngine":
        """Load, warm up, return ready. Blocks. Raises ModelError."""
        progress = progress or (lambda what, share: None)
        engine = cls(load(config, progress), config)
        progress("warming up", 0.0)
        try:
            engine.warm_up()
        except EngineError as exc:
            engine.close()
            raise ModelError(f"{config.model!r} was loaded but cannot answer: {exc}") from exc
        progress("ready", 1.0)
        return engine

    # -- any thread

    def fit(self, width: int, height: int) -> Fit:
        try:
            return self._spec.fit_frame(width, height)
        except ValueError as exc:
            raise QuestionError(str(exc)) from exc

    def attach(self, source: WindowSource) -> None:
        with self._sources_lock:
            if source.name in self._sources:
                raise ValueError(f"a camera named {source.name!r} is attached already")
            self._sources[source.name] = source

    def detach(self, name: str) -> None:
        with self._sources_lock:
            self._sources.pop(name, None)
        self._inbox.fail(name, _removed(name))

    def ask(self, question: Question, on_event: Callable[[Event], None]) -> int:
        check_sampling(question.sampling)
        if not any(message.role is Role.USER for message in question.messages):
            raise QuestionError("a question needs a user message", "messages")
        if question.camera is not None and question.camera not in self._sources:
            raise QuestionError(f"there is no camera {question.camera!r}", "camera")
        with self._counts.asking():
            return self._inbox.put(question, on_event, self._counts.seconds_each)

    def cancel(self, ticket: int) -> None:
        self._inbox.cancel(ticket)

    def stats(self) -> EngineStats:
        return self._counts.stats(*self._inbox.counts())

    def close(self) -> None:
        self._inbox.close()
        self._thread.join(CLOSE_S)
        if self._thread.is_alive():
            log.error("the engine thread did not end within %g s; it is left to itself", CLOSE_S)

    def warm_up(self) -> None:
        """Answer about a grey clip, so that the first real question pays for no first time. Raises EngineError."""
        fit = self._spec.fit_frame(640, 480)
        grey = np.full((fit.height, fit.width, 3), 128, np.uint8)
        question = Question(
            (Message(Role.USER, (Clip((grey,) * 4, fps=2.0), Text("What is this?"))),),
            sampling=Sampling(max_tokens=2),
        )
        events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.ask(question, events.put)
        while not isinstance(event := events.get(), Finished | Failed):
            pass
        if isinstance(event, Failed):
            raise event.error
        self._counts = Counts()

    # -- the engine thread

    def _run(self) -> None:
        if self._threads is not None:
            torch.set_num_threads(self._threads)
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
            event: Finished | Failed = self._generate(asked, started)
        except (EngineError, StreamError) as exc:
            event = Failed(exc)
        except torch.OutOfMemoryError as exc:
            log.error("out of GPU memory while answering: %s", exc)
            torch.cuda.empty_cache()
            event = Failed(
                EngineFailure("the GPU's memory is full; ask about a shorter window or smaller frames (--max-pixels)")
            )
        except Exception as exc:
            log.exception("the engine failed while answering question %d", asked.ticket)
            failure = EngineFailure(f"the engine failed while answering ({type(exc).__name__}); its log says why")
            failure.__cause__ = exc.with_traceback(None)  # its frames hold tensors
            event = Failed(failure)
        self._inbox.done()
        self._counts.ended(event, time.monotonic() - started)
        self._tell(asked, event)

    @torch.inference_mode()
    def _generate(self, asked: Asked, started: float) -> Finished:
        question, sampling = asked.question, asked.question.sampling
        view = self._look(question)
        self._tell(asked, Started(view))
        prompt = self._prompter.prompt(question, view)
        room = self.info.context_tokens - prompt.num_tokens
        if room < 1:
            raise QuestionError(
                f"the question and what it sees are {prompt.num_tokens} tokens, the model takes "
                f"{self.info.context_tokens}: shorten it",
                "messages",
            )
        inputs = {name: value.to(self._loaded.device) for name, value in prompt.inputs.items()}
        ready = time.monotonic()

        answer = Answer(asked, view, self._text_of(sampling), self._end_tokens, self._tell)
        self._clock.restart()
        if not asked.cancelled:
            with seeded(sampling.seed, self._loaded.device):
                self._loaded.model.generate(
                    **inputs,
                    generation_config=generation_config(self._loaded.model.generation_config, sampling, room),
                    stopping_criteria=[Follow(lambda token: self._follow(answer, token))],
                )
        usage = Usage(prompt.num_tokens, prompt.num_vision_tokens, 0, answer.num_tokens)
        timings = Timings(started - asked.at, ready - started, self._clock.vision_s, self._clock.prefill_s)
        return answer.finish(usage, timings)

    def _look(self, question: Question) -> View | None:
        """The camera's window now, not at ask() time, and no older than the question allows."""
        if question.camera is None:
            return None
        source = self._sources.get(question.camera)
        if source is None:
            raise _removed(question.camera)
        view = source.look()
        refuse_stale(question, view)
        return view

    def _follow(self, answer: Answer, token: int) -> bool:
        self._tell_gone()
        self._counts.token()
        return answer.take(token)

    def _text_of(self, sampling: Sampling) -> AnswerText:
        decode = self._loaded.processor.tokenizer.decode
        return AnswerText(
            lambda ids: decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False), sampling.stop
        )

    def _tell(self, asked: Asked, event: Event) -> None:
        try:
            asked.tell(event)
        except Exception:
            log.exception("an asker's on_event raised; its answer goes on unheard")

    def _tell_gone(self) -> None:
        for gone in self._inbox.gone():
            self._counts.ended(gone.event, None)
            self._tell(gone.asked, gone.event)


def end_tokens(config: Any) -> frozenset[int]:
    """The tokens that end an answer, of a GenerationConfig."""
    tokens = config.eos_token_id
    return frozenset(tokens if isinstance(tokens, list) else () if tokens is None else (tokens,))


def _removed(name: str) -> CameraUnavailable:
    return CameraUnavailable(name, "ended", "it was removed")
