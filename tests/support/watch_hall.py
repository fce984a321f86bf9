"""Watches over the real engine, the built-in model and synthetic cameras, without a server around them."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from askcam.engine.errors import Busy
from askcam.engine.interface import Engine, Grammar
from askcam.engine.question import Event, Question, Scored, ScoreEvent, Text
from askcam.features.events.config import EventBounds
from askcam.features.events.service import EventLog
from askcam.features.events.thread import EventThread
from askcam.features.watches.service import Watching
from askcam.server.access.limits import Limits
from askcam.server.cameras import Cameras
from askcam.server.metrics import Metrics
from askcam.server.model import Model
from askcam.server.models import Models
from askcam.stream.sources.registry import resolve

SEEDS = {"one": 3, "two": 4}
WAIT_S = 180.0  # readings come one after the other, on a machine that others use


class Heard:
    """The real engine, and what was scored on it."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._lock = engine, threading.Lock()
        self.scorings: list[tuple[str | None, int]] = []  # camera, number of questions
        self.results: list[tuple[tuple[str, ...], Scored]] = []
        self.seen: list[dict[float | None, int]] = []  # of each scoring: how far back, and so many pairs were seen
        self.under_way: dict[str | None, int] = {}
        self.most = 0  # under way at once on one camera
        self.busy = False
        self.says: dict[
            str, dict[str, float]
        ] = {}  # by how the question begins: what is to be read instead of its probabilities
        self.asked: list[tuple[str, int]] = []  # answers asked for: their question, and how many others were under way

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def score(
        self, questions: Sequence[Question], choices: Sequence[str], on_event: Callable[[ScoreEvent], None]
    ) -> int:
        if self.busy:
            raise Busy(1, 1.0)
        camera = questions[0].camera
        with self._lock:
            self.scorings.append((camera, len(questions)))
            self.under_way[camera] = self.under_way.get(camera, 0) + 1
            self.most = max(self.most, self.under_way[camera])

        def hear(event: ScoreEvent) -> None:
            with self._lock:
                self.under_way[camera] -= 1
            if isinstance(event, Scored):
                sights = zip(questions, event.views, strict=True)
                self.seen.append({one.window_s: len(view.pairs) for one, view in sights if view is not None})
                event = self._said(questions, choices, event)
                self.results.append((tuple(choices), event))
            on_event(event)

        return self._engine.score(questions, choices, hear)

    def _said(self, questions: Sequence[Question], choices: Sequence[str], event: Scored) -> Scored:
        rows = []
        for question, row in zip(questions, event.probabilities, strict=True):
            asked = text_of(question)
            said = next((said for begun, said in self.says.items() if asked.startswith(begun)), None)
            rows.append(row if said is None else tuple(said.get(choice, 0.0) for choice in choices))
        return replace(event, probabilities=tuple(rows))

    def ask(self, question: Question, on_event: Callable[[Event], None], grammar: Grammar | None = None) -> int:
        stats = self._engine.stats()
        self.asked.append((text_of(question), stats.waiting + stats.answering))
        return self._engine.ask(question, on_event, grammar)


def text_of(question: Question) -> str:
    (part,) = question.messages[-1].parts
    assert isinstance(part, Text)
    return part.text


@asynccontextmanager
async def open_hall(
    engine: Engine, folder: Path, metrics: Metrics | None = None
) -> AsyncIterator[tuple[Heard, Watching, EventLog]]:
    """Two synthetic cameras that are watched by nobody yet."""
    heard, model = Heard(engine), Model("built-in")
    cameras = Cameras(Models(model), Limits(), resolve)
    model.ready(heard)
    events = EventLog(EventThread(folder, EventBounds()))
    watching = Watching(events, cameras, {})
    (metrics or Metrics(cameras.all)).register(*watching.collectors)
    await events.open()
    for name, seed in SEEDS.items():
        cameras.add(name, f"synthetic:{seed}")
    await watching.begin()
    yield heard, watching, events
    await watching.close()
    await events.close()
    await cameras.close()


async def come_true(found: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not found():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.02)
