"""One running server: a socket, the core behind it, and the model that is loaded while it already answers."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import uvicorn

from askcam.app import known_secrets
from askcam.app.asgi import build_app
from askcam.app.build import build_core
from askcam.app.config import Config
from askcam.app.config_file import check
from askcam.app.features import PLUGGED
from askcam.app.loading import load, look_for_away
from askcam.app.running_server import RunningServer
from askcam.server import errors
from askcam.server.answering import consulting, observing
from askcam.server.config_errors import ConfigError
from askcam.server.connections.accepting import Accepting
from askcam.server.connections.book import Book
from askcam.server.connections.descriptors import for_connections, raise_soft_limit
from askcam.server.connections.protocol import GuardedHttp, GuardedWebsocket
from askcam.server.connections.told import Quiet, Told
from askcam.server.core import Core, the_feature
from askcam.server.gauges import guarded
from askcam.server.gauges.connections import ConnectionGauges
from askcam.server.lifecycle import Lifecycle
from askcam.stream.sources.registry import resolve

log = logging.getLogger(__name__)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 lets the system choose. Raises ConfigError when that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError as exc:
        sock.close()
        remedy = "choose another with --port, or end what holds it" if exc.errno == 98 else "check --host and --port"
        raise ConfigError(f"cannot listen on {host} port {port}: {exc.strerror}; {remedy}") from exc
    sock.setblocking(False)
    return sock


GRACE_S = 1.5  # for requests to finish once the server ends; streams end at once
OTHERS = tuple(the_feature(feature.name) for feature in PLUGGED)
BACKLOG = 1024  # connections that the kernel holds until they are taken


class _Server(uvicorn.Server):
    """Leaves signals to the command that runs it, and connections to Accepting."""

    def __init__(self, config: uvicorn.Config, core: Core, listener: socket.socket, book: Book, told: Told) -> None:
        super().__init__(config)
        self._core, self._listener, self._book, self._told = core, listener, book, told
        self._accepting: Accepting | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        self._accepting = Accepting(
            self._listener,
            self._book,
            self._told,
            self._core.proxies,
            self.config,
            self.server_state,
            lambda: self.lifespan.state,
        )
        self._accepting.begin()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        assert self._accepting is not None, "started"
        await self._accepting.end()
        self._core.end_streams()
        grace = asyncio.get_running_loop().call_later(GRACE_S, self._accepting.abort_all)
        if self.force_exit:
            self._accepting.abort_all()
        await super().shutdown(sockets=[])
        grace.cancel()
        await self._accepting.close()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


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
    core = build_core(config)
    core.cameras.announced = {name: camera.use.model for name, camera in config.cameras.items()}
    async with contextlib.AsyncExitStack() as around:
        sock = around.enter_context(contextlib.closing(bind(config.server.host, config.server.port)))
        life = await around.enter_async_context(Lifecycle(core.parts(), others=OTHERS))
        told = Told()
        around.enter_context(_quiet(told))
        book = Book(
            for_connections(raise_soft_limit(), config.limits.max_connections),
            config.limits.max_connections_per_address,
        )
        core.metrics.register(ConnectionGauges(book, told))
        server = _Server(_uvicorn(config, core), core, sock, book, told)
        loaded = asyncio.ensure_future(load(config, str(built_in), core, life))
        looking = asyncio.ensure_future(look_for_away(config, str(built_in), core, loaded))
        running = RunningServer(core, _url(config, sock), server, loaded)
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


@contextlib.contextmanager
def _quiet(told: Told) -> Iterator[None]:
    """What strangers cause does not fill the log while the block runs."""
    quiet, names = (
        Quiet(told),
        ("uvicorn.error", "asyncio", *(room.__name__ for room in (errors, observing, consulting, guarded))),
    )
    loggers = [logging.getLogger(name) for name in names]
    for logger in loggers:
        logger.addFilter(quiet)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(quiet)


def _uvicorn(config: Config, core: Core) -> uvicorn.Config:
    server = config.server
    return uvicorn.Config(
        build_app(core),
        http=GuardedHttp,
        ws=GuardedWebsocket,
        proxy_headers=False,  # access/proxies.py believes those only who are named
        ws_per_message_deflate=False,  # JPEGs do not shrink, and it costs 20 times the CPU
        ws_max_size=config.limits.max_ws_message_bytes,
        ws_max_queue=4,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
        ssl_certfile=server.tls_cert,
        ssl_keyfile=server.tls_key,
    )


def _url(config: Config, sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    scheme = "https" if config.server.tls else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
