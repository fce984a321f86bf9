"""A question for a note's sake that the engine never answers."""

import asyncio
from typing import Any

import numpy as np
import pytest

from askcam.features.timeline.errors import Overdue
from askcam.features.timeline.questions import WITHIN_S, Questions
from askcam.server.model import Model


class Silent:
    """An engine whose thread is stuck: a fault that the real one does not have at will."""

    def __init__(self) -> None:
        self.asked, self.cancelled = asyncio.Event(), list[int]()

    def ask(self, question: Any, on_event: Any) -> int:
        self.asked.set()
        return 1

    def cancel(self, ticket: int) -> None:
        self.cancelled.append(ticket)


async def test_what_is_not_answered_in_time_is_taken_back() -> None:
    engine: Any = Silent()
    model, now = Model("built-in"), 0.0
    model.ready(engine)
    questions = Questions(model, lambda: False, lambda: now)
    asking = asyncio.ensure_future(questions.ask("What is there?", [np.zeros((56, 56, 3), np.uint8)] * 2, 2.0))
    await engine.asked.wait()
    now = WITHIN_S
    with pytest.raises(Overdue, match="120 s"):
        await asyncio.wait_for(asking, 60)
    assert engine.cancelled == [1]
