"""A real front on the test's own event loop, with a socket, before small shards."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
from support.servers.fake_shard import FakeShard, Heard, running, tell
from support.waiting import comes_true

from askcam.cluster.front.config import FrontConfig, FrontSettings, ShardConfig
from askcam.cluster.front.serving import RunningFront, serving
from askcam.server.access.limits import Limits
from askcam.server.server_config import ServerConfig

ANYWHERE, USUAL = ServerConfig(port=0), Limits()
SOON = FrontSettings(probe_s=0.05, silent_s=15.0, connect_s=5.0)


@contextlib.asynccontextmanager
async def front_before(
    *shards: FakeShard,
    server: ServerConfig = ANYWHERE,
    settings: FrontSettings = SOON,
    limits: Limits = USUAL,
    tokens: dict[str, Any] | None = None,
) -> AsyncIterator[RunningFront]:
    """Before shards that run already, named a, b, ...; each was looked at once. `tokens`: fields of each's config."""
    named = {chr(ord("a") + place): ShardConfig(shard.url, **(tokens or {})) for place, shard in enumerate(shards)}
    async with serving(FrontConfig(server, named, limits, settings)) as front:
        await front.seen()
        yield front


@contextlib.asynccontextmanager
async def fronted(*shards: FakeShard, **how: Any) -> AsyncIterator[tuple[RunningFront, httpx.AsyncClient]]:
    """The front, and a client of it; the shards run within."""
    async with contextlib.AsyncExitStack() as stack:
        for shard in shards:
            await stack.enter_async_context(running(shard))
        front = await stack.enter_async_context(front_before(*shards, **how))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=front.url, timeout=60, trust_env=False))
        yield front, client


async def taken_down(front: RunningFront, shard: FakeShard) -> None:
    """It fails from now on, however often the front looks at it again."""

    async def fails(request: Heard, writer: asyncio.StreamWriter) -> None:
        await tell(writer, 500, {})

    shard.answers["/readyz"] = fails
    (seen,) = (each for each in front.core.directory.shards if each.config.address.http == shard.url)
    await comes_true(lambda: not seen.up, "the shard to be found down")
