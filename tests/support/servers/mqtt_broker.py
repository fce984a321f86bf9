"""amqtt's broker on loopback, in a process of its own, with users and with topics that some of them may not use. On its
stdout it tells which events it has taken, since whoever listens may connect again later than the server."""

import argparse
import asyncio
import logging
from typing import Any

from amqtt.broker import Broker
from amqtt.contexts import Action
from amqtt.plugins.base import BaseAuthPlugin, BasePlugin, BaseTopicPlugin

PASSWORD = "right-password"
OPEN = ("guest", None)  # without a password


class Users(BaseAuthPlugin):
    async def authenticate(self, *, session: Any) -> bool:
        return session.username in OPEN or session.password == PASSWORD


class Rules(BaseTopicPlugin):
    """`muted` may write nothing; `deaf` may read neither questions nor what servers say of themselves."""

    async def topic_filtering(self, *, session: Any = None, topic: Any = None, action: Any = None) -> bool:
        if session.username == "muted":
            return bool(action is not Action.PUBLISH)
        deaf = session.username == "deaf" and action is not Action.PUBLISH
        return not (deaf and topic.endswith(("/ask", "/status")))


class Taken(BasePlugin[Any]):
    """Prints what the broker has taken, one JSON line each."""

    async def on_broker_message_broadcast(self, *, client_id: str, message: Any) -> None:
        if message.topic == "askcam/event":
            print(bytes(message.data).decode(), flush=True)


async def main(port: int, cert: str | None, key: str | None) -> None:
    plugins: dict[str, Any] = {f"mqtt_broker.{name}": {} for name in ("Users", "Rules", "Taken")}
    listener: dict[str, Any] = {"type": "tcp", "bind": f"127.0.0.1:{port}"}
    if cert is not None:
        listener |= {"ssl": True, "certfile": cert, "keyfile": key}
    broker = Broker({"listeners": {"default": listener}, "plugins": plugins})
    await broker.start()
    print(f"READY {port}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--cert")  # over TLS, with this certificate ...
    parser.add_argument("--key")  # ... and its key
    asked = parser.parse_args()
    asyncio.run(main(asked.port, asked.cert, asked.key))
