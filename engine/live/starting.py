"""How a question becomes rows: its camera's newest moment is taken, memory is set aside, and what it asks is embedded.

What the window holds already costs nothing. Into the question's private tail go a provisional pair with the camera's
newest frame, if that is cheap enough, and the question's own words.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from askcam.engine.errors import TooLong, UnknownScene
from askcam.engine.front import Front
from askcam.engine.inbox import Asked
from askcam.engine.interface import EngineConfig
from askcam.engine.live.answering import MAX_ROWS, Costs, PoolPlace, PromptRows, RunningAnswer
from askcam.engine.live.feed import Feed
from askcam.engine.live.holding import Holding
from askcam.engine.live.inputs import row_inputs
from askcam.engine.live.keeper import Keeper
from askcam.engine.live.kvpool import PoolFull, Range
from askcam.engine.live.model import LiveModel
from askcam.engine.live.ops import row_batch
from askcam.engine.live.prompts import LivePrompter
from askcam.engine.live.provisional import Provisional
from askcam.engine.live.sampling import Chooser
from askcam.engine.loading import Loaded
from askcam.engine.question import Question, Started, Usage
from askcam.stream.window import View

SMOOTH = 0.2  # of a new measurement in the running mean

SHARED_S = 0.04  # of a pass that others share, for one prompt: a long one must not hold them up
LEAST_ROWS = 64  # of a prompt in such a pass: fewer are hardly faster

Ids = Callable[[], Tensor]  # gives a prompt's ids (1, tokens)
Taken = Callable[[], None]  # called once memory is set aside, before the work


class Starter:
    """Owned by the engine thread."""

    def __init__(
        self,
        front: Front,
        loaded: Loaded,
        config: EngineConfig,
        model: LiveModel,
        prompter: LivePrompter,
        keeper: Keeper,
    ) -> None:
        self._front, self._model, self._prompter, self._keeper = front, model, prompter, keeper
        self._own = loaded.model.generation_config
        self._provisional = Provisional(model, config.fresh_ms / 1000)
        self._row_s = 0.0  # what a row of a prompt costs, lately
        self._num_rows = 0  # of the last pass

    def look(self, question: Question) -> View | None:
        """Its camera's window now, of which it sees all or `seen`. Raises Stale or CameraUnavailable."""
        view = self._front.look(question)
        return None if view is None else self._provisional.affordable(view, question.max_age_s)

    def seen(self, question: Question, view: View | None) -> View | None:
        """As much of a view of its camera as the question sees."""
        return self._front.seen(question, view)

    def start(
        self, asked: Asked, question: Question, started: float, *, beside: bool = False
    ) -> Iterator[RunningAnswer | None]:
        """Take a question up and tell Started; piece by piece, None after each but the last. `beside`: others are
        under way, so that it may see what one of them saw just now, if that is fresh enough for it.

        The first piece raises PoolFull before that, any EngineError or StreamError. Closed early, it holds nothing.
        """
        view, capture_s = self._view(question, beside)
        seen = self.seen(question, view)
        try:
            self._front.check_known(question, seen)
        except UnknownScene:
            self._front.tell(asked, Started(seen))  # what was seen is told all the same
            raise
        choosers: list[Chooser] = []

        def room(num_prompt: int) -> int:
            room, guide = self._room(num_prompt), self._front.guide(asked)
            choosers.append(Chooser(self._own, question.sampling, room, self._model.device, guide))
            return choosers[0].max_tokens

        found = None
        for found in self.place(question, view, room, lambda: self._front.tell(asked, Started(seen)), started):
            if found is None:
                yield None
        assert found is not None
        place, ids = found
        if choosers[0].wants_ids:
            choosers[0].start(ids())
        answer = self._front.answer(asked, question, seen, ids, choosers[0].max_tokens, capture_s)
        yield RunningAnswer(asked, answer, choosers[0], place, started, question.sampling.logprobs)

    def place(
        self,
        question: Question,
        view: View | None,
        room: Callable[[int], int],
        taken: Taken,
        started: float,
        *,
        once: bool = False,
    ) -> Iterator[tuple[PoolPlace, Ids] | None]:
        """A question's place with its prompt, and what gives the prompt's ids. `view`: all of its camera's.

        Piece by piece, None after each but the last; one about a camera alone is one piece. `room` says, for a prompt
        of so many tokens, how many may follow. `once`: its first token is all that is wanted. Raises PoolFull before
        `taken` is called.
        """
        if view is None or not self._prompter.splits(question):
            yield from self._place_whole(question, self.seen(question, view), room, taken, started, once)
        else:
            yield self._place_on_window(question, view, room, taken, started, once)

    def run(self, places: Sequence[PoolPlace], *, together: bool = False) -> tuple[Tensor, list[int]]:
        """One pass over the next rows of all; returns logits, and the places whose next token they choose, by index.

        The others have more of their prompt to come. `together`: they are one question's, so that none waits for
        another, and are not cut for each other's sake. When it raises, all of them are as they were.
        """
        most = MAX_ROWS if together or len(places) == 1 else self._shared_rows()
        spans = [place.span(most) for place in places]
        x, positions, extras = row_inputs(self._model.language, places, spans)
        batch = row_batch(spans, positions, self._model.device)
        chosen = [i for i, (place, span) in enumerate(zip(places, spans, strict=True)) if place.chooses(span)]
        select = None
        if len(chosen) < x.shape[0]:  # else: all go on, each with its newest token
            ends = list(accumulate(span.num_rows for span in spans))
            select = torch.tensor([ends[i] - 1 for i in chosen], dtype=torch.long, device=self._model.device)
        logits = self._model.passes.rows(x, batch, select, extras)
        for place, span in zip(places, spans, strict=True):
            place.ran(span)
        self._num_rows = sum(span.num_rows for span in spans)
        return logits, chosen

    def took(self, seconds: float) -> None:
        """How long the last pass was."""
        if self._num_rows >= LEAST_ROWS:  # those of a few cost the same whatever they are
            self._row_s += SMOOTH * (seconds / self._num_rows - self._row_s)

    def _shared_rows(self) -> int:
        """How many rows of one prompt a pass takes that others share."""
        return MAX_ROWS if not self._row_s else min(MAX_ROWS, max(LEAST_ROWS, int(SHARED_S / self._row_s)))

    def _view(self, question: Question, beside: bool) -> tuple[View | None, float]:
        """Its camera's window now, or as somebody saw it just now, and how old its newest picture is, in seconds."""
        if question.camera is None:
            return None, 0.0
        if beside:
            shared = self._provisional.shared(self._keeper.feed(self._front.source(question.camera)))
            if shared is not None:
                age_s = shared.age_s(time.monotonic())
                if question.max_age_s is None or age_s < question.max_age_s / 2:
                    return shared, age_s
        newest = self._front.look(question)
        assert newest is not None
        return self._provisional.affordable(newest, question.max_age_s), newest.age_s(time.monotonic())

    def _place_on_window(
        self, question: Question, view: View, room: Callable[[int], int], taken: Taken, started: float, once: bool
    ) -> tuple[PoolPlace, Ids]:
        """On a window: only the provisional pair and the question's own words are new."""
        split = self._prompter.split(question)
        feed = self._keeper.see(self._front.source(view.camera), view)
        track = self._keeper.track(feed, split.head)
        track.asked_at = started
        seen = self.seen(question, view)
        assert seen is not None
        window = self._keeper.window(feed, track, seen.pairs[0].index)
        seam, num_pairs = track.seam, len(seen.pairs) - int(view.provisional)
        unit = seam.unit(num_pairs) if view.provisional else None
        num_new = len(split.rest) + (0 if unit is None else unit.length)
        window_len = seam.length(num_pairs)
        num_rows = num_new + room(window_len + num_new)
        held = self._held(num_rows, window.held, feed, goes_on=not once or num_new > MAX_ROWS)
        try:
            ready = time.monotonic()
            taken()
            cached = seam.length(min(window.num_pairs, num_pairs))
            begun = time.monotonic()
            self._keeper.complete(feed, track, window)
            assert window.ends[num_pairs] == window_len, (window.ends, num_pairs, window_len)
            if self._model.language.states:  # there are none but those at its end
                assert window.num_pairs == num_pairs, (window.num_pairs, num_pairs)
            held.states.begin(window.state)
            start = seam.text_start(num_pairs + int(view.provisional))
            positions = np.tile(np.arange(start, start + len(split.rest)), (3, 1))
            x: Tensor = self._model.language.embed(split.rest)
            extras: tuple[Tensor, ...] = ()
            if unit is not None:
                pair_x, pair_extras = self._model.embed_unit(unit, self._provisional.encoded(feed, view))
                positions = np.concatenate((unit.positions, positions), 1)
                x = torch.cat((pair_x, x))
                extras = tuple(torch.nn.functional.pad(extra, (0, 0, 0, len(split.rest))) for extra in pair_extras)
        except BaseException:
            held.release()
            raise
        num_vision = (num_pairs + int(view.provisional)) * seam.unit(0).num_tokens
        place = PoolPlace(
            held=held,
            window_len=window_len,
            prompt=PromptRows(x, positions, extras),
            next_position=start + len(split.rest),
            usage=Usage(window_len + num_new, num_vision, cached),
            costs=Costs(ready - started, time.monotonic() - begun),
        )
        return place, lambda: self._prompter.prompt_ids(split, seam, num_pairs + int(view.provisional))

    def _place_whole(
        self,
        question: Question,
        view: View | None,
        room: Callable[[int], int],
        taken: Taken,
        started: float,
        once: bool,
    ) -> Iterator[tuple[PoolPlace, Ids] | None]:
        """With pictures of its own, or without a camera: all of the prompt goes into the tail."""
        prompt, positions = self._prompter.whole(question, view)
        num_new = prompt.num_tokens
        held = self._held(num_new + room(num_new), None, None, goes_on=not once or num_new > MAX_ROWS)
        try:
            ready = time.monotonic()
            taken()
            found = None
            for found in self._model.embedding(prompt):
                if found is None:
                    yield None
        except BaseException:  # closed early, too
            held.release()
            raise
        assert found is not None
        x, extras = found
        place = PoolPlace(
            held=held,
            window_len=0,
            prompt=PromptRows(x, positions, extras),
            next_position=int(positions[0, -1]) + 1,
            usage=Usage(prompt.num_tokens, prompt.num_vision_tokens),
            costs=Costs(ready - started, time.monotonic() - ready),
        )
        yield place, lambda: prompt.inputs["input_ids"]

    def _held(self, num_rows: int, window: Range | None, feed: Feed | None, *, goes_on: bool) -> Holding:
        """A question's own memory, for which windows that nobody asks about may have to go. Raises PoolFull."""
        model = self._model
        try:
            return Holding(model.pool, model.states, num_rows, window, goes_on=goes_on)
        except PoolFull:
            self._keeper.make_room(but=feed)
            return Holding(model.pool, model.states, num_rows, window, goes_on=goes_on)

    def _room(self, num_prompt: int) -> int:
        """Tokens that may follow a prompt: what the model takes, and what the pool could ever hold."""
        room = min(self._front.room(num_prompt), self._model.pool.total_rows - num_prompt)
        if room < 1:
            raise TooLong(
                f"the question and what it sees are {num_prompt} tokens, the memory set aside holds "
                f"{self._model.pool.total_rows}: shorten it, or give more (kv_gb)",
                "messages",
            )
        return room
