"""Bodies that come compressed: inflated before anybody reads them, to no more than a body may have.

A kilobyte can stand for a gigabyte, so what comes out is counted while it comes out, and nothing is compressed twice.
"""

import asyncio
import zlib

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askcam.server.access.bodies import Bound, bound_of, too_large
from askcam.server.errors import Invalid, UnsupportedEncoding
from askcam.server.given_names import quoted

TAKEN = "gzip, deflate"
GZIP, ZLIB, RAW = 31, 15, -15  # zlib's words for them: wbits
MAX_MEMBERS = 64  # of one gzip body
ABOUT_A_BODY = (b"content-encoding", b"content-length")


class Inflate:
    """Between two that count a body: as it comes, and inflated. Reads a compressed one only when the route does."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        """`max_bytes`: of a body, both as it comes and inflated."""
        self.app, self.max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        encoding = ""
        if scope["type"] == "http":
            encoding = ", ".join(Headers(scope=scope).getlist("content-encoding")).strip().lower()
        if encoding in ("", "identity"):
            await self.app(scope, receive, send)
            return
        if encoding not in ("gzip", "x-gzip", "deflate"):
            raise _unknown(encoding)
        body: bytes | None = None
        bound = bound_of(scope, self.max_bytes)

        async def inflated() -> Message:
            nonlocal body
            if body is not None:
                return await receive()
            parts, num_bytes = [], 0
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return message
                parts.append(message.get("body", b""))
                num_bytes += len(parts[-1])
                if num_bytes > bound.num_bytes:
                    raise too_large(bound)
                if not message.get("more_body"):
                    break
            body = await asyncio.to_thread(inflate, b"".join(parts), encoding, bound)
            return {"type": "http.request", "body": body, "more_body": False}

        headers = [(name, value) for name, value in scope["headers"] if name not in ABOUT_A_BODY]
        await self.app({**scope, "headers": headers}, inflated, send)


def inflate(data: bytes, encoding: str, bound: Bound) -> bytes:
    """`data` as it was before. Raises TooLarge beyond `bound`, Invalid for what is not whole."""
    kinds = (ZLIB, RAW) if encoding == "deflate" else (GZIP,)
    for kind in kinds:
        try:
            return _members(data, kind, bound)
        except zlib.error as exc:
            problem = exc
    raise Invalid(f"the body is not {encoding}, as its Content-Encoding says", None, "invalid_body") from problem


def _members(data: bytes, kind: int, bound: Bound) -> bytes:
    """gzip bodies may have several members, one behind the other."""
    out = b""
    for _ in range(MAX_MEMBERS):
        stream = zlib.decompressobj(kind)
        out += stream.decompress(data, bound.num_bytes + 1 - len(out))
        if len(out) > bound.num_bytes:
            raise too_large(bound)
        if not stream.eof:
            raise zlib.error("it ends too early")
        data = stream.unused_data.lstrip(b"\0")
        if not data:
            return out
        if kind != GZIP:
            break
    raise zlib.error("something follows it")


def _unknown(encoding: str) -> UnsupportedEncoding:
    return UnsupportedEncoding(
        f"bodies of Content-Encoding {quoted(encoding)} are not read here: send {TAKEN}, or leave it uncompressed",
        TAKEN,
        "unsupported_encoding",
    )
