"""One-token probabilities of many questions on one window: what standing questions are made of.

All questions of a scoring see one moment and run in as few passes as they fit into. Between two passes the engine looks
for somebody's question, which waits for one pass at most.

A provisional pair would be read once more for every question, and is most of what it has to read. So only a few
questions see it; many see the window's complete pairs, whose newest frame is older by one pair at most.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from askcam.engine.choosing import choice_tokens
from askcam.engine.inbox import Asked
from askcam.engine.live.answering import PoolPlace
from askcam.engine.live.starting import Starter
from askcam.engine.question import Scored, Scoring, Usage
from askcam.stream.window import View

FEW = 3  # questions that see a provisional pair
PASS_ROWS = 256  # of one pass: somebody's question waits until it is over, and longer ones are hardly cheaper a row


class Scores:
    """One scoring under way. Owned by the engine thread."""

    def __init__(
        self,
        asked: Asked,
        started: float,
        views: tuple[View | None, ...],
        places: Sequence[PoolPlace],
        choices: Sequence[int],
    ) -> None:
        self.asked, self.started = asked, started
        self._views, self._places, self._choices = views, places, list(choices)
        self._groups = _groups(places)
        self._found: list[torch.Tensor] = []  # (questions, choices) of the groups that are done

    def go_on(self, starter: Starter) -> Scored | None:
        """One pass; the last one gives the result. A prompt that fills a pass alone may take several."""
        group = self._groups[len(self._found)]
        logits, chosen = starter.run(group, together=True)
        if chosen:
            assert len(chosen) == len(group), "only a prompt that fills a pass alone is cut"
            self._found.append(logits.float().softmax(-1)[:, self._choices].cpu())
        if len(self._found) < len(self._groups):
            return None
        used = sum((place.usage for place in self._places), start=Usage())
        return Scored(self._views, tuple(tuple(row) for row in torch.cat(self._found).tolist()), used)

    def release(self) -> None:
        """Give its memory back."""
        for place in self._places:
            place.held.release()


class Scorer:
    """Owned by the engine thread."""

    def __init__(self, starter: Starter, tokenizer: Any) -> None:
        self._starter, self._tokenizer = starter, tokenizer

    def begin(self, asked: Asked, scoring: Scoring, started: float) -> Scores:
        """Take it up. Raises PoolFull, EngineError or StreamError; nothing is held then."""
        view = self._starter.look(scoring.questions[0])
        if view is not None and len(scoring.questions) > FEW and scoring.questions[0].max_age_s is None:
            view = _complete(view)
        choices = choice_tokens(self._tokenizer, scoring.choices)
        places: list[PoolPlace] = []
        try:
            for question in scoring.questions:
                *_, found = self._starter.place(question, view, lambda num_prompt: 1, lambda: None, started, once=True)
                assert found is not None
                places.append(found[0])
        except BaseException:
            for place in places:
                place.held.release()
            raise
        views = tuple(self._starter.seen(question, view) for question in scoring.questions)
        return Scores(asked, started, views, places, choices)


def _complete(view: View) -> View:
    """Without its provisional pair, unless there is nothing else to see."""
    if not view.provisional or len(view.pairs) == 1:
        return view
    return replace(view, pairs=view.pairs[:-1], provisional=False)


def _groups(places: Sequence[PoolPlace], max_rows: int = PASS_ROWS) -> list[list[PoolPlace]]:
    """Consecutive places whose prompts fit into one pass together; a longer prompt has one for itself."""
    groups: list[list[PoolPlace]] = []
    rows = max_rows
    for place in places:
        assert place.prompt is not None
        rows += place.prompt.x.shape[0]
        if rows > max_rows:
            groups.append([])
            rows = place.prompt.x.shape[0]
        groups[-1].append(place)
    return groups
