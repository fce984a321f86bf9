"""Whoever listens to a broker beside the server under test, and publishes there."""

import json
import threading
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from support.servers.running import RunningBroker
from support.waiting import until

WAIT_S = 120.0


class MqttListener:
    """Hears everything, in a thread of its own, and connects again by itself."""

    def __init__(self, broker: RunningBroker, client_id: str = "listener", user: str | None = None) -> None:
        self._port = broker.port
        self._lock = threading.Lock()
        self.heard: list[tuple[str, bytes, bool]] = []  # topic, payload, retained
        self.connections = 0
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 1)
        if user is not None:
            self._client.username_pw_set(user, "right-password")

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        until(lambda: self.connections, "the listener", WAIT_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: paho.Client, *_: Any) -> None:
        client.subscribe("#", 1)
        self.connections += 1

    def _on_message(self, client: paho.Client, data: Any, message: paho.MQTTMessage) -> None:
        with self._lock:
            self.heard.append((message.topic, bytes(message.payload), message.retain))

    def publish(self, topic: str, payload: Any, *, retain: bool = False) -> None:
        said = payload if isinstance(payload, bytes | str) else json.dumps(payload)
        self._client.publish(topic, said, 1, retain).wait_for_publish(60)

    def all(self, topic: str) -> list[bytes]:
        """What has come there, oldest first."""
        with self._lock:
            return [payload for at, payload, _ in self.heard if at == topic]

    def now(self, topic: str) -> bytes | None:
        """The newest; None: nothing has come."""
        found = self.all(topic)
        return found[-1] if found else None

    def json(self, topic: str) -> Any:
        """The newest, read; an empty table where there is none."""
        return json.loads(self.now(topic) or b"{}")

    def topics(self) -> set[str]:
        """Those that hold something now."""
        with self._lock:
            newest = {topic: payload for topic, payload, _ in self.heard}
        return {topic for topic, payload in newest.items() if payload}

    def forget(self) -> None:
        with self._lock:
            self.heard.clear()

    def comes(self, topic: str, payload: bytes) -> None:
        until(lambda: self.now(topic) == payload, f"{payload!r} at {topic}", WAIT_S)
