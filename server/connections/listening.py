"""An ASGI app is served: its socket, uvicorn's server over connections that are watched, and a log that strangers do
not fill."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterable, Iterator

import uvicorn
from starlette.types import ASGIApp

from askcam.server.access.limits import Limits
from askcam.server.access.proxies import TrustedProxies
from askcam.server.config_errors import ConfigError
from askcam.server.connections.accepting import Accepting
from askcam.server.connections.book import Book
from askcam.server.connections.certificate import Certificate
from askcam.server.connections.protocol import GuardedHttp, GuardedWebsocket
from askcam.server.connections.told import Quiet, Told
from askcam.server.server_config import ServerConfig

GRACE_S = 1.5  # for requests to finish once the server ends; streams end at once
BACKLOG = 1024  # connections that the kernel holds until they are taken


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


class GuardedServer(uvicorn.Server):
    """Leaves signals to the command that runs it, and connections to Accepting."""

    def __init__(
        self,
        config: uvicorn.Config,
        listener: socket.socket,
        book: Book,
        told: Told,
        proxies: TrustedProxies,
        end_streams: Callable[[], None],
    ) -> None:
        """`end_streams`: what would go on for ever is over then, so that nobody waits for it."""
        super().__init__(config)
        self._listener, self._book, self._told, self._proxies = listener, book, told, proxies
        self._end_streams = end_streams
        self._accepting: Accepting | None = None
        self._renewing: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        self._accepting = Accepting(
            self._listener,
            self._book,
            self._told,
            self._proxies,
            self.config,
            self.server_state,
            lambda: self.lifespan.state,
        )
        self._accepting.begin()
        if self.config.is_ssl:
            self._renewing = asyncio.create_task(Certificate(self.config).follow())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        assert self._accepting is not None, "started"
        if self._renewing is not None:
            self._renewing.cancel()
        await self._accepting.end()
        self._end_streams()
        grace = asyncio.get_running_loop().call_later(GRACE_S, self._accepting.abort_all)
        if self.force_exit:
            self._accepting.abort_all()
        await super().shutdown(sockets=[])
        grace.cancel()
        await self._accepting.close()
        if self._renewing is not None:
            await asyncio.gather(self._renewing, return_exceptions=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class ListeningServer:
    """A server that has its socket, as those see it who started it: where it is, and how it is told to end. Owned by
    the event loop that it runs in."""

    def __init__(self, url: str, server: uvicorn.Server, end_streams: Callable[[], None]) -> None:
        self.url, self._server, self._end_streams = url, server, end_streams
        self._ended = asyncio.Event()

    async def ended(self) -> None:
        """Wait until the server ends, or has been told to."""
        await self._ended.wait()

    def stop(self) -> None:
        """Begin to end: requests get 1.5 s to finish, at the second call none."""
        self._server.force_exit = self._server.should_exit
        self._server.should_exit = True
        self._end_streams()
        self._ended.set()


@contextlib.contextmanager
def quiet(told: Told, loggers: Iterable[str] = ()) -> Iterator[None]:
    """What strangers cause does not fill the log while the block runs: uvicorn's, asyncio's, and that of `loggers`."""
    hush = Quiet(told)
    found = [logging.getLogger(name) for name in ("uvicorn.error", "asyncio", *loggers)]
    for logger in found:
        logger.addFilter(hush)
    try:
        yield
    finally:
        for logger in found:
            logger.removeFilter(hush)


def uvicorn_config(app: ASGIApp, server: ServerConfig, limits: Limits) -> uvicorn.Config:
    """How it is served."""
    return uvicorn.Config(
        app,
        http=GuardedHttp,
        ws=GuardedWebsocket,
        proxy_headers=False,  # access/proxies.py believes those only who are named
        ws_per_message_deflate=False,  # JPEGs do not shrink, and it costs 20 times the CPU
        ws_max_size=limits.max_ws_message_bytes,
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


def url_of(sock: socket.socket, tls: bool) -> str:
    """Where what listens there is reached."""
    host, port = sock.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    return f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
