"""When a shard renews, when it is taken for lost, and what one does that cannot renew. Pure: time comes in, in seconds.

A shard renews each second: it tells what it holds and hears what it is to hold. All of it, each time: so a message that
is lost, late, doubled or overtaken does no harm, and there is nothing to be caught up with.

**A camera has one owner**: the table names it, and a grant replaces it in one transaction. What remains is a shard that
does not know yet that it owns a camera no more. Two things bound that.

*The lease.* The front answers a renewal with a promise, and grants a shard's cameras to others no earlier than SILENT_S
after it received the last renewal that it promised upon. The shard counts from when it sent the last renewal whose
promise it heard, and lets go after LET_GO_S of cameras that can be opened only once. What was promised upon was sent
before it was received: so the shard lets go first, if its clock is slower than the front's by no more than a fifth
(LET_GO_S / SILENT_S). The front's restart begins all counts anew, and a leap of its clock counts for nothing (Steady):
both make it grant later only. Where renewals arrive and answers don't, promises end: after UNHEARD_S in which the shard
is not known to have heard anything.

*The fence.* A process that stands still (stopped, or its machine paused) keeps no lease. And a camera is granted at
once where its shard is said to be lost by who ought to know (what started it, a refused connection), which may be
wrong. So what a shard tells counts only under the epoch of its grant: table.py compares both in the transaction that
writes an event. A grant is written before anybody hears of it; so no event of an earlier owner is written after it, and
none of a later owner before.

Other cameras are held while the front cannot be reached. Was it the front that was away, nobody else was granted them,
and their events, which waited, count. Was it the shard, the fence refuses them, and it hears that it is to let go.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from askcam.server.errors import Invalid

RENEW_S = 1.0  # a shard renews so often
TICK_S = RENEW_S / 4  # the front looks so often who is silent: what it decides later, cameras wait longer
SILENT_S = 15.0  # of a shard that has nothing promised for so long others may have the cameras
LET_GO_S = 12.0  # a shard that has heard no promise for so long lets go of what can be opened only once
UNHEARD_S = 5.0  # a shard that has heard nothing for so long is promised nothing
LEAP_S = 5.0  # a longer step of the front's clock is its own standstill, not the shards' silence
LEAST_SILENT_S, MOST_SILENT_S = 2.0, 120.0  # that a front may be set to count
MAX_HOLDS = 1024  # cameras in one renewal
MAX_OPEN = 32  # renewals of one shard of which it isn't known yet whether their answers were heard; the oldest go


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """What a front and its shards count by, in seconds. All of them grow and shrink with `silent_s`: what is proven
    above rests on their proportions. Shards hear it when they join."""

    silent_s: float = SILENT_S

    @property
    def renew_s(self) -> float:
        return self._scaled(RENEW_S)

    @property
    def tick_s(self) -> float:
        return self._scaled(TICK_S)

    @property
    def let_go_s(self) -> float:
        return self._scaled(LET_GO_S)

    @property
    def unheard_s(self) -> float:
        return self._scaled(UNHEARD_S)

    @property
    def leap_s(self) -> float:
        return self._scaled(LEAP_S)

    def _scaled(self, usual_s: float) -> float:
        return usual_s * self.silent_s / SILENT_S


USUAL = LeaseTimes()


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a shard tells each second."""

    shard: str
    instance: str
    number: int  # 1, 2, ... of this instance
    heard: int  # the highest number whose answer it has heard; 0: none yet
    holds: Mapping[str, int]  # cameras with the epochs under which it has them

    def check(self) -> None:
        """Raise Invalid for one that no shard of ours sends."""
        if len(self.holds) > MAX_HOLDS:
            raise Invalid(f"shard {self.shard} tells of {len(self.holds)} cameras: {MAX_HOLDS} at most", "holds")
        if not 0 <= self.heard < self.number:
            told = f"shard {self.shard} has heard the answer to {self.heard} before it sent {self.number}"
            raise Invalid(f"{told}: number its renewals 1, 2, 3", "heard")


@dataclass(frozen=True, slots=True)
class Orders:
    """What a shard hears: the answer to a renewal, or to its joining (number 0)."""

    number: int
    hold: Mapping[str, int] | None  # all that it is to hold; None: what it said that it holds
    promised: bool = True
    rejoin: bool = False  # it isn't known any more, or was taken for lost: it is to join again, with what it holds


