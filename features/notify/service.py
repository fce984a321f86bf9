"""All targets of [notify]: each with a task of its own, over one outbox in the events' database."""

import asyncio
import hashlib
import logging
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import TypeVar

from askcam.client.deliveries import DeadLetter, DeliveryList, Retried, Tried
from askcam.features.events.errors import EventLogError
from askcam.features.events.store import EventStore
from askcam.features.events.subscribers import Readers
from askcam.features.events.thread import EventThread
from askcam.features.notify.errors import EventNotKept, NoSuchLetter, NoSuchTarget
from askcam.features.notify.letter import Letter, letter_name
from askcam.features.notify.outbox import Dead, KeptLetter, Outbox
from askcam.features.notify.push_services import Services
from askcam.features.notify.queue import HOLD_S, DeliveryQueue
from askcam.features.notify.sender import DeliveryFailed, DeliveryTaken, Sender
from askcam.features.notify.setting import NotifySetting
from askcam.features.notify.signing import read_secrets
from askcam.features.notify.status import standing
from askcam.features.notify.target import SteadyClock, Target
from askcam.features.notify.webhook import Webhook
from askcam.server.storage.thread import refused
from askcam.server.wire.moments import rfc3339

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_AT_ONCE = 8  # deliveries under way, one at most to each target
GRACE_S = 3.0  # at the end, for those


class Notifying:
    """Owned by the event loop. open() once the watches' store is open, close() before it is closed."""

    def __init__(
        self,
        keeping: EventThread,
        readers: Readers,
        settings: Mapping[str, NotifySetting],
        clock: SteadyClock | None = None,
    ) -> None:
        self._keeping, self._readers, self._settings = keeping, readers, dict(settings)
        self._clock = clock or SteadyClock()
        self._places = asyncio.Semaphore(MAX_AT_ONCE)
        self._targets: dict[str, Target] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._origin = ""

    def targets(self) -> Iterable[Target]:
        """Those that events are brought to."""
        return self._targets.values()

    def wall(self) -> float:
        """Now, seconds since the epoch."""
        return self._clock.wall()

    # -- life

    async def open(self) -> None:
        """Take up what an earlier life left, and begin. Raises WatchingError."""
        if not self._settings:
            return
        try:
            self._origin, kept = await self._keeping.do(self._take_up)
        except (sqlite3.Error, OSError) as exc:
            raise EventLogError(
                f"cannot keep what is to be delivered in {self._keeping.folder}: {exc}; name another folder under "
                "[watching]"
            ) from exc
        for name, setting in self._settings.items():
            self._targets[name] = self._target(name, setting, kept[name])
        self._readers.also(self._wake)
        self._tasks = [asyncio.create_task(target.run()) for target in self._targets.values()]

    def _take_up(self, store: EventStore) -> tuple[str, dict[str, KeptLetter]]:
        outbox, last = Outbox(store.db), store.last_id()
        origin, now, wall = outbox.open(), self._clock.steady(), self._clock.wall()
        return origin, {
            name: outbox.target(name, leads_to(setting), last, now, wall) for name, setting in self._settings.items()
        }

    def _target(self, name: str, setting: NotifySetting, kept: KeptLetter) -> Target:
        line = DeliveryQueue(
            kept.cursor, setting.give_up_s, Random(), kept.disabled is not None, waiting=dict(kept.waiting)
        )
        if kept.disabled is not None:
            log.error(
                "the target %r gets no events: %s; POST /v1/notify/%s/test tries it again", name, kept.disabled, name
            )
        return Target(
            name, setting, sender(setting), line, kept, self._origin, self._keeping, self._places, self._clock
        )

    async def close(self) -> None:
        """What is under way gets a moment; what is cut off is tried again in the next life."""
        for target in self._targets.values():
            target.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for target in self._targets.values():
            target.sender.close()

    def _wake(self) -> None:
        for target in self._targets.values():
            target.wake()

    # -- for admins

    async def list(self, name: str | None, before: int | None, limit: int) -> DeliveryList:
        """All targets, or one, and dead letters, newest first: ids below `before`. Raises Refusal."""
        targets = list(self._targets.values()) if name is None else [self._get(name)]
        dead: list[Dead] = []
        if self._targets:
            dead = await self._keep(lambda outbox: outbox.dead(name, before, limit + 1))
        now, wall = self._clock.steady(), self._clock.wall()
        data = [standing(target, now, wall) for target in targets]
        return DeliveryList(data, list(map(_letter, dead[:limit])), has_more=len(dead) > limit)

    async def retry(self, number: int) -> Retried:
        """One dead letter. Raises Refusal."""
        found = await self._keep(lambda outbox: outbox.one(number)) if self._targets else None
        if found is None or found.target not in self._targets:
            raise NoSuchLetter(number)
        event = found.event
        if await self._do(lambda store: store.event(event)) is None:
            raise EventNotKept(event)
        return await self._revive(self._get(found.target), number)

    async def retry_all(self, name: str) -> Retried:
        """All dead letters of a target. Raises Refusal."""
        return await self._revive(self._get(name), None)

    async def _revive(self, target: Target, number: int | None) -> Retried:
        now, wall = self._clock.steady(), self._clock.wall()
        letters = await self._keep(lambda outbox: outbox.revive(target.name, number, HOLD_S, now, wall))
        target.revive(letters)
        return Retried(target.name, len(letters))

    async def test(self, name: str) -> Tried:
        """Send a test, and say what came of it. Raises NoSuchTarget."""
        target, began = self._get(name), time.monotonic()
        letter = Letter(f"{letter_name(name, self._origin, 0)}-{secrets.token_hex(4)}", rfc3339(time.time()), None)
        outcome = await target.test(letter)
        error = outcome.error if isinstance(outcome, DeliveryFailed) else None
        return Tried(name, isinstance(outcome, DeliveryTaken), error, round((time.monotonic() - began) * 1000, 1))

    def _get(self, name: str) -> Target:
        target = self._targets.get(name)
        if target is None:
            raise NoSuchTarget(name, self._targets)
        return target

    async def _keep(self, work: Callable[[Outbox], T]) -> T:
        return await self._do(lambda store: work(Outbox(store.db)))

    async def _do(self, work: Callable[[EventStore], T]) -> T:
        """Raises Refusal."""
        try:
            return await self._keeping.do(work)
        except (sqlite3.Error, OSError) as exc:
            raise refused(exc, "the events' database", "watching_failure") from exc


def sender(setting: NotifySetting) -> Sender:
    place = setting.place
    if place is not None:
        return Webhook(place, read_secrets(setting.secret), setting.timeout_s)
    return Services(setting.apprise, setting.timeout_s, setting.language)


def leads_to(setting: NotifySetting) -> str:
    """What stands on disk for where a target leads: it may hold secrets."""
    return hashlib.sha256("\n".join((setting.webhook or "", *sorted(setting.apprise))).encode()).hexdigest()[:16]


def _letter(dead: Dead) -> DeadLetter:
    return DeadLetter(
        id=dead.id,
        target=dead.target,
        event=dead.event,
        at=rfc3339(dead.at),
        attempts=dead.attempts,
        error=dead.error,
        first_try_at=rfc3339(dead.first_at),
        last_try_at=rfc3339(dead.last_at),
    )
