"""One running server: a socket, the core behind it, and the model that is loaded while it already answers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from askcam.app import known_secrets
from askcam.app.asgi import build_app
from askcam.app.build import build_core
from askcam.app.config import Config
from askcam.app.config_file import check, read_camera
from askcam.app.features import PLUGGED
from askcam.app.loading import RunningServer, load, look_for_away
from askcam.server import errors
from askcam.server.answering import consulting, observing
from askcam.server.connections.book import Book
from askcam.server.connections.descriptors import for_connections, raise_soft_limit
from askcam.server.connections.listening import GuardedServer, bind, quiet, url_of, uvicorn_config
from askcam.server.connections.told import Told
from askcam.server.core import the_feature
from askcam.server.gauges import guarded
from askcam.server.gauges.connections import ConnectionGauges
from askcam.server.lifecycle import Lifecycle
from askcam.stream.sources.registry import resolve

OTHERS = tuple(the_feature(feature.name) for feature in PLUGGED)
LOGGERS = tuple(room.__name__ for room in (errors, observing, consulting, guarded))


@contextlib.asynccontextmanager
async def serving(config: Config, built_in: Path) -> AsyncIterator[RunningServer]:
    """Serve until the block is left. `built_in`: the model to run when the config names none.

    Raises ConfigError for what check() and features refuse and for an address that cannot be had, SourceError for a
    camera's URI, CannotOpen for a folder that cannot be written.
    """
    check(config)
    known_secrets.learn(config)
    for camera in config.cameras.values():
        resolve(camera.uri)  # a source that nothing here opens is told before a model is loaded
    core = build_core(config, read=partial(read_camera, tools=config.tools))
    core.cameras.announced = {name: camera.use.model for name, camera in config.cameras.items()}
    async with contextlib.AsyncExitStack() as around:
        sock = around.enter_context(contextlib.closing(bind(config.server.host, config.server.port)))
        core.urls.append(url_of(sock, config.server.tls))
        life = await around.enter_async_context(Lifecycle(core.parts(), others=OTHERS))
        told = Told()
        around.enter_context(quiet(told, LOGGERS))
        book = Book(
            for_connections(raise_soft_limit(), config.limits.max_connections),
            config.limits.max_connections_per_address,
        )
        core.metrics.register(ConnectionGauges(book, told))
        how = uvicorn_config(build_app(core), config.server, config.limits)
        server = GuardedServer(how, sock, book, told, core.proxies, core.end_streams)
        loaded = asyncio.ensure_future(load(config, str(built_in), core, life))
        looking = asyncio.ensure_future(look_for_away(config, str(built_in), core, loaded))
        running = RunningServer(core, core.urls[0], server, loaded)
        task = asyncio.ensure_future(server.serve(sockets=[]))
        task.add_done_callback(lambda _: running.stop())
        try:
            yield running
        finally:
            server.should_exit = True
            core.end_streams()
            loaded.cancel()  # its thread, if it still loads, is a daemon and ends with the process
            looking.cancel()
            await asyncio.gather(task, loaded, looking, return_exceptions=True)
