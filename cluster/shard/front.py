"""The front as a shard speaks to it: small requests, each within a time, of which nothing worse comes than an error."""

import asyncio
import json
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

T = TypeVar("T")


class FrontAway(Exception):
    """It could not be reached, has not answered in time, or answered as no front does. The message says what."""


class FrontRefuses(Exception):
    """It has answered, and will not have this. The message is its own. `status`: of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class FrontLink:
    """Owned by the event loop."""

    def __init__(self, url: str, token: str, ca: Path | None) -> None:
        """Raises OSError for a certificate that cannot be read."""
        address = Address.parse(url)
        self.url, self._token = address.http, token
        self._link = ShardLink(address, ca, CONNECT_S)

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
        await self._link.close()

    async def _asked(self, what: str, body: msgspec.Struct, within_s: float, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(await self._said(what, body, within_s), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise FrontAway(f"{self.url} does not answer as a front does: {str(exc)[:100]}") from exc

    async def _said(self, what: str, body: msgspec.Struct, within_s: float) -> bytes:
        content = encode(body)
        headers = [
            (b"accept", JSON),
            (b"user-agent", b"askcam-shard"),
            (b"authorization", b"Bearer " + self._token.encode()),
            (b"content-type", JSON),
            (b"content-length", str(len(content)).encode()),
        ]
        target = f"/v1/shards/{what}".encode()
        try:
            async with asyncio.timeout(within_s), self._link.asked("POST", target, headers, content) as reply:
                data = await reply.whole(MAX_REPLY)
        except TimeoutError as exc:
            raise FrontAway(f"{self.url} has not answered in {within_s:g} s") from exc
        except LinkError as exc:
            raise FrontAway(f"{self.url}: {exc}") from exc
        if reply.status not in (200, 204):
            raise FrontRefuses(reply.status, _told(reply.status, data))
        return data


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
