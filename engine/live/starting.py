"""How a question becomes rows: its camera's newest moment is taken, memory is set aside, and what it asks is embedded.

What the window holds already costs nothing. Into the question's private tail go a provisional pair with the camera's
newest frame, if that is cheap enough, and the question's own words.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from askcam.engine.door import EngineConfig
from askcam.engine.errors import QuestionError
from askcam.engine.front import Front
from askcam.engine.inbox import Asked
from askcam.engine.live.answering import Answering, Costs, Prompt
from askcam.engine.live.feed import Feed, Track
from askcam.engine.live.keeper import Keeper
from askcam.engine.live.model import Model
from askcam.engine.live.ops import Span
from askcam.engine.live.prompts import LivePrompter, Split
from askcam.engine.live.sampling import Chooser
from askcam.engine.live.vision import Encoded
from askcam.engine.live.windows import KVWindow
from askcam.engine.loading import Loaded
from askcam.engine.question import Started, Usage
from askcam.stream.window import View

SMOOTH = 0.2  # of a new measurement in the running mean


class Starter:
    """Owned by the engine thread."""

    def __init__(
        self, front: Front, loaded: Loaded, config: EngineConfig, model: Model, prompter: LivePrompter, keeper: Keeper
    ) -> None:
        self._front, self._model, self._prompter, self._keeper = front, model, prompter, keeper
        self._own = loaded.model.generation_config
        self._fresh_s = config.fresh_ms / 1000
        self._guess_s = 0.0  # what a provisional pair costs, lately

    def start(self, asked: Asked, started: float) -> Answering:
        """Take a question up and tell Started. Raises PoolFull before that, EngineError or StreamError at any time."""
        view = self._front.look(asked.question)
        if view is None or not self._prompter.splits(asked.question):
            return self._start_whole(asked, view, started)
        split = self._prompter.split(asked.question)
        view = self._affordable(view)
        feed = self._keeper.see(self._front.source(view.camera), view)
        track = self._keeper.track(feed, split.head)
        track.asked_at = started
        window = self._keeper.window(feed, track)
        return self._start_on(asked, view, started, split, feed, track, window)

    def inputs(self, answers: Sequence[Answering], spans: Sequence[Span]) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        """What the next pass runs on: x (R, hidden), positions (3, R) on the CPU, deepstack extras."""
        language = self._model.language
        if all(answer.prompt is None for answer in answers):
            positions = torch.tensor([[answer.next_position for answer in answers]] * 3)
            return language.embed([answer.last_token for answer in answers]), positions, ()
        parts, places = [], []
        extras: list[tuple[Tensor, ...]] = []
        for answer, span in zip(answers, spans, strict=True):
            if answer.prompt is None:
                parts.append(language.embed([answer.last_token]))
                places.append(torch.full((3, 1), answer.next_position))
                extras.append(())
            else:
                parts.append(answer.prompt.x[: span.num_rows])
                places.append(torch.from_numpy(answer.prompt.positions[:, : span.num_rows]))
                extras.append(answer.prompt.extras)
        return torch.cat(parts), torch.cat(places, 1), _joined(parts, extras)

    def _start_on(
        self, asked: Asked, view: View, started: float, split: Split, feed: Feed, track: Track, window: KVWindow
    ) -> Answering:
        """On a window: only the provisional pair and the question's own words are new."""
        seam, num_pairs = track.seam, len(feed.pairs)
        unit = seam.unit(num_pairs) if view.provisional else None
        guessed = 0 if unit is None else unit.length
        window_len = seam.length(num_pairs)
        num_prompt = window_len + guessed + len(split.rest)
        chooser = self._chooser(asked, num_prompt)
        tail = self._model.pool.take(guessed + len(split.rest) + chooser.max_tokens)
        self._model.pool.hold(window.held)
        try:
            ready = time.monotonic()
            self._front.tell(asked, Started(view))
            cached = seam.length(min(window.num_pairs, num_pairs))
            begun = time.monotonic()
            self._keeper.complete(feed, track, window)
            assert window.ends[num_pairs] == window_len, (window.ends, num_pairs, window_len)
            start = seam.text_start(num_pairs + int(view.provisional))
            positions = np.tile(np.arange(start, start + len(split.rest)), (3, 1))
            x: Tensor = self._model.language.embed(split.rest)
            extras: tuple[Tensor, ...] = ()
            if unit is not None:
                pair_x, pair_extras = self._model.embed_unit(unit, self._guess(feed, view))
                positions = np.concatenate((unit.positions, positions), 1)
                x = torch.cat((pair_x, x))
                extras = tuple(torch.nn.functional.pad(extra, (0, 0, 0, len(split.rest))) for extra in pair_extras)
            vision_s = time.monotonic() - begun
            num_vision = (num_pairs + int(view.provisional)) * seam.unit(0).num_tokens
            if chooser.wants_ids:
                chooser.start(self._prompter.prompt_ids(split, num_prompt - len(split.head) - len(split.rest)))
            return Answering(
                asked=asked,
                answer=self._front.answer(asked, view),
                chooser=chooser,
                window=window.held,
                window_len=window_len,
                tail=tail,
                prompt=Prompt(x, positions, extras),
                next_position=start + len(split.rest),
                usage=Usage(num_prompt, num_vision, cached),
                started=started,
                costs=Costs(ready - started, vision_s),
            )
        except BaseException:
            self._model.pool.release(tail)
            self._model.pool.release(window.held)
            raise

    def _start_whole(self, asked: Asked, view: View | None, started: float) -> Answering:
        """With pictures of its own, or without a camera: all of the prompt goes into the tail."""
        prompt, positions = self._prompter.whole(asked.question, view)
        chooser = self._chooser(asked, prompt.num_tokens)
        tail = self._model.pool.take(prompt.num_tokens + chooser.max_tokens)
        try:
            ready = time.monotonic()
            self._front.tell(asked, Started(view))
            x, extras = self._model.embed_whole(prompt)
            if chooser.wants_ids:
                chooser.start(prompt.inputs["input_ids"])
            return Answering(
                asked=asked,
                answer=self._front.answer(asked, view),
                chooser=chooser,
                window=None,
                window_len=0,
                tail=tail,
                prompt=Prompt(x, positions, extras),
                next_position=int(positions[0, -1]) + 1,
                usage=Usage(prompt.num_tokens, prompt.num_vision_tokens),
                started=started,
                costs=Costs(ready - started, time.monotonic() - ready),
            )
        except BaseException:
            self._model.pool.release(tail)
            raise

    def _chooser(self, asked: Asked, num_prompt: int) -> Chooser:
        room = self._front.room(num_prompt)
        chooser = Chooser(self._own, asked.question.sampling, room, self._model.device)
        need = num_prompt + chooser.max_tokens
        if need > self._model.pool.total_rows:
            raise QuestionError(
                f"the question, what it sees and its answer are up to {need} tokens, the memory set aside holds "
                f"{self._model.pool.total_rows}: lower max_tokens, or give more (kv_gb)",
                "max_tokens",
            )
        return chooser

    def _affordable(self, view: View) -> View:
        """Without its provisional pair where that would cost too much, unless there is nothing else to see."""
        if not view.provisional or len(view.pairs) == 1 or self._guess_s <= self._fresh_s:
            return view
        self._guess_s *= 0.99  # so that it is tried again some day
        return replace(view, pairs=view.pairs[:-1], provisional=False)

    def _guess(self, feed: Feed, view: View) -> Encoded:
        """The provisional pair's tokens; questions that come at once encode it once."""
        pair = view.pairs[-1]
        if feed.guess is None or feed.guess[0] != pair:
            began = time.monotonic()
            (encoded,) = self._model.encode([pair])
            feed.guess = (pair, encoded)
            self._guess_s += SMOOTH * (time.monotonic() - began - self._guess_s)
        return feed.guess[1]


def _joined(parts: Sequence[Tensor], extras: Sequence[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    """Deepstack extras of all rows; zero for those that have none."""
    depth = max(len(found) for found in extras)
    return tuple(
        torch.cat(
            [
                found[i][: part.shape[0]] if i < len(found) else torch.zeros_like(part)
                for part, found in zip(parts, extras, strict=True)
            ]
        )
        for i in range(depth)
    )
