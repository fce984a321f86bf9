"""A front on the test's own event loop that shards may join, and what shards say to it, by hand."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
from support.fronts import SOON
from support.servers.fake_shard import FakeShard, running

from askcam.cluster.front.config import FrontConfig, ShardConfig
from askcam.cluster.front.joined.config import ClusterSettings
from askcam.cluster.front.serving import RunningFront, serving
from askcam.cluster.members import CameraWish
from askcam.server.server_config import ServerConfig

TOKEN, VIEWER, ADMIN = "token-of-shards", "viewer-of-people", "admin-of-people"
VIEWER_THERE = "viewer-of-shards"
VERSION = version("askcam")


@dataclass
class Scene:
    front: RunningFront
    client: httpx.AsyncClient
    shard: FakeShard
    holds: dict[str, int] = field(default_factory=dict)

    async def say(self, what: str, body: Any, token: str | None = TOKEN) -> httpx.Response:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return await self.client.post(f"/v1/shards/{what}", json=body, headers=headers)

    def tells(self, **other: Any) -> dict[str, Any]:
        """What a shard that is in order says when it joins."""
        usual = {"name": "a", "url": self.shard.url, "instance": "1", "model": "demo", "version": VERSION}
        return {**usual, "capacity_cameras": 8, **other}

    async def asked(self, method: str, path: str, token: str = ADMIN, **more: Any) -> httpx.Response:
        return await self.client.request(method, path, headers={"authorization": f"Bearer {token}"}, **more)


@contextlib.asynccontextmanager
async def joinable(
    folder: Path, *wishes: CameraWish, shard: FakeShard | None = None, beside: FakeShard | None = None, **settings: Any
) -> AsyncIterator[Scene]:
    """The front, and a small server that may be named as the shard that joins. `beside`: one that runs, and is named in
    the front's file."""
    told: dict[str, Any] = {"folder": folder / "table", "token": TOKEN, "viewer_token": VIEWER_THERE, "silent_s": 3.0}
    told |= settings
    shard = shard or FakeShard()
    shard.roles = {VIEWER_THERE: "viewer", TOKEN: "admin"}
    config = FrontConfig(
        ServerConfig(port=0, token=VIEWER, admin_token=ADMIN),
        front=SOON,
        shards={} if beside is None else {"of-file": ShardConfig(beside.url, token=VIEWER_THERE, admin_token=TOKEN)},
        cluster=ClusterSettings(**told),
        wishes=wishes,
    )
    async with (
        running(shard) as made,
        serving(config) as front,
        httpx.AsyncClient(base_url=front.url, timeout=60, trust_env=False) as client,
    ):
        yield Scene(front, client, made)
