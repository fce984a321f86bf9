"""What people ask of a front that does not lead, and only the leader can do: it is passed on, once."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from askcam.client.address import Address
from askcam.cluster.front.errors import NotLeads
from askcam.cluster.front.headers import back, towards
from askcam.cluster.front.relay import OURS, target_of
from askcam.cluster.link import LinkError, ShardLink
from askcam.server.access.request_ids import SCOPE
from askcam.server.lifecycle import ServerPart
from askcam.server.wire.endpoint import Handler

MARK = "x-askcam-passed-on"  # whoever is no leader either passes it on no further
PASS_S = 10.0  # for the leader's answer
MAX_BYTES = 8 << 20  # of it: 500 events with all their readings are two


class ToLeader(ServerPart):
    """Owned by the event loop."""

    def __init__(
        self, refresh: Callable[[], Awaitable[None]], token: str | None, ca: Path | None, connect_s: float
    ) -> None:
        """`refresh`: has this front see what the leader has done; `token`: an admin's, here as there; `ca`: PEM, who
        has signed the leader's certificate."""
        self._refresh, self._token, self._ca, self._connect_s = refresh, token, ca, connect_s
        self._link: ShardLink | None = None
        self._url = ""

    def led(self, handler: Handler) -> Handler:
        """The same, done by the leader where this front does not lead."""

        async def here_or_there(request: Request) -> Response:
            try:
                return await handler(request)
            except NotLeads as refusal:
                if not refusal.url or MARK in request.headers:
                    raise
                return await self._passed_on(request, refusal)

        return here_or_there

    async def close(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    async def _passed_on(self, request: Request, refusal: NotLeads) -> Response:
        """Raises NotLeads."""
        body = await request.body()
        headers = towards(
            request.scope["headers"],
            client=request.client.host if request.client else "127.0.0.1",
            scheme=request.url.scheme,
            request_id=request.scope.get(SCOPE, ""),
            token=self._token,
            num_bytes=len(body),
        )
        headers.append((MARK.encode(), b"1"))
        try:
            link = await self._to(refusal.url)
            async with (
                asyncio.timeout(PASS_S),
                link.asked(request.method, target_of(request.scope), headers, body) as reply,
            ):
                data = await reply.whole(MAX_BYTES)
        except (LinkError, TimeoutError, OSError, ValueError) as exc:
            raise NotLeads(refusal.url, f"this front could not: {exc or 'no answer'}") from exc
        if reply.status in OURS:
            raise NotLeads(refusal.url, "it refuses this front's admin token: fronts of one table have the same tokens")
        await self._refresh()  # whoever asks here what became of it finds it
        answer = Response(data, reply.status)
        answer.raw_headers = [(name, value) for name, value in back(reply.headers) if name != b"content-length"]
        answer.raw_headers.append((b"content-length", str(len(data)).encode()))
        return answer

    async def _to(self, url: str) -> ShardLink:
        if self._link is None or self._url != url:
            await self.close()
            self._url, self._link = url, ShardLink(Address.parse(url), self._ca, self._connect_s)
        return self._link
