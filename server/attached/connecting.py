"""One connection to a server on the list: to an address that was looked up once, found allowed, and is then used.

The library under it is httpcore2: it opens one connection and sends one request, looks at no proxy of the environment,
follows nothing and unpacks nothing. It asks Pinned for the connection and then proves the host's name over it by TLS,
so there is no second look-up that could give another answer.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpcore2

from askcam.server.attached.allowed import HostPlace, Rules

MAX_TRIES = 3  # addresses of one host
NUM_THREADS = 4  # that look names up
HEADERS = [("User-Agent", "askcam"), ("Accept-Encoding", "identity"), ("Connection", "close")]

LookUp = Callable[[str, int], Sequence[str]]  # host and port -> IP addresses; blocks; raises OSError


class AddressNotAllowed(Exception):
    """Nobody is asked there; the text says why."""


def look_up(host: str, port: int) -> list[str]:
    """The IP addresses of a host, as the system finds them. Blocks; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Pinned(httpcore2.AsyncNetworkBackend):
    """Connects to hosts at addresses that `rules` allow. Names are looked up on threads of its own."""

    def __init__(self, rules: Rules, look_up: LookUp = look_up) -> None:
        self._rules, self._look_up = rules, look_up
        self._threads = ThreadPoolExecutor(NUM_THREADS, thread_name_prefix="askcam-names")
        self._plain = httpcore2.AnyIOBackend()

    def close(self) -> None:
        """Look-ups that have begun are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore2 calls it so
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Raises NotAllowed, OSError, httpcore2.ConnectError."""
        loop = asyncio.get_running_loop()
        try:
            addresses = await loop.run_in_executor(self._threads, self._look_up, host, port)
        except (OSError, UnicodeError) as exc:
            raise httpcore2.ConnectError(f"the name {host!r} is not known") from exc
        for address in addresses:
            if not self._rules.may_reach(host, address):
                raise AddressNotAllowed(
                    f"{host!r} is at {address}, which is not in the internet at large; name it in private under "
                    "[fetch] if it may be asked all the same"
                )
        failure = httpcore2.ConnectError(f"the name {host!r} has no address")
        for address in addresses[:MAX_TRIES]:
            try:
                return await self._plain.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore2.ConnectError as exc:
                failure = exc
        raise failure


@contextlib.asynccontextmanager
async def opened(place: HostPlace, network: Pinned, tls: ssl.SSLContext) -> AsyncIterator[httpcore2.Response]:
    """The response to GET, its body still to be read. Raises what httpcore2 and Pinned do."""
    host = f"[{place.host}]" if ":" in place.host else place.host
    url = httpcore2.URL(scheme=place.scheme, host=host, port=place.port, target=place.target)
    request = httpcore2.Request(
        "GET", url, headers=[("Host", place.netloc), *HEADERS], extensions={"sni_hostname": place.host}
    )
    connection = httpcore2.AsyncHTTPConnection(
        httpcore2.Origin(place.scheme.encode(), place.host.encode(), place.port),
        ssl_context=tls,
        network_backend=network,
    )
    try:
        response = await connection.handle_async_request(request)
        try:
            yield response
        finally:
            await response.aclose()
    finally:
        await connection.aclose()
