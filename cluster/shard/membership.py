"""A shard's life at its front: it joins, renews each second, does as it is told, and leaves.

While the front is away it goes on with what it has, but for cameras that can be opened only once: these it lets go of
before the front may have given them to others (cluster/renewal.py).
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec

from askcam.cluster.messages import JoinShard, LeaveShard, RenewShard, ShardOrders
from askcam.cluster.renewal import LEAST_SILENT_S, MOST_SILENT_S, Lease, LeaseTimes, Steps
from askcam.cluster.shard.front import FrontAway, FrontLink, FrontRefuses
from askcam.cluster.shard.holding import HeldCameras

JOIN_S = 15.0  # for the answer to joining: the front looks at this server first
LEAVE_S = 5.0
FIRST_S, LONGEST_S = 0.5, 5.0  # before it tries to join again; a part of it by chance, so that not all come at once
MAX_UNDER_WAY = 8  # renewals that are not answered

Emptied = Callable[[str, float], Awaitable[None]]

log = logging.getLogger(__name__)


class Membership:
    """Owned by the event loop. `clock`: steady, in seconds."""

    def __init__(
        self,
        front: FrontLink,
        shard: Callable[[], JoinShard],
        cameras: HeldCameras,
        clock: Callable[[], float] = time.monotonic,
        emptied: Emptied | None = None,
    ) -> None:
        """`shard`: what it tells of itself now; its `holds` are put in here. `emptied`: waits until the front has what
        is to be told of a camera, no longer than so many seconds."""
        self._front, self._shard, self._cameras, self._clock = front, shard, cameras, clock
        self._emptied = emptied
        self._told = shard()
        self.lease = Lease(self._told.name, self._told.instance, clock())
        self.joined = False
        self._rejoin = asyncio.Event()
        self._under_way = 0
        self._said = ""  # why the front is not heard, as the log has it
        self._work: set[asyncio.Task[None]] = set()  # cameras that begin and end
        self._overdue: set[str] = set()  # that are being let go of
        self._trying: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            while True:
                await self._join()
                await self._renew_until_told_to_rejoin()
        finally:
            for task in self._work:
                task.cancel()
            await asyncio.gather(*self._work, return_exceptions=True)

    async def leave(self) -> None:
        """It ends: others may have its cameras at once."""
        if self.joined:
            self.joined = False
            with contextlib.suppress(FrontAway, FrontRefuses):
                await self._front.leave(LeaveShard(self._told.name, self._told.instance), LEAVE_S)

    # -- joining

    async def _join(self) -> None:
        """However long it takes; what hinders it is told once."""
        wait_s = FIRST_S
        while True:
            self._told = msgspec.structs.replace(self._shard(), holds=dict(self.lease.holds))
            self.lease.joining(self._clock())
            try:
                self._obey(await self._front.join(self._told, JOIN_S))
            except (FrontAway, FrontRefuses) as exc:
                self._hinders(f"front {self._front.url} is not joined: {exc}; it is tried again")
            else:
                break
            wait_s = min(2 * wait_s, LONGEST_S)
            deadline_s = self._clock() + wait_s * random.uniform(0.5, 1.0)
            while (left_s := deadline_s - self._clock()) > 0:
                self._let_go_of_overdue()
                await asyncio.sleep(min(left_s, self.lease.timings.renew_s))
        self.joined, self._said = True, ""
        log.info("joined the front %s as shard %s", self._front.url, self._told.name)

    def _hinders(self, why: str) -> None:
        if why != self._said:
            log.warning("%s", why)
            self._said = why

    # -- renewing

    async def _renew_until_told_to_rejoin(self) -> None:
        """A renewal each second, whatever became of those before: a slow network is no silence."""
        self._rejoin.clear()
        async with asyncio.TaskGroup() as group:
            while not self._rejoin.is_set():
                if self._under_way < MAX_UNDER_WAY:
                    group.create_task(self._renew())
                self._let_go_of_overdue()
                self._try_again()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.lease.timings.renew_s):
                        await self._rejoin.wait()

    async def _renew(self) -> None:
        renewal = self.lease.renewal(self._clock())
        closed, trouble = self._cameras.closed, self._cameras.trouble
        body = RenewShard(
            renewal.shard,
            renewal.instance,
            renewal.number,
            renewal.heard,
            dict(renewal.holds),
            {camera: why for camera, why in closed.items() if camera in renewal.holds},
            {camera: why for camera, why in trouble.items() if camera in renewal.holds},
        )
        self._under_way += 1
        try:
            self._obey(await self._front.renew(body, self.lease.timings.let_go_s))
            self._said = ""
        except (FrontAway, FrontRefuses) as exc:
            self._hinders(f"front {self._front.url} does not hear this shard: {exc}; cameras go on meanwhile")
        finally:
            self._under_way -= 1

    # -- what it is told

    def _obey(self, told: ShardOrders) -> None:
        if LEAST_SILENT_S <= told.silent_s <= MOST_SILENT_S:
            self.lease.timings = LeaseTimes(told.silent_s)
        steps: Steps = self.lease.hear(told.orders())
        if steps.rejoin:
            self._rejoin.set()
        for camera in steps.begin:
            options = told.options.get(camera)
            if options is None:  # the front took it for one that is open here: it says more once it knows better
                self.lease.released(camera)
            else:
                self._do(self._begin(camera, steps.begin[camera], options))
        for camera in steps.end:
            self._do(self._end(camera))

    async def _begin(self, camera: str, epoch: int, options: msgspec.Raw) -> None:
        try:
            told = msgspec.json.decode(options, type=dict)
        except (msgspec.DecodeError, UnicodeDecodeError):
            told = {}  # which nothing can be opened with: that is told
        await self._cameras.begin(camera, {**told, "epoch": epoch})

    async def _end(self, camera: str) -> None:
        await self._cameras.end(camera)
        if self._emptied is not None:  # what it has told must be there before another one may have it
            await self._emptied(camera, self.lease.timings.let_go_s)
        if self.lease.is_ending(camera):  # unless it was given back meanwhile
            self.lease.released(camera)

    def _let_go_of_overdue(self) -> None:
        """All at once, and beside the renewals: one that takes its time delays nothing."""
        for camera in self.lease.overdue(self._clock(), self._cameras.only_once()):
            if camera not in self._overdue:
                log.warning("camera %s is let go of: the front has promised nothing for too long", camera)
                self._overdue.add(camera)
                self._do(self._end_overdue(camera))

    async def _end_overdue(self, camera: str) -> None:
        try:
            await self._cameras.end(camera)
            self.lease.released(camera)
        finally:
            self._overdue.discard(camera)

    def _try_again(self) -> None:
        """Those that could not be opened; one try at a time, beside the renewals."""
        if self._trying is None or self._trying.done():
            self._trying = self._do(self._cameras.try_again())

    def _do(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._work.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.error("a camera of the front could not be seen to", exc_info=failure)
