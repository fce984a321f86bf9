"""The front, or fronts, as a shard speaks to them: small requests, each within a time, of which nothing worse than an
error comes."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from askcam.client.address import Address
from askcam.client.protocol import encode
from askcam.cluster.link import LinkError, ShardLink
from askcam.cluster.messages import (
    MAX_REPLY,
    DeliverEvents,
    EventReceipts,
    JoinShard,
    LeaveShard,
    RenewShard,
    ShardOrders,
)

CONNECT_S = 2.0
MAX_TOLD = 500  # characters of a refusal that are told
JSON = b"application/json"
IN_TROUBLE = 500  # a front that answers so, or higher, cannot now what another one may

T = TypeVar("T")


class FrontAway(Exception):
    """It could not be reached, has not answered in time, or answered as no front does. The message says what."""


class FrontRefuses(Exception):
    """It has answered, and will not have this. The message is its own. `status`: of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class FrontLink:
    """The front, or all those over one table: what is said goes to the one that worked last, and to the next where that
    one is away or in trouble, as one is that does not lead. Owned by the event loop."""

    def __init__(self, urls: str | Sequence[str], token: str, ca: Path | None) -> None:
        """Raises OSError for a certificate that cannot be read."""
        addresses = [Address.parse(url) for url in ([urls] if isinstance(urls, str) else urls)]
        self._urls, self._token = [address.http for address in addresses], token
        self._links = [ShardLink(address, ca, CONNECT_S) for address in addresses]
        self._place = 0  # of the one that worked last

    @property
    def url(self) -> str:
        """Of the one that is asked first."""
        return self._urls[self._place]

    async def join(self, body: JoinShard, within_s: float) -> ShardOrders:
        """Raises FrontAway, FrontRefuses."""
        return await self._asked("join", body, within_s, ShardOrders)

    async def renew(self, body: RenewShard, within_s: float) -> ShardOrders:
        """Raises FrontAway, FrontRefuses."""
        return await self._asked("renew", body, within_s, ShardOrders)

    async def deliver(self, body: DeliverEvents, within_s: float) -> EventReceipts:
        """Raises FrontAway, FrontRefuses."""
        return await self._asked("events", body, within_s, EventReceipts)

    async def leave(self, body: LeaveShard, within_s: float) -> None:
        """Raises FrontAway, FrontRefuses."""
        await self._said("leave", body, within_s)

    async def close(self) -> None:
        for link in self._links:
            await link.close()

    async def _asked(self, what: str, body: msgspec.Struct, within_s: float, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(await self._said(what, body, within_s), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise FrontAway(f"{self.url} does not answer as a front does: {str(exc)[:100]}") from exc

    async def _said(self, what: str, body: msgspec.Struct, within_s: float) -> bytes:
        """The time is shared by all that are asked."""
        content, num = encode(body), len(self._links)
        failed: dict[int, FrontAway | FrontRefuses] = {}
        for place in [(self._place + step) % num for step in range(num)]:
            try:
                data = await self._said_to(place, what, content, within_s / num)
            except FrontAway as exc:
                failed[place] = exc
            except FrontRefuses as exc:
                if exc.status < IN_TROUBLE:
                    raise
                failed[place] = exc
            else:
                self._place = place
                return data
        raise _of_all([failed[place] for place in sorted(failed)])

    async def _said_to(self, place: int, what: str, content: bytes, within_s: float) -> bytes:
        url, link = self._urls[place], self._links[place]
        headers = [
            (b"accept", JSON),
            (b"user-agent", b"askcam-shard"),
            (b"authorization", b"Bearer " + self._token.encode()),
            (b"content-type", JSON),
            (b"content-length", str(len(content)).encode()),
        ]
        target = f"/v1/shards/{what}".encode()
        try:
            async with asyncio.timeout(within_s), link.asked("POST", target, headers, content) as reply:
                data = await reply.whole(MAX_REPLY)
        except TimeoutError as exc:
            raise FrontAway(f"{url} has not answered in {within_s:g} s") from exc
        except LinkError as exc:
            raise FrontAway(f"{url}: {exc}") from exc
        if reply.status not in (200, 204):
            raise FrontRefuses(reply.status, _told(reply.status, data))
        return data


def _of_all(failed: Sequence[FrontAway | FrontRefuses]) -> FrontAway | FrontRefuses:
    if len(failed) == 1:
        return failed[0]
    return FrontAway("; ".join(map(str, failed)))


def _told(status: int, data: bytes) -> str:
    """What a refusal says."""
    try:
        message = json.loads(data)["error"]["message"]
    except (ValueError, RecursionError, KeyError, TypeError):
        message = None
    if isinstance(message, str):
        return message[:MAX_TOLD]
    hint = ": no front with [cluster] is there" if status in (404, 405) else ""
    return f"it answers with {status}{hint}"
