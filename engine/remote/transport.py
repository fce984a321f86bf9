"""HTTP to a model server: bounded in bytes and in time, TLS verified, nothing followed, no proxy of the environment.

The library under it is httpcore2's pool, over asyncio. Whatever goes wrong is an EngineError.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

import httpcore2

from askcam.engine.errors import EngineError, EngineFailure, ModelUnreachable
from askcam.engine.remote.deltas import read_object
from askcam.engine.remote.place import KEY, SAID, ServerPlace
from askcam.engine.remote.refusals import refusal
from askcam.stream.secrets import KNOWN
from askcam.stream.tls_errors import tls_trouble

CONNECT_S = 5.0
MAX_BODY_BYTES = 8 << 20  # of a reply that comes in one
MAX_REFUSAL_BYTES = 64 << 10
MAX_STREAM_BYTES = 256 << 20  # of one streamed answer
USER_AGENT = ("User-Agent", "askcam")
CA = "SSL_CERT_FILE, in the environment"


class Transport:
    """Owned by the engine's event loop. `model`: for what is said of it."""

    def __init__(
        self, place: ServerPlace, key: str | None, first_s: float, most: int, model: str = "", key_name: str = KEY
    ) -> None:
        """`first_s`: the longest silence before an answer's first word. `most`: requests at once. `key_name`: the
        variable that the key comes from."""
        self.place, self.first_s, self.model, self._key_name = place, first_s, model, key_name
        self._headers = [("Host", place.netloc), USER_AGENT, ("Content-Type", "application/json")]
        if key:
            self._headers.append(("Authorization", f"Bearer {key}"))
            KNOWN.learn(f"model.{key_name}", [key])
        context = httpcore2.default_ssl_context() if place.scheme == "https" else None
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context, max_connections=most, max_keepalive_connections=most, keepalive_expiry=4.0
        )

    async def get(self, path: str, *, root: bool = False) -> dict[str, Any]:
        """A JSON object. `root`: beside the protocol's path. Raises EngineError."""
        return await self._whole("GET", path, None, root)

    async def post(self, path: str, body: Mapping[str, Any], *, root: bool = False) -> dict[str, Any]:
        """The same for what is sent something."""
        return await self._whole("POST", path, body, root)

    @contextlib.asynccontextmanager
    async def stream(self, path: str, body: bytes) -> AsyncIterator[AsyncIterator[bytes]]:
        """POST a body of JSON; the reply's bytes as they come, once its status was 200. How long each may take is the
        caller's to say. Leaving the block closes the connection, which ends the server's work."""
        async with (
            self._asked("POST", path, body, False) as response,
            contextlib.aclosing(self._pieces(response)) as pieces,
        ):
            yield pieces

    async def close(self) -> None:
        await self._pool.aclose()

    async def _whole(self, method: str, path: str, body: Mapping[str, Any] | None, root: bool) -> dict[str, Any]:
        content = None if body is None else json.dumps(body).encode()
        try:
            async with asyncio.timeout(self.first_s), self._asked(method, path, content, root) as response:
                return read_object(await _read(response, MAX_BODY_BYTES, self.place.shown))
        except TimeoutError as exc:
            raise self.silent() from exc

    def silent(self, seconds: float | None = None) -> EngineFailure:
        """What is told of a server that says nothing for so long; None: before its first word."""
        remedy = "" if seconds is not None else " A server that needs longer is given it by first_s under [model]"
        return EngineFailure(
            f"the model server at {self.place.shown} said nothing for {seconds or self.first_s:g} s: is it overloaded?"
            + remedy
        )

    @contextlib.asynccontextmanager
    async def _asked(self, method: str, path: str, content: bytes | None, root: bool) -> AsyncIterator[Any]:
        """A reply with status 200. Raises EngineError for others."""
        shown = self.place.shown
        try:
            async with self._pool.stream(
                method,
                httpcore2.URL(
                    scheme=self.place.scheme,
                    host=self.place.host,
                    port=self.place.port,
                    target=("" if root else self.place.path) + path,
                ),
                headers=[*self._headers, ("Content-Length", str(len(content or b"")))],
                content=content,
                extensions={"timeout": {"connect": CONNECT_S}},
            ) as response:
                headers = {name.decode().lower(): value.decode("latin-1") for name, value in response.headers}
                if response.status != 200:
                    said = b""
                    with contextlib.suppress(EngineFailure):
                        said = await _read(response, MAX_REFUSAL_BYTES, shown)
                    raise _hidden(refusal(response.status, headers, said, shown, self.model, self._key_name))
                if headers.get("content-type", "").lower().startswith("text/html"):
                    raise EngineFailure(
                        f"{shown} answers with a page (text/html), which no model server does: is url right, or does "
                        "something else answer in its place (a proxy, a login)?"
                    )
                yield response
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as exc:
            trouble = tls_trouble(exc, CA)
            if trouble is not None:
                raise ModelUnreachable(f"no connection to the model server at {shown} ({SAID}): {trouble}") from exc
            raise ModelUnreachable(
                f"nothing answers at {shown} ({_reason(exc)}): is the model server running, is its address right "
                f"({SAID})?"
            ) from exc
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, OSError) as exc:
            raise EngineFailure(f"the model server at {shown} broke off ({_reason(exc)})") from exc

    async def _pieces(self, response: Any) -> AsyncGenerator[bytes, None]:
        size = 0
        async with contextlib.aclosing(response.aiter_stream()) as stream:
            async for piece in stream:
                size += len(piece)
                if size > MAX_STREAM_BYTES:
                    raise EngineFailure(f"the model server sent more than {MAX_STREAM_BYTES >> 20} MiB of one answer")
                yield piece


async def _read(response: Any, most: int, shown: str) -> bytes:
    data = bytearray()
    async for piece in response.aiter_stream():
        data += piece
        if len(data) > most:
            raise EngineFailure(f"{shown} sent more than {most >> 10} KiB in one reply")
    return bytes(data)


def _reason(exc: Exception) -> str:
    return KNOWN.hide(str(exc).strip() or type(exc).__name__)


def _hidden(error: EngineError) -> EngineError:
    """Without what is secret: servers repeat keys."""
    error.args = tuple(KNOWN.hide(each) if isinstance(each, str) else each for each in error.args)
    return error
