"""The front of every backend: what any thread may call. Behind it one engine thread owns the model.

A backend inherits from Front and runs `_run` on the thread; questions reach it through the inbox.
"""

import logging
import queue
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from askcam.engine.answer import Answer
from askcam.engine.base import EngineBase, fitted
from askcam.engine.choosing import choice_tokens, single_tokens, with_seed
from askcam.engine.counts import Counts
from askcam.engine.devices import working_on
from askcam.engine.domain import Domain
from askcam.engine.errors import EngineError, EngineFailure, ModelError, UnknownScene
from askcam.engine.forms import Forms
from askcam.engine.guide import Guide
from askcam.engine.inbox import Asked
from askcam.engine.interface import (
    EngineConfig,
    EngineMemory,
    Grammar,
    ModelInfo,
    Progress,
)
from askcam.engine.loading import Loaded
from askcam.engine.memory import Memory
from askcam.engine.prompt import Prompter
from askcam.engine.question import (
    Clip,
    Event,
    Failed,
    Finished,
    Form,
    Message,
    Picture,
    Question,
    Role,
    Sampling,
    ScoreEvent,
    Text,
    Trace,
)
from askcam.engine.text import AnswerText
from askcam.engine.thoughts import ThoughtSplit
from askcam.stream.errors import StreamError
from askcam.stream.fit import Fit
from askcam.stream.frame import Pixels
from askcam.stream.window import View

log = logging.getLogger("askcam.engine")

MAX_GLIMPSES = 8  # half a millisecond each


class Front(EngineBase, ABC):
    """An interface.Engine over a model in this process, which is the engine thread's."""

    def __init__(self, loaded: Loaded, config: EngineConfig, info: ModelInfo) -> None:
        super().__init__(info, config.max_waiting)
        self._name = config.model  # as it was asked for
        self._loaded, self._spec, self._threads = loaded, loaded.spec, config.threads
        self._own = loaded.model.generation_config
        self._end_tokens = end_tokens(self._own)
        width = loaded.model.config.get_text_config().vocab_size
        self._words = Prompter(loaded.processor, loaded.spec, config.positions, info.max_pairs)
        tagged = self._words.template.tags_calls
        self._forms = Forms(loaded.processor.tokenizer, width, self._end_tokens, tagged=tagged)
        self._memory = Memory(loaded.model)
        self._judged: tuple[list[weakref.ref[Pixels]], bool] = ([], True)  # the last glimpses, and whether known
        self._thread = threading.Thread(target=self._begin, name="askcam-engine", daemon=True)

    # -- any thread

    def fit(self, width: int, height: int) -> Fit:
        return fitted(self._spec.fit_frame, width, height)

    def fit_picture(self, width: int, height: int) -> Fit:
        return fitted(self._spec.fit_still, width, height)

    def ask(self, question: Question, on_event: Callable[[Event], None], grammar: Grammar | None = None) -> int:
        self._check(question)
        question = replace(question, sampling=with_seed(self._own, question.sampling), thinking=self._thinks(question))
        form = question.sampling.response_format
        if form is not None and grammar is None:
            grammar = self._forms.grammar(form)
        with self._counts.asking():
            return self._inbox.put(question, on_event, self._counts.seconds_each, grammar)

    def prepared(self, form: Form) -> Grammar | None:
        return self._forms.known(form)

    def prepare(self, form: Form, unwanted: Callable[[], bool] = lambda: False) -> Grammar:
        return self._forms.grammar(form, unwanted)

    def measure(self, question: Question) -> None:
        self.room(self._words.num_words(question))

    def score(
        self, questions: Sequence[Question], choices: Sequence[str], on_event: Callable[[ScoreEvent], None]
    ) -> int:
        scoring = self._scoring(questions, choices)
        choice_tokens(self._loaded.processor.tokenizer, choices)
        with self._counts.asking():
            return self._inbox.put(scoring, on_event, self._counts.seconds_each)

    def single(self, words: Sequence[str]) -> tuple[str, ...]:
        return single_tokens(self._loaded.processor.tokenizer, words)

    def memory(self) -> EngineMemory:
        """What the model takes of its devices now."""
        return self._memory.now()

    def close(self) -> None:
        self._forms.close()
        super().close()

    def get_ready(self, progress: Progress) -> None:
        """Warm up, and say so. Raises ModelError, and closes the engine, when it cannot answer."""
        progress("warming up", 0.0)
        try:
            self.warm_up()
        except EngineError as exc:
            self.close()
            raise ModelError(f"{self._name!r} was loaded but cannot answer: {exc}") from exc
        progress("ready", 1.0)

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

    # -- the engine thread, and the rooms that work on it

    def _thinks(self, question: Question) -> bool:
        """Whether a thought comes before the answer: a form says what the first word may be."""
        form = question.sampling.response_format
        return question.thinking and self._words.template.thinks and (form is None or form.words)

    @abstractmethod
    def _run(self) -> None:
        """Serve the inbox until it is closed, then let go of the model."""

    def _begin(self) -> None:
        if self._threads is not None:
            torch.set_num_threads(self._threads)
        with working_on(self._loaded.device):
            self._run()

    def check_known(self, question: Question, view: View | None) -> None:
        """Raises UnknownScene where the question wants that and what it sees is unlike all that the model knows."""
        domain = self._loaded.domain
        if question.known_only and domain is not None and not self._known(domain, _glimpses(question, view)):
            raise UnknownScene(domain.remedy)

    def _known(self, domain: Domain, glimpses: list[Pixels]) -> bool:
        """Questions about one moment see the same pixels, which are judged once."""
        last, known = self._judged
        if len(last) != len(glimpses) or any(one() is not other for one, other in zip(last, glimpses, strict=True)):
            known = domain.holds(glimpses)
            self._judged = ([weakref.ref(pixels) for pixels in glimpses], known)
        return known

    def answer(
        self,
        asked: Asked,
        question: Question,
        view: View | None,
        ids: Callable[[], torch.Tensor],
        max_tokens: int,
        capture_s: float,
    ) -> Answer:
        """What takes the answer's tokens, `max_tokens` at most. `ids` gives the prompt's (1, tokens), on the CPU.
        `capture_s`: the age of the camera's newest picture when the question was taken up."""
        decode, template = self._loaded.processor.tokenizer.decode, self._words.template
        inside = question.thinking and template.opens_thoughts
        text = AnswerText(
            lambda ids: decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False),
            question.sampling.stop,
            ThoughtSplit(inside) if template.thinks else None,
        )
        trace = None
        if question.trace:
            trace = Trace(ids()[0].numpy().astype(np.int32), replace(question.sampling, max_tokens=max_tokens))
        return Answer(asked, question, view, text, self._end_tokens, self.tell, trace, capture_s)

    def guide(self, asked: Asked) -> Guide | None:
        """What holds the answer to its form, where it is to have one."""
        return None if asked.grammar is None else Guide(asked.grammar)


