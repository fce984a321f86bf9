"""The remote engine: windows and questions here, the model behind somebody else's server (asking.py).

One thread runs one event loop, which owns all requests.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from askcam.engine.base import EngineBase, fitted
from askcam.engine.errors import EngineError, EngineFailure, ModelUnreachable
from askcam.engine.families.spec import FamilySpec
from askcam.engine.inbox import Asked, cancelled
from askcam.engine.interface import EngineConfig, Grammar, LiveSource, ModelInfo, WindowSource
from askcam.engine.question import (
    Event,
    Failed,
    Finished,
    Form,
    Piece,
    Question,
    Scored,
    ScoreEvent,
    Scoring,
    Text,
    Thought,
)
from askcam.engine.remote.asking import RemoteAsking, RunningQuestion
from askcam.engine.remote.loop import LoopThread
from askcam.engine.remote.outgoing import Outgoing
from askcam.engine.remote.probe import Proven
from askcam.engine.remote.scoring import check_scores
from askcam.engine.remote.transport import Transport
from askcam.engine.remote.vocabulary import PLAIN, UnknownVocabulary, Vocabulary
from askcam.engine.schema import PARAM, check_schema
from askcam.stream.errors import StreamError
from askcam.stream.fit import Fit

log = logging.getLogger("askcam.engine")

AGAIN_S = 2.0  # how often a server that is gone is looked for
MAX_FORMS = 256  # that are known to be fine


class RemoteEngine(EngineBase):
    """An Engine (interface.py). Any thread may call it; requests belong to its one event loop."""

    def __init__(
        self,
        info: ModelInfo,
        config: EngineConfig,
        spec: FamilySpec,
        proven: Proven,
        transport: Transport,
        vocabulary: Vocabulary,
        loop: LoopThread,
    ) -> None:
        """Begins to answer; `opening` is the way in. `loop` is its own from now on."""
        super().__init__(info, config.max_waiting)
        dialect = proven.dialect
        self._spec, self._dialect, self._transport, self._vocabulary = spec, dialect, transport, vocabulary
        self._max_answering = config.max_answering
        self.outgoing = Outgoing(spec, dialect, transport.model, info.max_pairs, config.pictures)
        self._loop, self._thread = loop, loop.thread
        self._beside = ThreadPoolExecutor(4, thread_name_prefix="askcam-pictures")
        self._asking = RemoteAsking(self, self._heard, self.outgoing, proven, transport, vocabulary, self._beside)
        self._forms: dict[Form, Grammar] = {}
        self._unsubscribe: dict[str, Callable[[], None]] = {}
        self._encoding: set[str] = set()  # cameras whose newest pair is about to be; its add and discard need no lock
        self._running: dict[int, RunningQuestion] = {}  # by ticket
        self._trouble: str | None = None
        self._looking: asyncio.Task[None] | None = None  # for a server that is gone
        self._woken = asyncio.Event()
        self._serving = asyncio.run_coroutine_threadsafe(self._serve(), loop.loop)

    # -- any thread

    def fit(self, width: int, height: int) -> Fit:
        return fitted(self._spec.fit_frame, width, height)

    def fit_picture(self, width: int, height: int) -> Fit:
        return fitted(self._spec.fit_still, width, height)

    def attach(self, source: WindowSource) -> None:
        super().attach(source)
        if isinstance(source, LiveSource) and self.outgoing.keeps_pictures:
            self._unsubscribe[source.name] = source.on_pair(lambda: self._ahead(source))

    def detach(self, name: str) -> None:
        unsubscribe = self._unsubscribe.pop(name, None)
        if unsubscribe is not None:
            unsubscribe()
        super().detach(name)
        self._loop.tell(self._woken)

    def ask(self, question: Question, on_event: Callable[[Event], None], grammar: Grammar | None = None) -> int:
        self._check(question)
        self.outgoing.check(question)
        form = question.sampling.response_format
        if form is not None and grammar is None:
            grammar = self.prepare(form)
        with self._counts.asking():
            ticket = self._inbox.put(question, on_event, self._counts.seconds_each, grammar)
        self._loop.tell(self._woken)
        return ticket

    def prepared(self, form: Form) -> Grammar | None:
        return self._forms.get(form)

    def prepare(self, form: Form, unwanted: Callable[[], bool] = lambda: False) -> Grammar:
        """Nothing is compiled here: a form that can be kept is the server's to keep."""
        self._dialect.check_form(form)
        if form.schema is not None:
            check_schema(form.schema)
        grammar = Grammar(None, 0, PARAM if form.schema is not None else "tools")
        if len(self._forms) >= MAX_FORMS:
            self._forms.clear()
        self._forms[form] = grammar
        return grammar

    def measure(self, question: Question) -> None:
        words = "".join(part.text for turn in question.messages for part in turn.parts if isinstance(part, Text))
        num_tokens = self._vocabulary.count(words)
        if num_tokens is not None:
            self.room(num_tokens)

    def score(
        self, questions: Sequence[Question], choices: Sequence[str], on_event: Callable[[ScoreEvent], None]
    ) -> int:
        scoring = self._scoring(questions, choices)
        check_scores(self._dialect)
        with self._counts.asking():
            ticket = self._inbox.put(scoring, on_event, self._counts.seconds_each)
        self._loop.tell(self._woken)
        return ticket

    def single(self, words: Sequence[str]) -> tuple[str, ...]:
        check_scores(self._dialect)
        if isinstance(self._vocabulary, UnknownVocabulary) and PLAIN.issuperset(words):
            return tuple(words)
        found = self._vocabulary.tokens(words)
        return tuple(word for word, token in zip(words, found, strict=True) if token is not None)

    def cancel(self, ticket: int) -> None:
        super().cancel(ticket)
        self._loop.tell(self._woken)

    def trouble(self) -> str | None:
        return self._trouble

    def close(self) -> None:
        for unsubscribe in (*self._unsubscribe.values(),):
            unsubscribe()
        self._unsubscribe.clear()
        self._inbox.close()
        self._loop.tell(self._woken)
        self._serving.add_done_callback(lambda _: self._loop.stop())
        super().close()
        self._beside.shutdown(wait=False, cancel_futures=True)

    def _ahead(self, source: LiveSource) -> None:
        """A new pair, on its camera's thread: its frames are encoded before anybody asks."""

        def encode() -> None:
            self._encoding.discard(source.name)
            view = source.peek()
            if view is not None:
                self.outgoing.encode_ahead(view.pairs[-1])

        if source.name not in self._encoding:  # else it comes too quickly: a question encodes what it lacks
            self._encoding.add(source.name)
            with contextlib.suppress(RuntimeError):  # the engine is being closed
                self._beside.submit(encode)

    # -- the engine thread: its event loop

    async def _serve(self) -> None:
        """Until close(): take questions, end those that nobody wants any more."""
        try:
            while not self._inbox.closed:
                self._woken.clear()
                self._tell_gone()
                for running in list(self._running.values()):
                    if running.asked.cancelled and running.task is not None:
                        running.task.cancel()
                while len(self._running) < self._max_answering and (asked := self._inbox.poll()) is not None:
                    self._begin(asked)
                await self._woken.wait()
        except Exception:
            log.exception("the remote engine stopped")
            self._inbox.close()
        tasks = [running.task for running in self._running.values() if running.task is not None]
        for task in (*tasks, *([] if self._looking is None else [self._looking])):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # their last events
        self._tell_gone()
        await self._transport.close()

    def _begin(self, asked: Asked) -> None:
        running = RunningQuestion(asked, time.monotonic())
        what = asked.question
        work: Awaitable[Finished | Scored] = (
            self._asking.score(what) if isinstance(what, Scoring) else self._asking.answer(running, what)
        )
        self._running[asked.ticket] = running
        running.task = asyncio.ensure_future(work)
        running.task.add_done_callback(lambda task: self._over(running, task))

    def _over(self, running: RunningQuestion, task: "asyncio.Task[Finished | Scored]") -> None:
        """The one place where a question's last event is told."""
        asked = running.asked
        del self._running[asked.ticket]
        event: Finished | Scored | Failed
        if task.cancelled():
            event = self._cancelled(running)
        elif (error := task.exception()) is not None:
            event = self._failed(error, asked)
        else:
            event = task.result()
        self._inbox.over(asked)
        self._counts.ended(event, time.monotonic() - running.started)
        self.tell(asked, event)
        self._woken.set()

    def _cancelled(self, running: RunningQuestion) -> Finished:
        if running.answer is None or not running.answer.begun:
            return cancelled(running.asked, running.started)
        return running.answer.finish(running.usage, running.timings, cancelled=True)

    def _failed(self, error: BaseException, asked: Asked) -> Failed:
        if isinstance(error, ModelUnreachable):
            self._trouble = str(error)
        if isinstance(error, EngineFailure) and (self._looking is None or self._looking.done()):
            self._looking = asyncio.ensure_future(self._look_after())
        if isinstance(error, EngineError | StreamError):
            return Failed(error)
        log.error("the remote engine failed at question %d", asked.ticket, exc_info=error)
        failure = EngineFailure(f"the engine failed while answering ({type(error).__name__}); its log says why")
        failure.__cause__ = error
        return Failed(failure)

    def _heard(self, asked: Asked, event: Event) -> None:
        if isinstance(event, Piece | Thought):
            self._counts.token()
        self.tell(asked, event)

    async def _look_after(self) -> None:
        """Is the server still there? Asked after whatever failed, and again until it is."""
        while True:
            try:
                await self._transport.get("/models")
            except EngineError as exc:
                self._trouble = str(exc)
            else:
                self._trouble = None
                return
            await asyncio.sleep(AGAIN_S)
