"""The live engine: everything that frames decide is done before the question.

`step` read aloud: take questions, run the rows of all questions and answers in one pass, hand their tokens out, ingest
what fits. One thread owns the model, the pool and all in here; cameras and askers meet it at windows and the inbox.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import torch

from askcam.engine.errors import NoRoom, QuestionError
from askcam.engine.front import Front, failed
from askcam.engine.inbox import Asked, cancelled
from askcam.engine.interface import EngineConfig, EngineMemory, LiveSource, SeenPace, WindowSource
from askcam.engine.live.answering import RunningAnswer
from askcam.engine.live.beginnings import Beginning, Beginnings
from askcam.engine.live.capacity import full
from askcam.engine.live.keeper import Keeper
from askcam.engine.live.kvpool import PoolFull
from askcam.engine.live.model import LiveModel
from askcam.engine.live.prompts import LivePrompter
from askcam.engine.live.sampling import TokenSampler
from askcam.engine.live.scheduler import BackgroundTurns, Scheduler
from askcam.engine.live.scoring import Scorer, Scores
from askcam.engine.live.starting import Starter
from askcam.engine.loading import Loaded
from askcam.engine.logprobs import Logprobs
from askcam.engine.question import Failed, Finished, ScoreEvent, Scoring, TokenLogprob

QUIET_S = 5.0  # after a failure while ingesting, frames wait so long; questions do not
STARTS_S = 0.05  # of starting on questions between two passes
PIECES_S = 0.02  # of reading what questions bring, likewise: what frames bring is to have its turn, too
WAIT_S = 1.0  # the longest sleep: heads that nobody asks with are let go of


class LiveEngine(Front):
    """An Engine (engine/interface.py) whose windows grow as frames arrive. Any thread may call it."""

    def __init__(self, loaded: Loaded, config: EngineConfig, model: LiveModel, camera_rows: int) -> None:
        """Starts the engine thread; build.py is the way in. `camera_rows`: of the pool, for one camera at most."""
        super().__init__(loaded, config, replace(loaded.info, backend="live"))
        self._model = model
        self.pool, self.states = model.pool, model.states  # for their stats(); the engine thread owns them
        self._row_bytes, self._slot_bytes = model.language.row_bytes, model.language.slot_bytes
        self._prompter = LivePrompter(loaded, config.positions)
        self._keeper = Keeper(model, self._prompter, self.anchors)
        self._starter = Starter(self, loaded, config, model, self._prompter, self._keeper)
        self._scheduler = Scheduler()
        self._sampler = TokenSampler()
        self._logprobs = Logprobs(loaded.processor.tokenizer)
        self._scorer = Scorer(self._starter, loaded.processor.tokenizer)
        self._most_cameras = model.pool.total_rows // camera_rows
        self._max_answering = config.max_answering
        self._grown: set[str] = set()  # cameras with news; a set's add and pop need no lock
        self._unsubscribe: dict[str, Callable[[], None]] = {}
        self._answers: list[RunningAnswer] = []
        self._beginnings = Beginnings(lambda asked: isinstance(asked.question, Scoring) or asked.question.plain)
        self._scores: Scores | None = None  # one scoring at a time
        self._parked: list[Asked] = []  # taken up, but the pool was full
        self._ingest_after = 0.0
        self._background = BackgroundTurns()
        self._thread.start()

    # -- any thread

    def attach(self, source: WindowSource) -> None:
        if len(self._sources) >= self._most_cameras:
            raise NoRoom(full(self._most_cameras, self.info.max_pairs))
        super().attach(source)
        if isinstance(source, LiveSource):
            name = source.name
            self._unsubscribe[name] = source.on_pair(lambda: self._news(name))
        self._news(source.name)

    def detach(self, name: str) -> None:
        super().detach(name)
        unsubscribe = self._unsubscribe.pop(name, None)
        if unsubscribe is not None:
            unsubscribe()
        self._news(name)

    def memory(self) -> EngineMemory:
        rows, states = self.pool.stats(), self.states.stats()
        used = rows.used_rows * self._row_bytes + states.used * self._slot_bytes
        return self._memory.now(used, rows.total_rows * self._row_bytes + states.total * self._slot_bytes)

    def lagging(self) -> set[str]:
        """Cameras whose newest pair is not computed yet, as far as the calling thread can tell just now."""
        return self._grown | self._keeper.lagging()

    def paces(self) -> Mapping[str, SeenPace]:
        return self._keeper.seen_paces(time.monotonic())

    def _news(self, name: str) -> None:
        self._grown.add(name)
        self._inbox.nudge()

    # -- the engine thread

    @torch.inference_mode()
    def _run(self) -> None:
        while not self._inbox.closed:
            try:
                self._tell_gone()
                if not self.step():
                    self._inbox.wait(WAIT_S)
            except Exception as exc:
                self._recover(exc)
        self._end()

    def step(self) -> bool:
        """One turn. Returns whether there was anything to do."""
        self._take_questions()
        self._end_cancelled()
        begun = self._begin_on()
        if busy := bool(self._answers):
            self._run_rows()
        began = time.monotonic()
        if not self._background.due(began, somebody_waits=busy or begun):
            return True
        worked = any([self._score(), self._ingest()])
        self._background.took(began, time.monotonic())
        return worked or busy or begun

    def _take_questions(self) -> None:
        """Start on the waiting questions for which there is room; when that takes long, on the others after a pass, so
        that nobody's first token waits for many starts."""
        began, most = time.monotonic(), len(self._answers)
        while len(self._answers) + len(self._beginnings) < self._max_answering:
            if len(self._answers) > most and time.monotonic() - began > STARTS_S:
                return
            asked = self._parked.pop(0) if self._parked else self._poll()
            if asked is None:
                return
            started = time.monotonic()
            try:
                if isinstance(asked.question, Scoring):
                    self._scores = self._scorer.begin(asked, asked.question, started)
                    self._background.took(started, time.monotonic())
                else:
                    beside = bool(self._answers or self._beginnings)
                    steps = self._starter.start(asked, asked.question, started, beside=beside)
                    self._go_on(Beginning(asked, started, steps))
            except PoolFull as exc:
                if self._answers or self._beginnings or self._scores is not None:  # one of them will make room
                    self._parked.insert(0, asked)
                    return
                error = QuestionError(f"there is no memory for this question: {exc}; give more (kv_gb)")
                self._finished(asked, Failed(error), started)
            except Exception as exc:
                self._finished(asked, failed(exc, f"starting on question {asked.ticket}"), started)

    def _poll(self) -> Asked | None:
        waits = bool(self._answers or self._beginnings)
        scorings = self._scores is None and self._background.due(time.monotonic(), somebody_waits=waits)
        return self._inbox.poll(scorings=scorings, wanted=self._beginnings.takes)

    def _begin_on(self) -> bool:
        """Some pieces of what questions bring, until one may be answered. Returns whether there were any."""
        began, most = time.monotonic(), len(self._answers)
        while beginning := self._beginnings.turn():
            try:
                self._go_on(beginning)
            except Exception as exc:
                event = failed(exc, f"starting on question {beginning.asked.ticket}")
                self._finished(beginning.asked, event, beginning.started)
            if self._answers or time.monotonic() - began > PIECES_S:  # who is being answered waits for one piece
                break
        return bool(self._beginnings) or len(self._answers) > most

    def _go_on(self, beginning: Beginning) -> None:
        """One piece further. Raises what it raises; then it is no more."""
        answering = next(beginning.steps)
        if answering is None:
            self._beginnings.add(beginning)
        else:
            self._answers.append(answering)

    def _run_rows(self) -> None:
        """One pass for all: prompts of new questions, the newest token of every answer. Then their tokens go out."""
        began = time.monotonic()
        answers = self._answers
        starting = [answer for answer in answers if answer.place.prompt is not None]
        try:
            logits, chosen = self._starter.run([answer.place for answer in answers])
        except torch.OutOfMemoryError as exc:  # the newest gives way; the others try again, with the rows they had
            self._close(answers[-1], failed(exc, f"answering question {answers[-1].asked.ticket}"))
            return
        choosing = [answers[i] for i in chosen]
        tokens = self._sampler.choose([answer.chooser for answer in choosing], logits)  # waits for the device
        took_s = time.monotonic() - began
        self._starter.took(took_s)
        for answer in starting:
            answer.place.costs.prefill_s += took_s
        logprobs = self._logprobs.of(logits, tokens, [answer.logprobs for answer in choosing])
        for answer, token, logprob in zip(choosing, tokens, logprobs, strict=True):
            self._counts.token()
            self._hand_out(answer, token, logprob)

    def _score(self) -> bool:
        """One pass of the scoring under way, unless a first token is due. Returns whether there was any."""
        scores = self._scores
        if scores is None or any(answer.place.prompt is not None for answer in self._answers):
            return False
        try:
            event: ScoreEvent | None = scores.go_on(self._starter)
        except Exception as exc:
            event = failed(exc, f"scoring for ticket {scores.asked.ticket}")
        if event is not None:
            self._end_scores(event)
        return True

    def _end_scores(self, event: ScoreEvent) -> None:
        scores, self._scores = self._scores, None
        if scores is not None:
            scores.release()
            self._finished(scores.asked, event, scores.started)

    def _hand_out(self, answer: RunningAnswer, token: int, logprob: TokenLogprob | None) -> None:
        try:
            if not answer.take(token, logprob):
                return
            event: Finished | Failed = answer.finish()
        except Exception as exc:
            event = failed(exc, f"answering question {answer.asked.ticket}")
        self._close(answer, event)

    def _ingest(self) -> bool:
        """One piece of what frames brought, unless a first token is due. Returns whether there was any."""
        while self._grown:
            self._see(self._grown.pop())
        if time.monotonic() < self._ingest_after or any(answer.place.prompt is not None for answer in self._answers):
            return False
        self._keep_pace(time.monotonic())
        try:
            return self._keeper.work()
        except torch.OutOfMemoryError as exc:
            self._keeper.set_aside(exc)
            return True

    def _keep_pace(self, now: float) -> None:
        """Have a camera sampled less, or as before again, where that is called for."""
        if self._scheduler.due(now):
            change = self._scheduler.look(now, self._keeper.paces(now))
            if change is not None:
                self._keeper.change(change)

    def _see(self, name: str) -> None:
        """Take in what a camera has brought since the last time."""
        source = self._sources.get(name)
        if source is None:
            self._keeper.drop(name)
        elif isinstance(source, LiveSource):
            self._keeper.see(source, source.peek())

    # -- ends

    def _end_cancelled(self) -> None:
        for answer in [answer for answer in self._answers if answer.asked.cancelled]:
            answer.answer.cancel()
            self._close(answer, answer.finish())
        for beginning in self._beginnings.leave(lambda asked: asked.cancelled):
            self._finished(beginning.asked, cancelled(beginning.asked, beginning.started), beginning.started)
        if self._scores is not None and self._scores.asked.cancelled:
            self._end_scores(cancelled(self._scores.asked))
        for asked in [asked for asked in self._parked if asked.cancelled]:
            self._parked.remove(asked)
            self._finished(asked, cancelled(asked), asked.at)

    def _close(self, answer: RunningAnswer, event: Finished | Failed) -> None:
        self._answers.remove(answer)
        answer.place.held.release()
        self._finished(answer.asked, event, answer.started)

    def _finished(self, asked: Asked, event: ScoreEvent, started: float) -> None:
        self._inbox.over(asked)
        self._counts.ended(event, time.monotonic() - started)
        self.tell(asked, event)

    def _recover(self, exc: Exception) -> None:
        """Something failed that belongs to no single question: fail those in flight, begin all windows anew."""
        event = failed(exc, "running its model")
        for answer in list(self._answers):
            self._close(answer, event)
        for beginning in self._beginnings.leave(lambda _: True):
            self._finished(beginning.asked, event, beginning.started)
        self._end_scores(event)
        self._keeper.forget_all()
        self._grown.update(list(self._sources))
        self._ingest_after = time.monotonic() + QUIET_S

    def _end(self) -> None:
        self._end_cancelled()  # that is all of them now
        self._tell_gone()
        self._keeper.forget_all()
        # the model's memory goes with the thread
        del self._loaded, self._model, self._prompter, self._keeper, self._starter, self._scorer
