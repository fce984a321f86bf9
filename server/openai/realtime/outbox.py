"""What is on its way to one realtime client, and what was sent lately, to be sent again if it did not arrive."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from askcam.server.errors import Gone
from askcam.server.given_names import quoted

MAX_WAITING = 1 << 20  # characters not sent yet
MAX_KEPT = 2 << 20  # characters sent, kept to be sent again
MAX_EVENTS = 4096  # sent, and kept
KEEP_S = 60.0  # a connection that lives so long after an event was sent has delivered it


@dataclass(slots=True)
class _Event:
    id: str
    message: str
    sent: float = 0.0


class SocketOutbox:
    """Events in order. Owned by the event loop; one task at a time takes them out.

    What waits is bounded by waiting: whoever puts events in then awaits room(), and gets no further while `max_waiting`
    characters wait. Putting is not a coroutine, so that the events of one step stay together. What was sent is kept for
    `keep_s`, and at most `max_kept` characters and `max_events` of it; then the oldest go.
    """

    def __init__(
        self,
        max_waiting: int = MAX_WAITING,
        *,
        max_kept: int = MAX_KEPT,
        max_events: int = MAX_EVENTS,
        keep_s: float = KEEP_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_waiting, self._max_kept, self._max_events = max_waiting, max_kept, max_events
        self._keep_s, self._clock = keep_s, clock
        self._sent: deque[_Event] = deque()
        self._waiting: deque[_Event] = deque()
        self._sent_size = self._waiting_size = 0
        self._gone: str | None = None  # id of the newest event that is not kept any more
        self._told: tuple[str, str | None] | None = None  # id of the newest session.resumed, and what was gone then
        self._some, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()

    @property
    def full(self) -> bool:
        return not self._room.is_set()

    def put(self, event_id: str, message: str) -> None:
        self._waiting.append(_Event(event_id, message))
        self._waiting_size += len(message)
        self._some.set()
        if self._waiting_size >= self._max_waiting:
            self._room.clear()

    async def get(self) -> str:
        """The oldest event that was not sent; it counts as sent from now on. Waits for one."""
        while not self._waiting:
            self._some.clear()
            await self._some.wait()
        event = self._waiting.popleft()
        self._waiting_size -= len(event.message)
        event.sent = self._clock()
        self._sent.append(event)
        self._sent_size += len(event.message)
        self._shrink(event.sent)
        if self._waiting_size < self._max_waiting:
            self._room.set()
        return event.message

    async def room(self) -> None:
        """Wait until less than the bound is waiting."""
        await self._room.wait()

    def missed(self, after: str | None) -> int:
        """How many events the client has not got, when `after` is the id of the last one that it has; None: none yet.

        Raises Refusal 410 `resume_gap` when some of them are not kept any more.
        """
        return len(self._sent) + len(self._waiting) - self._place(after)

    def rewind(self, after: str | None, resumed_id: str) -> None:
        """All that missed() counts is to be sent again, and what is before it is forgotten; raises as missed() does.

        `resumed_id`: of the event that tells the client so. It may come back as `after`, and then means the same.
        """
        for _ in range(self._place(after)):
            event = self._sent.popleft()
            self._gone = event.id
        self._told = (resumed_id, self._gone)
        self._waiting.extendleft(reversed(self._sent))
        self._sent.clear()
        self._sent_size = 0
        self._waiting_size = sum(len(event.message) for event in self._waiting)
        if self._waiting:
            self._some.set()
        if self._waiting_size < self._max_waiting:
            self._room.set()
        else:
            self._room.clear()

    def _place(self, after: str | None) -> int:
        """How many of the events that were sent the client has got."""
        if self._told is not None and after == self._told[0]:
            after = self._told[1]
        if after == self._gone:
            return 0
        for place, event in enumerate(self._sent):
            if event.id == after:
                return place + 1
        raise Gone(
            f"events behind {quoted(after)} are not kept any more: connect without ?session= and begin anew"
            if after is not None
            else "the first events are not kept any more: say with ?after= which event was the last to arrive",
            param="after",
            code="resume_gap",
        )

    def _shrink(self, now: float) -> None:
        while self._sent and (
            self._sent_size > self._max_kept
            or len(self._sent) > self._max_events
            or now - self._sent[0].sent > self._keep_s
        ):
            event = self._sent.popleft()
            self._sent_size -= len(event.message)
            self._gone = event.id
