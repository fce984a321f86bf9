"""Events of the front's cameras on their way to the front: each until it is known to be on its disk, oldest first.

They lie in this server's own database, where they were written before anybody heard of them, and wait there for as
long as the front is away.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from askcam.cluster.messages import DeliveredEvent, DeliverEvents, EventReceipts, delivery_id
from askcam.cluster.shard.front import FrontAway, FrontLink, FrontRefuses
from askcam.cluster.store import MAX_DELIVERIES, MAX_DOCUMENT, Fate
from askcam.server.errors import Refusal
from askcam.server.owed_events import OwedEvent, OwedEvents

LOOK_S = 1.0  # between two looks at what is owed, if nobody says that there is something new
WITHIN_S = 10.0  # for the front's answer
AGAIN_S, LONGEST_S = 0.25, 5.0  # before it is tried again: the longer, the more often it was in vain
MAX_BYTES = 384 << 10  # of one request's events
NOT_TAKEN = "not_taken"  # what becomes of an event that the front would not take however often it is told
REFUSED_FOR_GOOD = (400, 413, 422)

WHY = {
    Fate.FENCED: "it had given the camera to another server",
    Fate.REUSED: "it has another event under that number",
    NOT_TAKEN: "it is larger than a front takes, or not as it takes one",
}

log = logging.getLogger(__name__)


class Delivering:
    """Owned by the event loop."""

    def __init__(self, front: FrontLink, owed: OwedEvents, shard: str, instance: str) -> None:
        self._front, self._owed, self._shard, self._instance = front, owed, shard, instance
        self._new = asyncio.Event()
        self._looked = asyncio.Event()  # replaced after each look
        self._most = MAX_DELIVERIES  # of one request; 1 while it is found out which of them is refused
        self.fates: Counter[str] = Counter()  # of events: Fate, or NOT_TAKEN
        owed.wake(self._new.set)

    async def run(self) -> None:
        """While the front knows this server; until it is cancelled."""
        wait_s, said = AGAIN_S, ""
        while True:
            try:
                while await self._deliver():
                    pass
                wait_s, said = AGAIN_S, ""
            except (FrontAway, FrontRefuses, Refusal) as exc:
                why = exc.message if isinstance(exc, Refusal) else str(exc)
                if why != said:
                    log.warning("events are not delivered to the front %s: %s; they wait", self._front.url, why)
                    said = why
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, LONGEST_S)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._new.wait()

    async def emptied(self, camera: str | None, within_s: float) -> None:
        """All events of this camera, or of all, are at the front, or `within_s` is over."""
        with contextlib.suppress(TimeoutError, Refusal):
            async with asyncio.timeout(within_s):
                while await self._owed.num_owed(camera):
                    looked = self._looked
                    self._new.set()
                    await looked.wait()

    async def _deliver(self) -> bool:
        """Some of what is owed; whether there may be more. Raises FrontAway, FrontRefuses, Refusal."""
        self._new.clear()
        try:
            owed = list(_together(await self._owed.owed(self._most)))
            if not owed:
                return False
            origin = await self._owed.origin()
            taken = [each for each in owed if _fits(each)]
            fates = await self._fates([_delivered(origin, each) for each in taken]) if taken else {}
            self._count(owed, origin, fates)
            fenced = {each.number for each in taken if fates.get(delivery_id(origin, each.number)) == Fate.FENCED}
            await self._owed.settled(owed, fenced)
            self._most = MAX_DELIVERIES
            return True
        finally:
            looked, self._looked = self._looked, asyncio.Event()
            looked.set()

    async def _fates(self, events: list[DeliveredEvent]) -> dict[str, str]:
        """By the event's id. Raises FrontAway, FrontRefuses."""
        try:
            told: EventReceipts = await self._front.deliver(
                DeliverEvents(self._shard, self._instance, events), WITHIN_S
            )
        except FrontRefuses as exc:
            if exc.status not in REFUSED_FOR_GOOD:
                raise
            if len(events) == 1:
                log.error("the front %s will not have event %s: %s", self._front.url, events[0].id, exc)
                return {}
            self._most = 1
            raise
        fates = {receipt.id: receipt.fate for receipt in told.receipts}
        if fates.keys() != {event.id for event in events}:
            raise FrontAway(f"{self._front.url} has not said what became of each event")
        return fates

    def _count(self, owed: Sequence[OwedEvent], origin: str, fates: dict[str, str]) -> None:
        for each in owed:
            if each.document is None:
                continue
            fate = fates.get(delivery_id(origin, each.number), NOT_TAKEN)
            self.fates[fate] += 1
            if fate in WHY:
                log.warning(
                    "event %d of camera %s does not count at the front: %s", each.number, each.camera, WHY[fate]
                )


def _together(owed: Iterable[OwedEvent]) -> Iterable[OwedEvent]:
    """As many, from the first one on, as go into one request. The first one always does."""
    num_bytes = 0
    for number, each in enumerate(owed):
        num_bytes += len(each.document or b"") + len(each.after) + 400
        if number and num_bytes > MAX_BYTES:
            return
        yield each


def _fits(event: OwedEvent) -> bool:
    return max(len(event.document or b""), len(event.after)) <= MAX_DOCUMENT


def _delivered(origin: str, event: OwedEvent) -> DeliveredEvent:
    return DeliveredEvent(
        id=delivery_id(origin, event.number),
        camera=event.camera,
        epoch=event.epoch,
        watch=event.watch,
        kind=event.kind,
        severity=event.severity,
        at=event.at,
        event=msgspec.UNSET if event.document is None else msgspec.Raw(event.document),
        after=msgspec.Raw(event.after),
    )
