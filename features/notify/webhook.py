"""One POST to a webhook: signed, to the address that askcam.toml names, following nothing.

The library under it is httpcore2: one connection, one request, no proxy of the environment.
"""

import asyncio
import ssl
import time
from collections.abc import Callable
from http import HTTPStatus

import httpcore2

from askcam.features.notify.backoff import retry_after_s
from askcam.features.notify.letter import Letter, body
from askcam.features.notify.redact import of_webhook, without
from askcam.features.notify.sender import DeliveryFailed, DeliveryTaken, Outcome
from askcam.features.notify.signing import sign
from askcam.server.attached.allowed import HostPlace

HEADERS = [("Content-Type", "application/json"), ("User-Agent", "askcam"), ("Connection", "close")]
WORDS = {
    400: "it does not understand the request",
    401: "it wants other credentials, or does not accept the signature: is its secret the one in askcam.toml?",
    403: "it does not accept the request, or its signature: is its secret the one in askcam.toml?",
    404: "there is nothing at that address: is the path right?",
    413: "the request is too large for it: leave picture out",
}


class Webhook:
    """Owned by the event loop, which it never blocks."""

    def __init__(
        self,
        place: HostPlace,
        keys: tuple[bytes, ...],
        timeout_s: float,
        *,
        tls: ssl.SSLContext | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`tls`: None trusts whom the system trusts. `wall`: seconds since the epoch."""
        self._place, self._keys, self._timeout_s, self._wall = place, keys, timeout_s, wall
        self._tls = httpcore2.default_ssl_context() if tls is None and place.scheme == "https" else tls
        self.address = of_webhook(place)

    async def send(self, letter: Letter) -> Outcome:
        """Try once."""
        data = await asyncio.to_thread(body, letter)
        signature = sign(self._keys, letter.name, int(self._wall()), data)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(data, signature)
        except TimeoutError:
            return DeliveryFailed(f"it did not answer within {self._timeout_s:g} s")
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, OSError) as exc:
            return DeliveryFailed(
                f"it cannot be reached: {without(str(exc) or type(exc).__name__, (self._place.url,))}"
            )

    def close(self) -> None:
        """There is nothing to be closed."""

    async def _post(self, data: bytes, signature: list[tuple[str, str]]) -> Outcome:
        place = self._place
        host = f"[{place.host}]" if ":" in place.host else place.host
        request = httpcore2.Request(
            "POST",
            httpcore2.URL(scheme=place.scheme, host=host, port=place.port, target=place.target),
            headers=[("Host", place.netloc), *HEADERS, ("Content-Length", str(len(data))), *signature],
            content=data,
            extensions={"sni_hostname": place.host},
        )
        origin = httpcore2.Origin(place.scheme.encode(), place.host.encode(), place.port)
        connection = httpcore2.AsyncHTTPConnection(origin, ssl_context=self._tls)
        try:
            response = await connection.handle_async_request(request)
            try:
                return self._judge(response)
            finally:
                await response.aclose()
        finally:
            await connection.aclose()

    def _judge(self, response: httpcore2.Response) -> Outcome:
        status = response.status
        headers = {key.lower(): value.decode("latin-1") for key, value in response.headers}
        if 200 <= status < 300:
            return DeliveryTaken()
        if status == 410:
            return DeliveryFailed("it answers 410 Gone: it wants nothing any more", gone=True)
        if 300 <= status < 400:
            return DeliveryFailed(f"it answers {_phrase(status)}, which is not followed: name the address it leads to")
        hint = f": {WORDS[status]}" if status in WORDS else ""
        asked = retry_after_s(headers.get(b"retry-after", ""), self._wall()) if status in (429, 503) else None
        return DeliveryFailed(f"it answers {_phrase(status)}{hint}", asked)


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
