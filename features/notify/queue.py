"""The order in which one target gets its events, and when a failed one is tried again. Pure: time comes in.

Events go one after another in the order of their ids, each after the one before was taken. One that fails holds the
line and is tried again and again; once it has held it for HOLD_S while others wait it stands aside, with a schedule of
its own, so that a target which chokes on one event gets the others a minute later. A target that fails is let alone for
a while as a whole, whichever event it failed at. What stands aside and the head of the line then take turns.

Times are steady seconds. What is to outlive this life is in the Change that each call returns.
"""

from collections import deque
from dataclasses import dataclass, field
from random import Random

from askcam.features.notify.backoff import MAX_REST_S, wait_s

HOLD_S = 60.0
MAX_ASIDE = 2000  # events; then the line holds, and what is behind it waits in the events' own table


@dataclass(slots=True)
class WaitingDelivery:
    """An event that has failed at least once, or is sent again by hand."""

    event: int
    at_wall: float  # the event's own time, seconds since the epoch
    attempts: int
    tried_s: float  # from its first try until `as_of`; time in which no server ran does not count
    as_of: float
    next_at: float
    error: str
    first_wall: float  # of its first try, for people
    last_wall: float
    reached: frozenset[str] = frozenset()

    def age_s(self, now: float) -> float:
        return self.tried_s + max(0.0, now - self.as_of)


@dataclass(frozen=True, slots=True)
class QueueChange:
    """What is to be written down, in one transaction."""

    cursor: int  # events up to here have been taken, or wait in the table, or are not for this target
    over: int | None = None  # this event waits no more
    waiting: WaitingDelivery | None = None  # this one waits now; an own copy
    dead: bool = False  # `waiting` does not, it is given up
    delivered: bool = False


@dataclass(slots=True, eq=False)
class DeliveryQueue:
    """Owned by the target's task."""

    cursor: int  # of the newest event that was looked at
    give_up_s: float
    random: Random = field(default_factory=Random)
    disabled: bool = False
    ahead: deque[tuple[int, float]] = field(default_factory=deque)  # events not tried yet: id, seconds since the epoch
    waiting: dict[int, WaitingDelivery] = field(default_factory=dict)
    failures: int = 0  # in a row, of the target
    rest_until: float = 0.0
    _aside_next: bool = True

    @property
    def done(self) -> int:
        """The cursor that is true on disk: all up to there is taken care of."""
        return self.ahead[0][0] - 1 if self.ahead else self.cursor

    def next(self, now: float) -> int | None:
        """Which event to try now."""
        if self.disabled or now < self.rest_until:
            return None
        due = [each.event for each in self.waiting.values() if each.next_at <= now]
        fresh = self.ahead[0][0] if self.ahead and self._free_at(now) <= now else None
        if not due or fresh is None:
            return min(due, default=fresh)
        return min(due) if self._aside_next else fresh

    def wake_at(self, now: float) -> float | None:
        """When next() may have something; None: not before there is something new."""
        if self.disabled:
            return None
        moments = [each.next_at for each in self.waiting.values()]
        if self.ahead and len(self.waiting) < MAX_ASIDE:
            moments.append(self._free_at(now))
        return max(self.rest_until, min(moments)) if moments else None

    def _free_at(self, now: float) -> float:
        """When the head of the line may be tried."""
        if len(self.waiting) >= MAX_ASIDE:
            return float("inf")
        youngest = min((each.age_s(now) for each in self.waiting.values()), default=HOLD_S)
        return now + max(0.0, HOLD_S - youngest)

    # -- what came of it

    def took(self, event: int) -> QueueChange:
        """The target has it."""
        self.failures, self.rest_until = 0, 0.0
        return self._over(event, delivered=True)

    def vanished(self, event: int) -> QueueChange:
        """It is no longer kept, and cannot be sent."""
        return self._over(event, delivered=False)

    def _over(self, event: int, *, delivered: bool) -> QueueChange:
        waited = self.waiting.pop(event, None) is not None
        self._aside_next = not waited
        if not waited:
            self._forward(event)
        return QueueChange(self.done, over=event, delivered=delivered)

    def failed(
        self, event: int, now: float, wall: float, error: str, *, retry_after_s: float | None = None,
        reached: frozenset[str] = frozenset(),
    ) -> QueueChange:  # fmt: skip
        """It does not have it. `wall`: now, in seconds since the epoch."""
        one = self.waiting.pop(event, None)
        self._aside_next = one is None
        if one is None:
            one = WaitingDelivery(event, self._forward(event), 0, 0.0, now, now, "", wall, wall)
        one.tried_s, one.as_of, one.last_wall = one.age_s(now), now, wall
        one.attempts, one.error, one.reached = one.attempts + 1, error, one.reached | reached
        self.failures += 1
        wait, rest = wait_s(one.attempts, self.random), wait_s(self.failures, self.random, MAX_REST_S)
        if retry_after_s is not None:
            wait, rest = max(wait, retry_after_s), retry_after_s
        one.next_at, self.rest_until = now + wait, now + rest
        dead = one.tried_s >= self.give_up_s
        if not dead:
            self.waiting[event] = one
        return QueueChange(self.done, waiting=one, dead=dead)

    def _forward(self, event: int) -> float:
        """The head of the line was tried; returns when it happened."""
        head, at_wall = self.ahead.popleft()
        assert head == event, "events are tried in order"
        return at_wall

    def again(self, one: WaitingDelivery) -> None:
        """A dead letter that is sent again by hand: at once, and without holding up the others."""
        self.waiting[one.event] = one
        self.rest_until = 0.0

    def enable(self, now: float) -> None:
        """The target has said that it wants events again."""
        self.disabled, self.failures, self.rest_until = False, 0, 0.0
        for one in self.waiting.values():
            one.next_at = now
