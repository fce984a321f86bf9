"""A running front: its socket, the app behind it, and the looks at its shards."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from importlib.metadata import version

import uvicorn
from starlette.applications import Starlette

from askcam.cluster.front import (
    cameras,
    deliveries,
    description,
    event_stream,
    events,
    lists,
    questions,
    realtime,
    responses,
    several,
    standing,
)
from askcam.cluster.front import timeline as timelines
from askcam.cluster.front import watches as watching
from askcam.cluster.front.config import FrontConfig, ShardConfig, check, learn
from askcam.cluster.front.core import FrontCore
from askcam.cluster.front.directory import Directory
from askcam.cluster.front.event_source import RefusedThere
from askcam.cluster.front.joined import joining, steering
from askcam.cluster.front.joined.events import KEPT, KeptEvents
from askcam.cluster.front.joined.gauges import StartedGauges, TableGauges
from askcam.cluster.front.joined.judged_watches import JudgedAtFront
from askcam.cluster.front.joined.key import ShardKey
from askcam.cluster.front.joined.led import LedTable
from askcam.cluster.front.joined.owning import ClusterTable
from askcam.cluster.front.joined.passing import ToLeader
from askcam.cluster.front.joined.room import JoinedRoom
from askcam.cluster.front.joined.shards import JoinedShards
from askcam.cluster.front.joined.starting import StartedShards
from askcam.cluster.front.joined.wanting import WantedCameras
from askcam.cluster.front.lists import passed_on
from askcam.cluster.front.metrics import FrontMetrics, ShardGauges
from askcam.cluster.front.probing import Probing
from askcam.cluster.front.shards import FrontShard
from askcam.cluster.ids import ShardKeys
from askcam.cluster.joining import Expected
from askcam.cluster.renewal import LeaseTimes
from askcam.server import errors
from askcam.server.access.auth import Auth
from askcam.server.access.places import PlacesOf
from askcam.server.access.proxies import TrustedProxies
from askcam.server.access.rates import Rates
from askcam.server.config_errors import ConfigError
from askcam.server.connections.book import Book
from askcam.server.connections.descriptors import for_connections, raise_soft_limit
from askcam.server.connections.listening import GuardedServer, ListeningServer, bind, quiet, url_of, uvicorn_config
from askcam.server.connections.told import Told
from askcam.server.gauges.connections import ConnectionGauges
from askcam.server.http import login, page, words
from askcam.server.http.doors import Doors, app_behind
from askcam.server.lifecycle import Lifecycle
from askcam.server.wire.endpoint import Endpoint, FrontPart

NONE: Mapping[str, FrontPart] = {}
QUESTIONS = 1 << 16  # under way at once: the shards bound them


class RunningFront(ListeningServer):
    """Beside its socket: the looks at its shards."""

    def __init__(self, core: FrontCore, url: str, server: uvicorn.Server) -> None:
        super().__init__(url, server, core.end_streams)
        self.core = core

    async def seen(self) -> None:
        """Wait until each shard was looked at, for some seconds at most."""
        await self.core.probing.seen()


def build_front(config: FrontConfig, brought: Mapping[str, FrontPart] = NONE) -> FrontCore:
    """All of it but its life. Within a running event loop. Raises ConfigError for a CA file that cannot be used."""
    keys, settings, server = ShardKeys(config.shards), config.front, config.server
    shards = []
    for name, shard in config.shards.items():
        try:
            shards.append(FrontShard(name, keys.key(name), shard, settings.silent_s, settings.connect_s))
        except OSError as exc:  # ssl's own errors are, too
            raise ConfigError(f"the ca of shard {name!r}, {shard.ca}, cannot be used: {exc}") from exc
    auth = Auth(server.tokens, allowed_origins=server.allowed_origins)
    directory, probing = Directory(shards, keys), Probing(shards, settings.probe_s)
    joined = _joined(config, directory, probing, auth)
    metrics = FrontMetrics()
    metrics.register(ShardGauges(lambda: directory.shards))
    if joined is not None:
        metrics.register(TableGauges(joined.table, joined.events.commits.fates))
        if joined.started is not None:
            metrics.register(StartedGauges(joined.started))
    return FrontCore(
        directory=directory,
        probing=probing,
        joined=joined,
        auth=auth,
        limits=config.limits,
        places=PlacesOf.of(config.limits, QUESTIONS),
        proxies=TrustedProxies(server.trusted_proxies),
        questions=Rates(config.limits.questions),
        metrics=metrics,
        brought=brought,
    )


def _joined(config: FrontConfig, directory: Directory, probing: Probing, auth: Auth) -> JoinedRoom | None:
    """None: no shard may join."""
    cluster, settings = config.cluster, config.front
    if not cluster.joins:
        return None
    assert cluster.token is not None, "checked"

    def make(name: str, shard: ShardConfig) -> FrontShard:
        return FrontShard(name, directory.keys.add(name), shard, settings.silent_s, settings.connect_s)

    expected, timings = Expected(cluster.model, version("askcam")), LeaseTimes(cluster.silent_s)
    if cluster.folder is not None:
        table = ClusterTable(cluster.folder, expected, timings)
    else:
        table = LedTable(cluster.where, expected, timings)
    directory.table, table.view.lists = table.view, directory.lists
    shards = JoinedShards(cluster, table, directory, probing, make)
    directory.kept = events = KeptEvents(table, directory.keys.add(KEPT))
    leader = ToLeader(table.refresh, config.server.admin_token or config.server.token, cluster.ca, settings.connect_s)
    wanted, key = WantedCameras(table, config.wishes), ShardKey(cluster.token, auth)
    started = StartedShards(cluster, table) if cluster.start else None
    return JoinedRoom(table, shards, wanted, key, events, JudgedAtFront(table, events), leader, started)


def front_endpoints(core: FrontCore) -> list[Endpoint]:
    """Every room's."""
    found = [*page.endpoints(), *words.endpoints(), *login.endpoints(core.auth)]
    asking = (questions, responses, several)
    for room in (standing, lists, cameras, *asking, watching, events, timelines, deliveries):
        found += room.endpoints(core)
    if core.joined is not None:
        table = core.joined.table
        found += joining.endpoints(table, core.joined.shards, core.joined.events)
        found += steering.endpoints(table, core.joined.leader)
    found += [endpoint for part in core.brought.values() for endpoint in part.endpoints]
    return [*found, description.endpoint(core, found)]


