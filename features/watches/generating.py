"""Watches whose answers are generated: what is due is asked one at a time, after everybody's questions.

A question goes first as long as one waits or is being answered, and a generation that has waited for PATIENCE_S goes
all the same: the live engine gives each answer's tokens in the same passes, so that it slows nobody down much then.
Slots that pass meanwhile are skipped and counted.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from askcam.engine.errors import Busy, EngineError
from askcam.engine.question import Event, Failed, Finished, Message, Question, Role, Sampling, Started, Text
from askcam.features.watches.store import Place
from askcam.features.watches.text_post import TextPost
from askcam.features.watches.timetable import Timetable
from askcam.server.cameras import Cameras
from askcam.server.errors import Refusal
from askcam.server.model import Model
from askcam.server.threads import on_loop
from askcam.stream.shot import Shot
from askcam.stream.window import View

MAX_TOKENS = 48  # of one answer
PATIENCE_S = 10.0
LOOK_S = 0.25  # how often it is tried again while others are answered


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """How one generation ended. `view` None: it never began."""

    post: TextPost
    event: Finished | Failed
    view: View | None
    shots: tuple[Shot | None, ...]  # newest pictures from before and after


class Generating:
    """Owned by the event loop."""

    def __init__(self, model: Model, cameras: Cameras, late: Callable[[float], None], max_age_s: float | None) -> None:
        self._model, self._cameras, self._late, self._max_age_s = model, cameras, late, max_age_s
        self._posts: dict[Place, TextPost] = {}
        self._table: Timetable[Place] = Timetable()
        self._ticket: int | None = None  # under way
        self.outcomes: Counter[str] = Counter()

    @property
    def skipped(self) -> int:
        """Slots that passed while others were answered."""
        return self._table.skipped

    def put(self, post: TextPost, now: float) -> None:
        """Ask from now on; instead of the same watch's earlier post at that camera."""
        self._posts[post.name, post.camera] = post
        self._table.put((post.name, post.camera), post.setting.every_s, now)

    def drop(self, place: Place) -> None:
        self._posts.pop(place, None)
        self._table.drop(place)

    def step(self, now: float, scorings: int, hear: Callable[[Said], None]) -> None:
        """Ask what is due, if it may be asked now. `scorings` are under way for watches; `hear` is called on this
        event loop, once for each call that began something."""
        due = self._table.due(now)
        if self._ticket is not None or not due:
            return
        place, late_s = due[0]
        stats = self._model.engine.stats()
        if stats.waiting + stats.answering > scorings and late_s < PATIENCE_S:
            return
        self._late(late_s)
        self._table.begun(place, now)
        self._ask(self._posts[place], hear)

    def next(self, now: float) -> float | None:
        """When step() may find something; None: not before a result came."""
        due = self._table.next()
        return None if self._ticket is not None or due is None else due if due > now else now + LOOK_S

    def over(self, said: Said) -> bool:
        """A result is here: the next one may be asked for. Whether its watch still wants it."""
        self._ticket = None
        match said.event:
            case Failed():
                self.outcomes["failed"] += 1
            case Finished(reason) if reason.value == "cancelled":
                self.outcomes["cancelled"] += 1
                return False
            case _:
                self.outcomes["answered"] += 1
        return self._posts.get((said.post.name, said.post.camera)) is said.post

    def close(self) -> None:
        """Nothing is asked any more."""
        if self._ticket is not None and self._model.loaded:
            self._model.engine.cancel(self._ticket)

    def _ask(self, post: TextPost, hear: Callable[[Said], None]) -> None:
        question = Question(
            (Message(Role.USER, (Text(post.setting.question),)),),
            post.camera,
            Sampling(max_tokens=MAX_TOKENS, temperature=0.0),
            max_age_s=self._max_age_s,
            window_s=post.setting.window_s,
            known_only=True,
        )
        try:
            heard = self._hearing(post, hear)
            self._ticket = self._model.engine.ask(question, heard)
        except (Refusal, EngineError) as exc:
            self.outcomes["busy" if isinstance(exc, Busy) else "refused"] += 1
            if not isinstance(exc, Busy):  # a busy engine says nothing about the camera: the next slot will tell
                post.miss(str(exc), time.monotonic(), time.time())

    def _hearing(self, post: TextPost, hear: Callable[[Said], None]) -> Callable[[Event], None]:
        """What takes the events over from the engine's thread."""
        over, camera = on_loop(hear), self._cameras.get(post.camera)
        before, view = camera.shot(), None

        def on_event(event: Event) -> None:
            nonlocal view
            if isinstance(event, Started):
                view = event.view
            elif isinstance(event, Finished | Failed):
                over(Said(post, event, view, (before, camera.shot())))

        return on_event
