"""Answers that can be looked at again, wherever they are kept: in memory, or by a feature for longer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from askcam.client.protocol import Saw
from askcam.engine.question import Reason, Timings, Usage
from askcam.stream.frame import AgeBasis


@dataclass(frozen=True, slots=True)
class KeptFrame:
    """One frame that an answer saw."""

    wall: float  # capture time in seconds since the epoch
    before_s: float  # seconds before the newest one, on a steady clock
    basis: AgeBasis
    width: int
    height: int
    jpeg: Callable[[], bytes]  # blocks; any thread. Raises CannotRead


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """One answer."""

    id: str
    created: float  # seconds since the epoch
    saw: Saw
    question: str
    text: str
    reason: Reason
    usage: Usage
    timings: Timings
    frames: tuple[KeptFrame, ...]  # in order
    owner: str = ""  # who asked (access/viewer.py); "": that is not known any more


class Archive(Protocol):
    """Where answers are kept when they have left the memory."""

    def get(self, answer_id: str) -> KeptAnswer | None:
        """None: it is not there. Blocks shortly; any thread. Raises CannotRead."""