def failed(exc: Exception, what: str) -> Failed:
    """The event for what went wrong at `what`: expected errors as they are, others logged with their cause."""
    if isinstance(exc, EngineError | StreamError):
        return Failed(exc)
    if isinstance(exc, torch.OutOfMemoryError):
        log.error("out of GPU memory while %s: %s", what, exc)
        torch.cuda.empty_cache()
        return Failed(
            EngineFailure("the GPU's memory is full; ask about a shorter window or smaller frames (--max-pixels)")
        )
    log.error("the engine failed while %s", what, exc_info=exc)
    failure = EngineFailure(f"the engine failed while answering ({type(exc).__name__}); its log says why")
    failure.__cause__ = exc.with_traceback(None)  # its frames hold tensors
    return Failed(failure)


def end_tokens(config: object) -> frozenset[int]:
    """The tokens that end an answer, of a GenerationConfig."""
    tokens = getattr(config, "eos_token_id", None)
    return frozenset(tokens if isinstance(tokens, list) else () if tokens is None else (tokens,))


def _glimpses(question: Question, view: View | None) -> list[Pixels]:
    """Some of what a question sees: three frames of a window, the newest among them, each picture, two of a clip."""
    found: list[Pixels] = []
    if view is not None:
        frames = view.frames
        found += [frames[i].pixels for i in sorted({0, len(frames) // 2, len(frames) - 1})]
    for message in question.messages:
        for part in message.parts:
            if isinstance(part, Picture):
                found.append(part.pixels)
            elif isinstance(part, Clip):
                found += [part.frames[0], part.frames[-1]]
    return found[:MAX_GLIMPSES]
