"""The last answers with the frames they saw, in memory: what can be looked at again by whoever knows an answer's id."""

import time
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from askcam.client.protocol import Saw
from askcam.engine.question import Reason, Timings, Usage
from askcam.server.access.shares import fullest
from askcam.server.errors import NotFound, Refusal
from askcam.server.given_names import quoted
from askcam.stream.frame import Frame, Pixels

MAX_ANSWERS = 100
MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One answer. `frames` are the very ones the model saw, in order, two per pair."""

    saw: Saw
    question: str
    text: str
    reason: Reason
    usage: Usage
    timings: Timings
    frames: tuple[Frame, ...] = ()
    created: float = field(default_factory=time.time)  # seconds since the epoch
    owner: str = ""  # who asked (access/viewer.py)

    @property
    def id(self) -> str:
        return self.saw.answer_id


class Answers:
    """At most `max_answers` answers, and `max_bytes` of pictures; beyond it the oldest of who holds most are dropped.

    Answers given from overlapping windows share frames, and a shared picture is counted once. An answer whose pictures
    alone are more than `max_bytes` is kept without them. Owned by the event loop.

    Ids are unguessable, and none are listed: so an answer about a private camera is read only by whom it was told to.
    """

    def __init__(self, max_answers: int = MAX_ANSWERS, max_bytes: int = MAX_BYTES) -> None:
        if max_answers < 0 or max_bytes < 0:
            raise ValueError(f"bounds are not negative: {max_answers} answers, {max_bytes} bytes")
        self._max_answers, self._max_bytes = max_answers, max_bytes
        self._records: OrderedDict[str, Record] = OrderedDict()
        self._owners: dict[str, str] = {}  # by answer
        self._uses: Counter[int] = Counter()  # by id() of the array that owns the memory
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._records)

    @property
    def num_bytes(self) -> int:
        """Of all pictures held."""
        return self._bytes

    def put(self, record: Record, of: str = "") -> None:
        """Keep a new answer, of that owner. What is beyond the bounds falls out: the oldest of the owner who holds
        most, so that nobody's answers are lost by what others ask."""
        assert record.id not in self._records, f"answer {record.id} is kept already"
        if sum(memory(record.frames).values()) > self._max_bytes:
            record = replace(record, frames=())
        self._records[record.id] = record
        self._owners[record.id] = of
        for owner, num_bytes in memory(record.frames).items():
            if self._uses[owner] == 0:
                self._bytes += num_bytes
            self._uses[owner] += 1
        while len(self._records) > self._max_answers or self._bytes > self._max_bytes:
            self._forget_oldest(by_bytes=len(self._records) <= self._max_answers)

    def get(self, answer_id: str) -> Record | None:
        """None when there never was such an answer, and when it has been dropped."""
        return self._records.get(answer_id)

    def _forget_oldest(self, *, by_bytes: bool) -> None:
        sizes: Counter[str] = Counter()
        for answer_id, record in self._records.items():
            sizes[self._owners[answer_id]] += sum(memory(record.frames).values()) if by_bytes else 1
        of = fullest(sizes)
        oldest = next(answer_id for answer_id in self._records if self._owners[answer_id] == of)
        del self._owners[oldest]
        record = self._records.pop(oldest)
        for owner, num_bytes in memory(record.frames).items():
            self._uses[owner] -= 1
            if self._uses[owner] == 0:
                del self._uses[owner]
                self._bytes -= num_bytes


def memory(frames: tuple[Frame, ...]) -> dict[int, int]:
    """id() -> bytes of every array that these frames keep alive; a frame may be a view into a larger picture."""
    return owners(frame.pixels for frame in frames)


def owners(arrays: Iterable[Pixels]) -> dict[int, int]:
    """The same for arrays."""
    found: dict[int, int] = {}
    for pixels in arrays:
        while isinstance(pixels.base, np.ndarray):
            pixels = pixels.base
        found[id(pixels)] = pixels.nbytes
    return found


def no_such_answer(answer_id: str, *, archived: bool) -> Refusal:
    """`archived`: answers are kept elsewhere, too."""
    where = "nor is its evidence" if archived else "only the last ones are, and none over a restart"
    return NotFound(f"no answer {quoted(answer_id)} is kept: {where}", "id")
