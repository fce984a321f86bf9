"""Each shard is looked at again and again: is it there, which cameras has it, what does it take the front for."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from askcam.cluster.front.shards import FrontShard
from askcam.cluster.ids import Garbage
from askcam.cluster.link import LinkError
from askcam.cluster.merging import Row, page_of
from askcam.server.access.viewer import Role
from askcam.server.camera_names import NAME
from askcam.server.given_names import quoted
from askcam.server.lifecycle import ServerPart

MAX_CAMERAS = 4096  # of one shard
FIRST_S = 5.0  # that the front's own start waits for the first look at all shards

log = logging.getLogger(__name__)


class Probing(ServerPart):
    """A task per shard: one that hangs keeps nobody from the others. Owned by the event loop."""

    def __init__(self, shards: Sequence[FrontShard], probe_s: float) -> None:
        """`shards`: those that are there from the start; `probe_s`: between two looks."""
        self._first, self._probe_s = shards, probe_s
        self._tasks: dict[FrontShard, asyncio.Task[None]] = {}
        self._seen: dict[FrontShard, asyncio.Event] = {}
        self.closed: Callable[[FrontShard], None] = lambda shard: None
        """Is told of each shard whose machine says that nothing listens there."""

    async def open(self) -> None:
        for shard in self._first:
            self.add(shard)

    def add(self, shard: FrontShard) -> None:
        """Look at one more, from now on; nothing if it is looked at."""
        if shard not in self._tasks:
            self._seen[shard] = asyncio.Event()
            self._tasks[shard] = asyncio.create_task(self._watch(shard))

    async def drop(self, shard: FrontShard) -> None:
        """It is known no longer: what goes on there is over."""
        task = self._tasks.pop(shard, None)
        self._seen.pop(shard, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        shard.cut()
        await shard.close()

    async def close(self) -> None:
        await asyncio.gather(*map(self.drop, tuple(self._tasks)))

    async def seen(self) -> None:
        """Wait until each shard was looked at once, for FIRST_S at most: one that hangs is not waited for."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_S):
                await asyncio.gather(*(event.wait() for event in self._seen.values()))

    async def _watch(self, shard: FrontShard) -> None:
        while True:
            shard.wanted.clear()
            await self.look(shard)
            self._seen[shard].set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._probe_s):
                    await shard.wanted.wait()
            if shard.wanted.is_set():  # no more often than this, however many ask for it
                await asyncio.sleep(self._probe_s / 10)

    async def look(self, shard: FrontShard) -> None:
        """One look, of at most so long as the shard may be silent; what comes of it is taken note of."""
        health = shard.health
        try:
            async with asyncio.timeout(health.silent_s):
                await self._ask_twice(shard)
        except TimeoutError:
            self._news(shard, health.look(time.monotonic()))
        except LinkError as exc:
            self._news(shard, health.failed(str(exc)))
            if exc.closed:
                self.closed(shard)
        except Garbage as exc:
            self._news(shard, health.failed(f"it does not answer as an askcam server does: {exc}"))
        else:
            self._news(shard, health.heard(time.monotonic()))

    async def _ask_twice(self, shard: FrontShard) -> None:
        """A connection that breaks says nothing yet: it was kept open, and the server may have closed it. Raises
        LinkError, Garbage."""
        try:
            await _ask(shard)
        except LinkError as exc:
            if exc.refused:
                raise
            await _ask(shard)

    def _news(self, shard: FrontShard, news: bool) -> None:
        if shard.up:
            shard.back.set()
        else:
            shard.back.clear()
        if news and shard.up:
            log.info("shard %s is there, with %d cameras", shard.name, len(shard.cameras))
        elif news:
            log.warning("shard %s is down: %s", shard.name, shard.health.why)
            shard.cut()


async def _ask(shard: FrontShard) -> None:
    """What it has now. Raises LinkError, Garbage."""
    token = shard.token(Role.VIEWER)
    if not shard.up:
        shard.roles = {Role.VIEWER: await _role(shard, token)}
        shard.roles[Role.ADMIN] = await _role(shard, shard.token(Role.ADMIN))
    ready = await shard.told("GET", "/readyz", token=None)
    if ready.status not in (200, 503) or not isinstance(ready.value, dict):
        raise Garbage(f"GET /readyz is answered with {ready.status}")
    models = await _list(shard, "/v1/models", token)
    cameras = _cameras([*_announced(models), *await _list(shard, "/v1/cameras", token)])
    shard.ready, shard.cameras, shard.models = ready.status == 200, cameras, models


async def _role(shard: FrontShard, token: str | None) -> str:
    """What these credentials are good for there. Raises LinkError, Garbage."""
    reply = await shard.told("GET", "/v1/session", token=token)
    role = reply.value.get("role") if isinstance(reply.value, dict) else None
    if role not in (Role.VIEWER.value, Role.ADMIN.value):
        raise Garbage(_unwelcome(reply.status, token is not None))
    return str(role)


def _unwelcome(status: int, has_token: bool) -> str:
    if status == 429:
        return "it refuses the front's token, and says to wait"
    if status == 403:
        return "it refuses the front: a server without a token answers its own machine only (set ASKCAM_TOKEN there)"
    if not has_token:
        return "it wants a token: set ASKCAM_SHARD_TOKEN, or token_file of that shard"
    return "the front's token is not its own: mend token_file of that shard, or ASKCAM_SHARD_TOKEN"


async def _list(shard: FrontShard, path: str, token: str | None) -> list[Row]:
    reply = await shard.told("GET", path, token=token)
    if reply.status != 200:
        raise Garbage(f"GET {path} is answered with {reply.status}")
    return list(page_of(shard.key, reply.value).rows)


def _announced(models: list[Row]) -> list[Row]:
    """Cameras that can be asked for by name, though a server that still loads its model has not opened them yet."""
    told = ((row.get("id"), row.get("askcam")) for row in models)
    return [{"name": name} for name, about in told if isinstance(about, dict) and about.get("kind") == "camera"]


def _cameras(rows: list[Row]) -> dict[str, Row]:
    """By name. Raises Garbage."""
    found: dict[str, Any] = {}
    for row in rows[:MAX_CAMERAS]:
        name = row.get("name")
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise Garbage(f"{quoted(name)} is no camera's name")
        found[name] = row
    return found
