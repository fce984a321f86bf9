"""HTTP between a front and a shard: TLS verified, nothing followed, no proxy of the environment, a bounded number of
connections.

The library under it is httpcore2's pool, over asyncio. Whatever goes wrong is a LinkError.
"""

import contextlib
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpcore2

from askcam.client.address import Address
from askcam.stream.secrets import KNOWN
from askcam.stream.tls_errors import tls_trouble

MOST = 512  # connections to one server: a front's requests and streams, and its own looks
ROOM_S = 5.0  # for one of them to be free
CA = "ca, beside where its address is said"
Header = tuple[bytes, bytes]


class LinkError(Exception):
    """`refused`: there is nobody, or nobody who is trusted; else it was there, and broke off or told nonsense.
    `closed`: its machine itself said that no process listens there. The message holds no secrets."""

    def __init__(self, message: str, *, refused: bool, closed: bool = False) -> None:
        super().__init__(message)
        self.refused, self.closed = refused, closed


class LinkReply:
    """A reply whose head has come."""

    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response
        self.status: int = response.status
        self.headers: Sequence[Header] = response.headers

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Its body as it comes. Raises LinkError."""
        with _told():
            async with contextlib.aclosing(self._response.aiter_stream()) as stream:
                async for piece in stream:
                    yield piece

    async def whole(self, most: int) -> bytes:
        """Raises LinkError, also for more than `most` bytes."""
        data = bytearray()
        async with contextlib.aclosing(self.pieces()) as pieces:
            async for piece in pieces:
                data += piece
                if len(data) > most:
                    raise LinkError(f"it sent more than {most >> 10} KiB in one reply", refused=False)
        return bytes(data)


class ShardLink:
    """Owned by the event loop."""

    def __init__(self, address: Address, ca: Path | None, connect_s: float) -> None:
        """`ca`: PEM, who has signed its certificate, where the system doesn't know; `connect_s`: seconds for a
        connection. Raises OSError for a file that cannot be read."""
        self._parts = urlsplit(address.http)
        self._connect_s = connect_s
        self.ssl = _context_of(address, ca)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=self.ssl, max_connections=MOST, max_keepalive_connections=16, keepalive_expiry=4.0
        )

    @property
    def host(self) -> bytes:
        """As its Host header has it."""
        return self._parts.netloc.encode()

    @contextlib.asynccontextmanager
    async def asked(
        self, method: str, target: bytes, headers: Sequence[Header], content: bytes | None = None
    ) -> AsyncIterator[LinkReply]:
        """A reply, once its head is there; how long that may take is the caller's to say. Leaving the block closes what
        is unread, which ends the shard's work. Raises LinkError."""
        url = httpcore2.URL(
            scheme=self._parts.scheme,
            host=self._parts.hostname or "",
            port=self._parts.port,
            target=self._parts.path.encode() + target,
        )
        with _told(plain=self.ssl is None):
            async with self._pool.stream(
                method,
                url,
                headers=[(b"Host", self.host), *headers],
                content=content,
                extensions={"timeout": {"connect": self._connect_s, "pool": ROOM_S}},
            ) as response:
                yield LinkReply(response)

    async def close(self) -> None:
        await self._pool.aclose()


def _context_of(address: Address, ca: Path | None) -> ssl.SSLContext | None:
    """For https; None for http."""
    if not address.http.startswith("https"):
        return None
    return ssl.create_default_context(cafile=None if ca is None else str(ca))


def unconnected(exc: Exception) -> LinkError:
    """Of a connection that did not come about."""
    trouble = tls_trouble(exc, CA) or f"nothing answers there ({_reason(exc)})"
    return LinkError(trouble, refused=True, closed=_closed(exc))


@contextlib.contextmanager
def _told(plain: bool = False) -> Iterator[None]:
    """`plain`: nothing has been heard yet, over http."""
    try:
        yield
    except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as exc:
        raise unconnected(exc) from exc
    except httpcore2.PoolTimeout as exc:
        raise LinkError(f"all {MOST} connections to it are in use", refused=False) from exc
    except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, OSError) as exc:
        hint = ": if it has a certificate, its address begins with https://" if plain else ""
        raise LinkError(f"it broke off ({_reason(exc)}){hint}", refused=False) from exc


def _closed(exc: BaseException | None) -> bool:
    """Whether the connection was refused, at each address that was tried."""
    if isinstance(exc, BaseExceptionGroup):
        return all(map(_closed, exc.exceptions))
    return exc is not None and (isinstance(exc, ConnectionRefusedError) or _closed(exc.__cause__ or exc.__context__))


def _reason(exc: Exception) -> str:
    return KNOWN.hide(str(exc).strip()[:200] or type(exc).__name__)