def front_app(core: FrontCore) -> Starlette:
    """The front as one app, behind the same doors as a server."""
    keyed = {} if core.joined is None else dict.fromkeys(joining.OF_SHARDS, core.joined.key.check)
    doors = Doors(core.auth, core.limits, core.places, core.proxies, core.ending, core.metrics.requested, keyed)
    app = app_behind(doors, front_endpoints(core), realtime.routes(core))

    async def refused_there(request: object, exc: Exception) -> object:
        assert isinstance(exc, RefusedThere)
        return passed_on(exc.reply)

    app.add_exception_handler(RefusedThere, refused_there)  # type: ignore[arg-type]
    return app


@contextlib.asynccontextmanager
async def serving(config: FrontConfig, brought: Mapping[str, FrontPart] = NONE) -> AsyncIterator[RunningFront]:
    """Serve until the block is left. Raises ConfigError for what check() refuses, and for an address that cannot be
    had."""
    check(config)
    learn(config)
    core = build_front(config, brought)
    parts = {} if core.joined is None else core.joined.parts()
    async with contextlib.AsyncExitStack() as around:
        sock = around.enter_context(contextlib.closing(bind(config.server.host, config.server.port)))
        url = url_of(sock, config.server.tls)
        if core.joined is not None:
            core.joined.table.url = config.cluster.url or url
            if core.joined.started is not None:
                core.joined.started.url = url
        await around.enter_async_context(Lifecycle({**parts, **brought, "the looks at the shards": core.probing}))
        told = Told()
        around.enter_context(quiet(told, (errors.__name__, event_stream.__name__)))
        limits = config.limits
        book = Book(for_connections(raise_soft_limit(), limits.max_connections), limits.max_connections_per_address)
        core.metrics.register(ConnectionGauges(book, told))
        how = uvicorn_config(front_app(core), config.server, limits)
        server = GuardedServer(how, sock, book, told, core.proxies, core.end_streams)
        running = RunningFront(core, url, server)
        task = asyncio.ensure_future(server.serve(sockets=[]))
        task.add_done_callback(lambda _: running.stop())
        try:
            yield running
        finally:
            server.should_exit = True
            core.end_streams()
            await asyncio.gather(task, return_exceptions=True)