class Steady:
    """The front's clock without leaps: back is no step, and one of more than LEAP_S (nobody ran, so nobody was heard)
    is none either. To be asked at least every LEAP_S (`leap_s`), else no time passes. Owned by the Owners."""

    def __init__(self, raw_s: float, leap_s: float = LEAP_S) -> None:
        self._raw_s = self.now_s = raw_s
        self._leap_s = leap_s

    def at(self, raw_s: float) -> float:
        """Seconds, never less than before."""
        step = raw_s - self._raw_s
        self._raw_s = raw_s
        if 0.0 < step <= self._leap_s:
            self.now_s += step
        return self.now_s


@dataclass(slots=True)
class Pulse:
    """One shard's renewals, as the front sees them. Owned by the Owners."""

    promised_s: float  # when the last one was received that a promise was given upon; at first, when it joined
    heard_s: float  # when the newest one was received whose answer the shard is known to have heard
    timings: LeaseTimes = USUAL
    number: int = 0
    _received: dict[int, float] = field(default_factory=dict)

    def receive(self, number: int, heard: int, now_s: float) -> bool | None:
        """Whether a promise is given upon this renewal; None: a newer one was there already, it means nothing."""
        if number <= self.number:
            return None
        self.number = number
        self._received[number] = now_s
        known = [each for each in self._received if each <= heard]
        for each in known:
            self.heard_s = max(self.heard_s, self._received.pop(each))
        if len(self._received) > MAX_OPEN:
            del self._received[next(iter(self._received))]
        promised = now_s - self.heard_s <= self.timings.unheard_s
        if promised:
            self.promised_s = now_s
        return promised

    def silent(self, now_s: float) -> bool:
        return now_s - self.promised_s > self.timings.silent_s


@dataclass(frozen=True, slots=True)
class Steps:
    """What a shard has to do."""

    begin: Mapping[str, int]  # cameras, with their epochs; one that runs under another epoch begins anew
    end: tuple[str, ...]  # deliver what is still to be told of them, then let go: Lease.released()
    rejoin: bool = False


class Lease:
    """What a shard holds, and since when it was promised that. Owned by the shard's event loop; its own clock."""

    def __init__(self, shard: str, instance: str, now_s: float) -> None:
        self._shard, self._instance = shard, instance
        self.timings = USUAL  # until the front says otherwise
        self._promised_s = now_s
        self._number = self._heard = 0
        self._sent: dict[int, float] = {0: now_s}
        self._holds: dict[str, int] = {}
        self._ending: set[str] = set()

    @property
    def holds(self) -> Mapping[str, int]:
        """With those that are ending; what it joins with, too."""
        return self._holds

    def is_ending(self, camera: str) -> bool:
        """Whether it is to let go of it, and has not."""
        return camera in self._ending

    def joining(self, now_s: float) -> None:
        """It asks to join, now; the answer has number 0."""
        self._sent = {0: now_s}

    def renewal(self, now_s: float) -> Renewal:
        """To be sent now; one is due every RENEW_S."""
        self._number += 1
        self._sent[self._number] = now_s
        if len(self._sent) > MAX_OPEN:
            del self._sent[next(iter(self._sent))]
        return Renewal(self._shard, self._instance, self._number, self._heard, dict(self._holds))

    def hear(self, orders: Orders) -> Steps:
        """What follows from an answer; nothing from one that is older than another that was heard."""
        sent_s = self._sent.pop(orders.number, None)
        if sent_s is None:
            return Steps({}, ())
        self._heard = max(self._heard, orders.number)
        self._sent = {number: at for number, at in self._sent.items() if number > orders.number}
        if orders.rejoin:  # others may have its cameras by now
            self._promised_s = -math.inf
            return Steps({}, (), rejoin=True)
        if orders.promised:
            self._promised_s = max(self._promised_s, sent_s)
        if orders.hold is None:
            return Steps({}, ())
        hold = orders.hold
        begin = {
            camera: epoch
            for camera, epoch in (hold.items() if orders.promised else ())  # else others may be given them any moment
            if self._holds.get(camera) != epoch or camera in self._ending
        }
        end = tuple(camera for camera in self._holds if camera not in hold and camera not in self._ending)
        self._holds.update(begin)
        self._ending.difference_update(begin)
        self._ending.update(end)
        return Steps(begin, end)

    def released(self, camera: str) -> None:
        """It has let go of a camera: nothing of it runs, what was to be told was delivered or never will be."""
        self._holds.pop(camera, None)
        self._ending.discard(camera)

    def overdue(self, now_s: float, only_once: Collection[str]) -> tuple[str, ...]:
        """Which of `only_once`, the cameras that can be opened only once, it must let go of at once."""
        if now_s - self._promised_s <= self.timings.let_go_s:
            return ()
        return tuple(camera for camera in self._holds if camera in only_once)
