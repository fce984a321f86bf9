"""Whoever is told of every answer once it is over: what a feature may keep, count or pass on."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from askcam.engine.interface import ModelInfo
from askcam.engine.question import Clip, Message, Text, Trace
from askcam.server.access.shares import NOBODY, ClientIdentity
from askcam.server.answers import Record
from askcam.stream.frame import Pixels
from askcam.stream.shot import Shot
from askcam.stream.window import View

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """All that is known of one answer at its end. Made on the event loop from references; nothing is copied."""

    record: Record
    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, Any], ...]
    trace: Trace | None  # what the model read, where an observer traces this answer
    tokens: tuple[int, ...]  # ... and said
    view: View | None
    shot: Shot | None  # the camera's newest picture when the question was taken up, likewise; to be converted yet
    model: ModelInfo
    may_be_kept: bool = True  # its asker has nothing against that
    client: ClientIdentity = NOBODY  # who asked

    def pixels(self) -> tuple[Pixels, ...]:
        """All that it keeps in memory, a picture perhaps twice."""
        seen = () if self.view is None else tuple(frame.pixels for frame in self.view.frames)
        parts = [part for message in self.messages for part in message.parts if not isinstance(part, Text)]
        attached = [pixels for part in parts for pixels in (part.frames if isinstance(part, Clip) else (part.pixels,))]
        return (*seen, *attached)


class Observer(Protocol):
    """Called on the event loop, which it must not hold up."""

    def traces(self, camera: str | None, may_be_kept: bool) -> bool:
        """Whether it wants to know how an answer about this camera comes about. `may_be_kept`: its asker has nothing
        against that."""

    def answered(self, answered: Answered) -> None:
        """An answer is over: to its end, or broken off."""


def tell(observers: Iterable[Observer], answered: Answered) -> None:
    """One that fails keeps nobody from hearing of it, and no answer from being given."""
    for observer in observers:
        try:
            observer.answered(answered)
        except Exception:
            log.exception("an observer of answers failed: %r", observer)
