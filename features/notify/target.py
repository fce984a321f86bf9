"""The task of one target: the next event, one try, and what came of it on the disk before anything else."""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from askcam.client.watches import WatchEvent
from askcam.features.events.judged import JudgedEvents, judged
from askcam.features.events.store import EventStore
from askcam.features.events.thread import EventThread
from askcam.features.notify.letter import Letter, letter_name
from askcam.features.notify.outbox import KeptLetter, Outbox
from askcam.features.notify.queue import DeliveryQueue, QueueChange, WaitingDelivery
from askcam.features.notify.sender import DeliveryFailed, DeliveryTaken, Outcome, Sender
from askcam.features.notify.setting import NotifySetting

log = logging.getLogger(__name__)

T = TypeVar("T")

BATCH = 200  # events that are looked at together
MAX_AHEAD = 1000  # events that wait for their first try in memory; the others wait on the disk
AGAIN_S = 2.0  # after the database refused, and while the front is waited for
LOOK_S = 60.0  # the database is looked at now and then, even when nobody told of an event


@dataclass(frozen=True, slots=True)
class SteadyClock:
    steady: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


class Target:
    """Owned by the event loop; run() is its one task."""

    def __init__(
        self,
        name: str,
        setting: NotifySetting,
        sender: Sender,
        line: DeliveryQueue,
        kept: KeptLetter,
        origin: str,
        keeping: EventThread,
        places: asyncio.Semaphore,
        clock: SteadyClock,
    ) -> None:
        """`origin`: the database's name. `places`: how many deliveries of all targets may be under way."""
        self.name, self.setting, self.sender, self.line, self._origin = name, setting, sender, line, origin
        self._keeping, self._places, self._clock = keeping, places, clock
        self._new = asyncio.Event()
        self._new.set()
        self._ending = False
        self._unjudged = False  # there are events of which the front has not said whether they count
        self._last = line.cursor  # event there ever was
        self.disabled = kept.disabled
        self.num_dead = kept.num_dead
        newest = max(kept.waiting.values(), key=lambda each: each.last_wall, default=None)
        self.last_success = kept.last_success
        self.last_error = kept.disabled if newest is None else newest.error
        self.last_error_at = None if newest is None else newest.last_wall
        self.counts: Counter[str] = Counter()  # by outcome

    # -- what is told of it

    @property
    def pending(self) -> int:
        """Events that wait. Those not looked at yet are all counted, though some may not be for this target."""
        return len(self.line.waiting) + len(self.line.ahead) + max(0, self._last - self.line.cursor)

    @property
    def oldest_pending(self) -> float | None:
        """When it happened, in seconds since the epoch."""
        waiting = [each.at_wall for each in self.line.waiting.values()]
        return min([*waiting, *(at for _, at in list(self.line.ahead)[:1])], default=None)

    def wake(self) -> None:
        """There may be something new."""
        self._new.set()

    def stop(self) -> None:
        """Begin nothing more."""
        self._ending = True
        self.wake()

    # -- the task

    async def run(self) -> None:
        """Until it is cancelled, or stop() was called and what is under way is done."""
        while not self._ending:
            try:
                await self._turn()
            except (sqlite3.Error, OSError) as exc:
                log.error("the target %r waits: the events' database refuses (%s)", self.name, exc)
                await asyncio.sleep(AGAIN_S)
            except Exception:  # one bad moment must not keep all later events from the target
                log.exception("something unforeseen while delivering to %r; it goes on", self.name)
                await asyncio.sleep(AGAIN_S)

    async def _turn(self) -> None:
        self._new.clear()
        await self._look_ahead()
        number = self.line.next(self._clock.steady())
        if number is None:
            await self._idle()
            return
        async with self._places:
            await self._try(number)

    async def _idle(self) -> None:
        """Until something is due, or new."""
        now = self._clock.steady()
        at = self.line.wake_at(now)
        look_s = AGAIN_S if self._unjudged else LOOK_S
        wait = look_s if at is None else min(look_s, max(0.0, at - now))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._new.wait()

    async def _look_ahead(self) -> None:
        """Take up events that have come, and let those be that are not for this target."""
        line = self.line
        done = line.done
        while len(line.ahead) < MAX_AHEAD:
            news = await self._do(self._read)
            self._last = news.last
            kept_from = news.first if news.first is not None else news.last + 1
            if kept_from > line.cursor + 1:
                self._missed(kept_from - line.cursor - 1)
                line.cursor = kept_from - 1
            self._unjudged = news.unjudged
            new = [each for each in news.events if each.id > line.cursor and self.setting.wants(each)]
            wanted = [each for each in new if each.id not in news.fenced]
            self.counts["fenced"] += len(new) - len(wanted)
            line.ahead.extend((each.id, seconds(each.at)) for each in wanted)
            line.cursor = max([line.cursor, *(each.id for each in news.events)])
            if len(news.events) < BATCH:
                break
        if line.done != done:
            await self._write(QueueChange(line.done))

    def _read(self, store: EventStore) -> JudgedEvents:
        return judged(store, self.line.cursor, BATCH, self._clock.wall())

    def _missed(self, count: int) -> None:
        self.counts["expired"] += count
        log.error(
            "%d events were removed before %r took them: mend it, or raise max_events under [watching]",
            count,
            self.name,
        )

    async def _try(self, number: int) -> None:
        letter = await self._letter(number)
        if letter is None:
            self._missed(1)
            await self._write(self.line.vanished(number))
            return
        outcome = await self._send(letter)
        now, wall = self._clock.steady(), self._clock.wall()
        match outcome:
            case DeliveryTaken():
                self.counts["delivered"] += 1
                self.last_success = wall
                change = self.line.took(number)
            case DeliveryFailed(error, retry_after_s, gone, reached):
                self.last_error, self.last_error_at = error, wall
                change = self.line.failed(number, now, wall, error, retry_after_s=retry_after_s, reached=reached)
                self._tell_failure(number, error, dead=change.dead)
                if gone:
                    await self._disable(error)
        await self._write(change)

    async def _send(self, letter: Letter) -> Outcome:
        try:
            return await self.sender.send(letter)
        except Exception as exc:  # a fault of ours at one event must not hold up the others for ever
            log.exception("something unforeseen while sending to %r", self.name)
            return DeliveryFailed(f"it failed here, with {type(exc).__name__}; the server's log has the cause")

    def _tell_failure(self, number: int, error: str, *, dead: bool) -> None:
        self.counts["failed"] += 1
        if dead:
            self.counts["dead"] += 1
            self.num_dead += 1
            log.error("event %d is a dead letter: the target %r has not taken it, %s", number, self.name, error)
        elif self.line.failures == 1:  # then it is told once, not at each try
            log.warning("event %d is not delivered to %r yet: %s", number, self.name, error)

    async def _letter(self, number: int) -> Letter | None:
        """None: the event is no longer kept."""

        def read(store: EventStore) -> tuple[WatchEvent | None, bytes | None]:
            return store.event(number), store.pictures.picture(number) if self.setting.with_picture else None

        event, jpeg = await self._do(read)
        if event is None:
            return None
        waited = self.line.waiting.get(number)
        reached = frozenset[str]() if waited is None else waited.reached
        return Letter(letter_name(self.name, self._origin, number), event.at, event, jpeg, reached)

    # -- by hand

    async def test(self, letter: Letter) -> Outcome:
        """Send a test now; if it is taken, a target that had been disabled gets its events again."""
        async with self._places:
            outcome = await self._send(letter)
        if isinstance(outcome, DeliveryTaken) and self.disabled is not None:
            await self._keep(lambda outbox: outbox.disable(self.name, None))
            self.disabled = None
            self.line.enable(self._clock.steady())
            self.wake()
        return outcome

    def revive(self, letters: list[WaitingDelivery]) -> None:
        """Dead letters that wait again on the disk."""
        for one in letters:
            self.line.again(one)
        self.num_dead -= len(letters)
        self.wake()

    # -- the disk

    async def _disable(self, why: str) -> None:
        self.disabled, self.line.disabled = why, True
        log.error(
            "the target %r gets no more events: %s. They are kept; after POST /v1/notify/%s/test succeeds it gets them",
            self.name,
            why,
            self.name,
        )
        await self._keep(lambda outbox: outbox.disable(self.name, why))

    async def _write(self, change: QueueChange) -> None:
        """Nothing else is tried until it is written."""
        now, wall = self._clock.steady(), self._clock.wall()
        dropped = await self._keep(lambda outbox: outbox.write(self.name, change, now, wall))
        if dropped:
            self.num_dead -= dropped
            self.counts["dropped"] += dropped
            log.error("%d dead letters of %r are removed: there are too many", dropped, self.name)

    async def _keep(self, work: Callable[[Outbox], T]) -> T:
        """Carry `work` out, however long the database refuses."""
        while True:
            try:
                return await self._do(lambda store: work(Outbox(store.db)))
            except (sqlite3.Error, OSError) as exc:
                log.error("what came of a delivery to %r cannot be kept now (%s): it waits", self.name, exc)
                await asyncio.sleep(AGAIN_S)

    async def _do(self, work: Callable[[EventStore], T]) -> T:
        return await self._keeping.do(work)


def seconds(at: str) -> float:
    """RFC 3339 as seconds since the epoch."""
    return datetime.fromisoformat(at).timestamp()
