"""One-token probabilities of many questions on one window, in one pass: what standing questions are made of."""

from collections.abc import Sequence
from typing import Any

import torch

from askcam.engine.choosing import choice_tokens
from askcam.engine.live.answering import MAX_ROWS, Place
from askcam.engine.live.model import Model
from askcam.engine.live.starting import Starter
from askcam.engine.question import Scored, Scoring


class Scorer:
    """Owned by the engine thread."""

    def __init__(self, starter: Starter, model: Model, tokenizer: Any) -> None:
        self._starter, self._model, self._tokenizer = starter, model, tokenizer

    def score(self, scoring: Scoring, started: float) -> Scored:
        """Raises PoolFull, EngineError or StreamError; nothing is held afterwards."""
        view = self._starter.look(scoring.questions[0])
        choices = choice_tokens(self._tokenizer, scoring.choices)
        places: list[Place] = []
        try:
            for question in scoring.questions:
                place, _ = self._starter.place(question, view, lambda num_prompt: 1, lambda: None, started)
                places.append(place)
            chosen = torch.cat([self._probabilities(group, choices) for group in _groups(places)])
            return Scored(view, tuple(tuple(row) for row in chosen.tolist()))
        finally:
            for place in places:
                place.release(self._model.pool)

    def _probabilities(self, places: Sequence[Place], choices: Sequence[int]) -> torch.Tensor:
        """(questions, choices) on the CPU. A prompt that fills a pass alone may take several, the others take one."""
        while True:
            logits, chosen = self._starter.run(places)
            if chosen:
                assert len(chosen) == len(places), "only a prompt that fills a pass alone is cut"
                return logits.float().softmax(-1)[:, list(choices)].cpu()


def _groups(places: Sequence[Place], max_rows: int = MAX_ROWS) -> list[list[Place]]:
    """Consecutive places whose prompts fit into one pass together."""
    groups: list[list[Place]] = []
    rows = max_rows
    for place in places:
        assert place.prompt is not None
        rows += place.prompt.x.shape[0]
        if rows > max_rows:
            groups.append([])
            rows = place.prompt.x.shape[0]
        groups[-1].append(place)
    return groups
