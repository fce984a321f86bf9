"""Two fronts on the test's own event loop over one database, and a small shard that tells them by hand what it does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from support.fronts import SOON
from support.joining import ADMIN, TOKEN, VERSION, VIEWER, VIEWER_THERE
from support.servers.fake_shard import FakeShard, running
from support.waiting import comes_true

from askcam.cluster.front.config import FrontConfig
from askcam.cluster.front.joined.config import ClusterSettings
from askcam.cluster.front.joined.led import LedTable
from askcam.cluster.front.serving import RunningFront, serving
from askcam.cluster.members import CameraWish
from askcam.server.server_config import ServerConfig

SILENT_S = 8.0


@dataclass
class OneFront:
    running: RunningFront
    client: httpx.AsyncClient
    life: contextlib.AsyncExitStack

    @property
    def url(self) -> str:
        return self.running.url

    @property
    def table(self) -> LedTable:
        joined = self.running.core.joined
        assert joined is not None
        assert isinstance(joined.table, LedTable)
        return joined.table

    async def asked(self, method: str, path: str, token: str = ADMIN, **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}"} | more.pop("headers", {})
        return await self.client.request(method, path, headers=headers, **more)

    async def say(self, what: str, body: Any) -> httpx.Response:
        return await self.asked("POST", f"/v1/shards/{what}", TOKEN, json=body)

    async def crash(self) -> None:
        """It looks at its lease no more and gives it up to nobody, as a process that stands still."""
        task, self.table._looking = self.table._looking, None
        assert task is not None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass
class TwoFronts:
    shard: FakeShard
    fronts: list[OneFront] = field(default_factory=list)
    number: int = 0
    holds: dict[str, int] = field(default_factory=dict)

    @property
    def leader(self) -> OneFront:
        (found,) = (each for each in self.fronts if each.table.leads)
        return found

    @property
    def standby(self) -> OneFront:
        (found,) = (each for each in self.fronts if not each.table.leads)
        return found

    def joins(self, **other: Any) -> dict[str, Any]:
        usual = {"name": "a", "url": self.shard.url, "instance": "1", "model": "demo", "version": VERSION}
        return {**usual, "capacity_cameras": 8, "holds": self.holds, **other}

    async def renewed(self, front: OneFront) -> httpx.Response:
        """The shard renews once, and does as it is told."""
        self.number += 1
        body = {"shard": "a", "instance": "1", "number": self.number, "heard": self.number - 1, "holds": self.holds}
        reply = await front.say("renew", body)
        if reply.status_code == 200 and reply.json().get("hold") is not None:
            self.holds = reply.json()["hold"]
            self.shard.cameras = list(self.holds)
        return reply

    async def placed(self, *cameras: str) -> None:
        """The shard joins the leader and renews until it has these cameras, and both fronts have seen them there."""
        assert (await self.leader.say("join", self.joins())).status_code == 200
        async with asyncio.timeout(60):
            while not set(cameras) <= self.holds.keys():
                await self.renewed(self.leader)
                await asyncio.sleep(0.05)
        await self.renewed(self.leader)  # it says that it has them
        for front in self.fronts:
            await front.table.refresh()
            await comes_true(lambda front=front: self.sees(front, *cameras), "all to be seen there")  # type: ignore[misc]

    def sees(self, front: OneFront, *cameras: str) -> bool:
        shard = front.running.core.directory.get("a")
        return shard is not None and shard.up and set(cameras) <= shard.cameras.keys()


@contextlib.asynccontextmanager
async def two_fronts(url: str, *wishes: CameraWish, **settings: Any) -> AsyncIterator[TwoFronts]:
    """`url`: of their database. The first one leads."""
    shard = FakeShard()
    shard.roles = {VIEWER_THERE: "viewer", TOKEN: "admin"}
    told: dict[str, Any] = {"database": url, "token": TOKEN, "viewer_token": VIEWER_THERE, "silent_s": SILENT_S}
    config = FrontConfig(
        ServerConfig(port=0, token=VIEWER, admin_token=ADMIN),
        front=SOON,
        cluster=ClusterSettings(**(told | settings)),
        wishes=wishes,
    )
    async with contextlib.AsyncExitStack() as around:
        made = TwoFronts(await around.enter_async_context(running(shard)))
        for _ in range(2):
            life = await around.enter_async_context(contextlib.AsyncExitStack())
            front = await life.enter_async_context(serving(config))
            client = httpx.AsyncClient(base_url=front.url, timeout=60, trust_env=False)
            made.fronts.append(OneFront(front, await life.enter_async_context(client), life))
        yield made
