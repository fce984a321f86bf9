"""One connection to the broker: bounded both ways, and every publication acknowledged."""

import asyncio
import contextlib
import logging
import math
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import aiomqtt
from aiomqtt.exceptions import MqttConnectError

from askcam.features.mqtt.config import MqttConfig
from askcam.features.mqtt.topics import Topics
from askcam.features.mqtt.troubles import BrokerAway, cut_off, refused, unreachable

log = logging.getLogger(__name__)
library = logging.getLogger(f"{__name__}.library")
library.setLevel(logging.CRITICAL)  # what it has to say is said here, once

KEEPALIVE_S = 30  # without a word for one and a half times as long, the broker tells our last will
CONNECT_S = 5.0
ANSWER_S = 10.0  # for the broker to acknowledge
LEAVE_S = 2.0  # for it to take our leave
MAX_HEARD = 32  # messages that wait to be looked at; what comes then is dropped
MAX_PACKET = 32 << 10  # bytes of one message; the rest of a larger one is read and thrown away
CHUNK = 16 << 10  # that are read at once
MAX_UNSENT = 1000  # acknowledgements that the broker does not read; then the connection ends
MAX_HALF = 32  # messages of QoS 2 that it has begun and not ended; nobody has asked for any


@dataclass(frozen=True, slots=True)
class HeardMessage:
    topic: str
    payload: bytes
    retained: bool


class _Inbox(asyncio.Queue[aiomqtt.Message]):
    """What comes while it is full is dropped and counted."""

    def __init__(self, dropped: "Counter[str]", maxsize: int) -> None:
        super().__init__(maxsize)
        self._dropped = dropped

    def put_nowait(self, item: aiomqtt.Message) -> None:
        if self.full():
            self._dropped["message"] += 1
        else:
            super().put_nowait(item)


class BrokerLink:
    """Owned by the event loop. Its methods raise BrokerAway once the connection is over."""

    def __init__(self, client: aiomqtt.Client, config: MqttConfig) -> None:
        self._client, self._config = client, config

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Returns once the broker has acknowledged it."""
        try:
            await self._client.publish(topic, payload, qos=1, retain=retain)
        except aiomqtt.MqttError as exc:
            raise BrokerAway(cut_off(self._config)) from exc

    async def subscribe(self, topic: str) -> bool:
        """Whether the broker allows it."""
        try:
            granted = await self._client.subscribe(topic, qos=1)
        except aiomqtt.MqttError as exc:
            raise BrokerAway(cut_off(self._config)) from exc
        return all(_code(each) < 128 for each in granted)

    async def messages(self) -> AsyncIterator[HeardMessage]:
        """Until the connection is over, which raises BrokerAway."""
        try:
            async for message in self._client.messages:
                payload = message.payload if isinstance(message.payload, bytes) else b""
                yield HeardMessage(str(message.topic), payload, message.retain)
        except aiomqtt.MqttError as exc:
            raise BrokerAway(cut_off(self._config)) from exc


@contextlib.asynccontextmanager
async def connected(config: MqttConfig, topics: Topics, dropped: "Counter[str]") -> AsyncIterator[BrokerLink]:
    """One that ends with the block. `dropped` counts each "message" that came too fast. Raises BrokerAway."""
    broker = config.broker
    opened: list[ssl.SSLSocket] = []
    client = aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.user,
        password=broker.password,
        identifier=config.client_id,
        clean_session=True,
        keepalive=KEEPALIVE_S,
        timeout=ANSWER_S,
        will=aiomqtt.Will(topics.status, b"offline", qos=1, retain=True),
        queue_type=cast(Any, partial(_Inbox, dropped)),
        max_queued_incoming_messages=MAX_HEARD,
        tls_context=await asyncio.to_thread(_tls, config, opened) if broker.tls else None,
        logger=library,
    )
    client._client.connect_timeout = CONNECT_S
    _bound(client._client)
    entering = asyncio.ensure_future(client.__aenter__())
    try:
        await asyncio.shield(entering)
    except asyncio.CancelledError:  # its thread cannot be stopped: what it opens is closed
        with contextlib.suppress(aiomqtt.MqttError, OSError):
            await entering
        _drop(client, opened)
        raise
    except MqttConnectError as exc:
        _drop(client, opened)
        raise BrokerAway(refused(config, _code(exc.rc))) from exc
    except (aiomqtt.MqttError, OSError, ValueError) as exc:
        _drop(client, opened)
        raise BrokerAway(unreachable(config, str(exc))) from exc
    try:
        yield BrokerLink(client, config)
    finally:
        client.timeout = LEAVE_S
        with contextlib.suppress(aiomqtt.MqttError):
            await client.__aexit__(None, None, None)
        _drop(client, opened)


def _tls(config: MqttConfig, opened: list[ssl.SSLSocket]) -> ssl.SSLContext:
    """`opened` gets the sockets: the library forgets to close one whose handshake fails."""
    try:
        context = ssl.create_default_context(cafile=None if config.ca is None else str(config.ca))
    except (OSError, ssl.SSLError) as exc:
        raise BrokerAway(f"{config.ca}, the ca of [mqtt], cannot be read as PEM: {exc}") from exc
    wrap = context.wrap_socket

    def remembered(*args: Any, **more: Any) -> ssl.SSLSocket:
        opened.append(wrap(*args, **more))
        return opened[-1]

    context.wrap_socket = remembered  # type: ignore[method-assign]
    return context


def _bound(client: Any) -> None:
    """No broker fills our memory. The library has no bound of its own for one message, nor for what it owes: here its
    reads are cut into pieces, and what a message has beyond MAX_PACKET is let go between them."""
    receive = client._sock_recv

    def bounded(num_bytes: int) -> bytes:
        if len(client._out_packet) > MAX_UNSENT or len(client._in_messages) > MAX_HALF:
            raise ConnectionError("the broker sends more than it takes")
        del client._in_packet["packet"][MAX_PACKET:]
        data: bytes = receive(min(num_bytes, CHUNK))
        return data

    client._sock_recv = bounded


def _drop(client: aiomqtt.Client, opened: list[ssl.SSLSocket]) -> None:
    """Nothing of it stays open, however it ended; what its end was like has been told."""
    client._client._sock_close()
    for each in opened:
        each.close()
    for end in (client._connected, client._disconnected):
        if end.done() and not end.cancelled():
            end.exception()


def _code(reason: Any) -> int:
    """Of the library's reason, a number or an object."""
    value = getattr(reason, "value", reason)
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else 128
