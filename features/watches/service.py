"""All watches of this server: those of askcam.toml and those made while it runs, their task and their events."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from prometheus_client.registry import Collector

from askcam.client.watches import WatchInfo
from askcam.features.events.service import EventLog
from askcam.features.watches.judged import JudgedGauges, JudgedWatches
from askcam.features.watches.known import KnownWatches
from askcam.features.watches.looking import heard_by, models_of
from askcam.features.watches.metrics import WatchGauges, lateness
from askcam.features.watches.post import Post
from askcam.features.watches.proposals import Proposals
from askcam.features.watches.runner import Runner
from askcam.features.watches.setting import WatchSetting
from askcam.features.watches.standing import Standing
from askcam.features.watches.store import TABLES, Place, WatchStore
from askcam.features.watches.text import Saying
from askcam.features.watches.text_post import TextPost
from askcam.features.watches.threshold import Watch, WatchMemory
from askcam.server.camera_names import private
from askcam.server.cameras import Cameras
from askcam.server.config_errors import ConfigError
from askcam.server.errors import Invalid, NotFound, Refusal, Unavailable
from askcam.server.lifecycle import ended

log = logging.getLogger(__name__)

T = TypeVar("T")


class Watching:
    """Owned by the event loop. begin() once the engine is warm, close()."""

    def __init__(
        self,
        events: EventLog,
        cameras: Cameras,
        listed: Mapping[str, WatchSetting],
        max_age_s: float | None = None,
    ) -> None:
        """`listed`: the watches of askcam.toml. Before `events` is opened."""
        self._events, self.cameras, self.known = events, cameras, KnownWatches(listed)
        self._trouble: dict[str, str] = {}  # by name: why a watch cannot be run at all
        self._change = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.proposals = Proposals()
        late = lateness()
        self._runner = Runner(cameras, events.telling, late.observe, max_age_s)
        self.remember = self._runner.remember  # how cameras that come from another server were last told to be
        self.judged = JudgedWatches(events, self.known)
        gauges = WatchGauges(self._runner, lambda: len(self._trouble)), JudgedGauges(self.judged)
        self.collectors: tuple[Collector, ...] = (late, *gauges)
        standing = Standing(self.known, self._runner, self._trouble, self.judged)
        self.info, self.all, self.readings = standing.info, standing.all, standing.readings
        self._others: list[str] = []  # tables of others about watches
        events.beside(TABLES, self._take_up)
        if listed:
            events.need()

    def beside(self, table: str, sql: str) -> None:
        """Keep a table of one's own beside the watches, made by `sql`; its rows of a watch (column `watch`) go when
        that is removed or asks something else. Before the events are opened."""
        self._others.append(table)
        self._events.keeping.tables.append(sql)

    # -- life

    async def begin(self) -> None:
        """The engine is warm, and the configured cameras are being opened: watch. Raises ConfigError for a watch of
        askcam.toml that this model cannot score."""
        memories = await self._memories() if self._events.keeping.open else {}
        await self.learn(*self.known.all().values())
        for name, setting in self.known.listed.items():
            try:
                self._man(name, setting, memories)
            except Refusal as exc:
                away = not all(model.loaded for model in models_of(setting, self.cameras))
                if not (away and isinstance(exc, Unavailable)):
                    raise ConfigError(f"[watches.{name}]: {exc.message}") from exc
                self._trouble[name] = exc.message
        await self.judged.look()
        self._man_kept(memories)
        self.cameras.models.came.append(self._came)
        if self._events.keeping.open:
            self._run()

    async def _came(self) -> None:
        """A model that was away is there: watch what it is to watch."""
        async with self._change:
            resting = {name: setting for name, setting in self.known.all().items() if name in self._trouble}
            memories = await self._memories() if self._events.keeping.open else {}
            await self.learn(*resting.values())
            for name, setting in resting.items():
                try:
                    self._man(name, setting, memories)
                except Refusal as exc:
                    self._trouble[name] = exc.message
                else:
                    del self._trouble[name]

    async def close(self) -> None:
        """End the task, before the events are closed."""
        task, self._task = self._task, None
        if task is not None:
            await ended(task)
            await self._runner.close()

    async def _take_up(self) -> None:
        """The events' database is there: take up what an earlier life left; how it stood, begin() asks at the start."""
        self.known.kept = await self._events.keeping.do(lambda store: WatchStore(store.db).settings())
        if self.cameras.models.loaded:
            await self.learn(*self.known.kept.values())
            self._man_kept(await self._memories())
            self._run()

    async def _memories(self) -> Mapping[Place, WatchMemory]:
        """How watches, and cameras, were last told to be."""
        memories = await self._events.keeping.do(lambda store: WatchStore(store.db).memories())
        self._runner.remember(memories)
        return memories

    def _man_kept(self, memories: Mapping[Place, WatchMemory]) -> None:
        for name in self.known.kept.keys() - self.known.listed.keys():
            try:
                self._man(name, self.known.kept[name], memories)
            except Refusal as exc:
                log.error("the watch %r rests: %s", name, exc.message)
                self._trouble[name] = exc.message

    def _run(self) -> None:
        if self._task is None:
            self._task = asyncio.ensure_future(self._runner.run())

    # -- watches

    def setting(self, name: str) -> WatchSetting:
        """Raises NoSuchWatch."""
        return self.known[name]

    def check(self, name: str, setting: WatchSetting) -> None:
        """Raises Refusal for what create() would refuse."""
        self.known.check_new(name)
        self.check_setting(setting)

    async def create(self, name: str, setting: WatchSetting) -> WatchInfo:
        """Raises Refusal for a name that is taken or none, unknown cameras, and questions that cannot be scored."""
        await self.learn(setting)
        async with self._change:
            self.check(name, setting)
            await self.write(lambda store: store.put(name, setting))
            self.known.kept[name] = setting
            self._man(name, setting, {})
            self._run()
        return self.info(name)

    async def change(self, name: str, change: Callable[[WatchSetting], WatchSetting]) -> WatchInfo:
        """Raises Refusal. It keeps its state unless it asks something else now."""
        async with self._change:
            before = self.changeable(name)
            setting = change(before)
            await self.learn(setting)
            self.check_setting(setting)
            same = setting.asks_the_same(before)

            def write(store: WatchStore) -> Mapping[Place, WatchMemory]:
                store.put(name, setting)
                if not same:
                    store.forget(name)
                return store.memories()

            memories = dict(await self.write(write))
            self.known.kept[name] = setting
            self._trouble.pop(name, None)
            dropped = await self._runner.drop(name)
            going_on = dropped if same else []
            for post in going_on:  # as it stands by now
                memories[name, post.camera] = post.watch.memory
            self._man(name, setting, memories)
            for post in going_on:
                anew = self._runner.post(name, post.camera)
                if isinstance(post, Post) and isinstance(anew, Post):
                    anew.history, anew.since = post.history, post.since
        return self.info(name)

    async def remove(self, name: str, check: Callable[[WatchSetting], None] = lambda before: None) -> None:
        """Raises Refusal, and what `check` raises. Its events stay."""
        async with self._change:
            check(self.changeable(name))
            await self.write(lambda store: store.remove(name))
            del self.known.kept[name]
            self._trouble.pop(name, None)
            await self._runner.drop(name)

    def changeable(self, name: str) -> WatchSetting:
        """How it is set, if it may be changed while the server runs. Raises Refusal."""
        return self.known.changeable(name)

    async def bring(self, name: str, setting: WatchSetting | None) -> None:
        """One that came with cameras, as it is from now on; None: none of them is here any more. Raises Refusal."""
        async with self._change:
            before = self.known.brought.get(name)
            if before is None and setting is None:
                return  # it was refused
            if before is None:
                self.known.check_new(name)
            if setting == before and name not in self._trouble:
                return
            same = before is not None and setting is not None and setting.asks_the_same(before)
            if before is not None and setting is not None and not same:
                await self.write(lambda store: store.forget(name))
            memories = dict(await self.write(lambda store: store.memories()))
            for post in await self._runner.drop(name):
                if same:  # as it stands by now
                    memories[name, post.camera] = post.watch.memory
            self.known.brought.pop(name, None)
            self._trouble.pop(name, None)
            if setting is not None:
                self.known.brought[name] = setting
                await self.learn(setting)
                try:
                    self._man(name, setting, memories)
                except Refusal as exc:
                    self._trouble[name] = exc.message
                    raise
                self._run()

    async def read(self, work: Callable[[WatchStore], T], otherwise: T) -> T:
        """What is kept of watches; `otherwise` while nothing was ever kept. Raises Refusal."""
        return await self._events.read(lambda store: work(WatchStore(store.db, self._others)), otherwise)

    async def write(self, work: Callable[[WatchStore], T]) -> T:
        """Have something kept of watches. Raises Refusal."""
        return await self._events.write(lambda store: work(WatchStore(store.db, self._others)))

    def check_setting(self, setting: WatchSetting) -> None:
        """Raises Refusal for cameras and questions that cannot be watched."""
        for camera in setting.cameras:
            try:
                self.cameras.check_zone(camera, setting.zone)
            except NotFound as exc:
                raise exc.at("zone" if exc.code == "zone_not_found" else "cameras") from exc
            if private(camera):
                raise Invalid("a private camera ends with its connection, and cannot be watched", "cameras")
        for model in models_of(setting, self.cameras):
            heard_by(setting, model)

    async def learn(self, *settings: WatchSetting) -> None:
        """Find out beside the event loop which words of these are tokens: a model's own server may have to be asked,
        and what it says is kept. What cannot be scored is told when it is to be watched."""
        for setting in settings if self.cameras.models.loaded else ():
            with contextlib.suppress(Refusal):
                for model in models_of(setting, self.cameras):
                    await asyncio.to_thread(heard_by, setting, model)

    def _man(self, name: str, setting: WatchSetting, memories: Mapping[Place, WatchMemory]) -> None:
        """Raises Refusal for one that cannot be scored."""
        models = models_of(setting, self.cameras)
        looking = [(model, heard_by(setting, model), cameras) for model, cameras in models.items()]
        at, wall = time.monotonic(), time.time()
        for model, heard, cameras in looking if setting.enabled else ():
            for camera in cameras:
                memory = memories.get((name, camera))
                if heard is None:
                    self._runner.put(TextPost(name, camera, setting, model, Saying(setting, memory, at, wall)), at)
                    continue
                watch = Watch(setting, memory, at, wall)
                since = watch.memory.on_wall if watch.memory.on else None
                self._runner.put(Post(name, camera, setting, model, heard, watch, since=since), at)
