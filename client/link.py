"""One realtime connection of the client: questions out, events in, each to the reply that it belongs to."""

import asyncio
import json
import ssl
from collections.abc import Callable
from itertools import count
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from askcam.client.address import Address
from askcam.client.errors import AskcamError, ConnectionFailed, ConnectionLost, ConnectionRefused, WireError, wire_error
from askcam.client.protocol import ErrorBody, Problem
from askcam.client.reply import Reply

MAX_MESSAGE_BYTES = 16 << 20
KEY = "askcam_reply"  # in a response's metadata: which reply it answers


class Link:
    """A websocket about one model, with the task that reads it. Owned by the event loop.

    Several questions may be under way at once; each is asked out of the conversation, so none sees another.
    """

    def __init__(self, websocket: ClientConnection, session: dict[str, Any], where: str) -> None:
        self.session = session  # as session.created had it
        self._websocket, self._where = websocket, where
        self._keys = count(1)
        self._replies: dict[str, Reply] = {}  # by key, until they end
        self._by_response: dict[str, str] = {}  # response id -> key
        self._unwanted: set[str] = set()  # keys of replies that were cancelled before their response had an id
        self.on_event: Callable[[dict[str, Any]], None] = lambda event: None  # what belongs to no reply
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(
        cls, address: Address, model: str, token: str | None, context: ssl.SSLContext | None, timeout_s: float
    ) -> "Link":
        """Raises ConnectionFailed, or the WireError that the server refuses with."""
        try:
            websocket = await open_websocket(
                address.realtime(model),
                additional_headers={"Authorization": f"Bearer {token}"} if token else None,
                compression=None,
                max_size=MAX_MESSAGE_BYTES,
                open_timeout=timeout_s,
                proxy=None if address.local else True,
                ssl=(context or ssl.create_default_context()) if address.ws.startswith("wss") else None,
            )
        except InvalidStatus as exc:
            raise _refusal(exc, address) from exc
        except (OSError, InvalidHandshake, TimeoutError) as exc:
            raise unreachable(address, exc) from exc
        try:
            async with asyncio.timeout(timeout_s):
                first = json.loads(await websocket.recv())
        except (ConnectionClosed, TimeoutError, ValueError) as exc:
            await websocket.close()
            raise ConnectionFailed(f"{address.http} accepted, and then said nothing of use: is it askcam?") from exc
        if first.get("type") != "session.created":
            await websocket.close()
            raise wire_error(_body(first.get("error") or {}))
        return cls(websocket, first["session"], address.http)

    @property
    def closed(self) -> bool:
        return self._reader.done()

    async def close(self) -> None:
        """Replies under way fail with ConnectionLost."""
        await self._websocket.close()
        await self._reader

    async def send(self, message: dict[str, Any] | bytes) -> None:
        """Waits while the server does not read. Raises ConnectionLost."""
        try:
            await self._websocket.send(message if isinstance(message, bytes) else json.dumps(message))
        except ConnectionClosed as exc:
            raise self._lost() from exc

    async def ask(self, reply: Reply, response: dict[str, Any]) -> None:
        """Ask; the reply is fed from now on. Raises ConnectionLost."""
        key = f"q{next(self._keys)}"
        self._replies[key] = reply
        try:
            await self.send(
                {"type": "response.create", "event_id": key, "response": {**response, "metadata": {KEY: key}}}
            )
        except ConnectionLost:
            self._replies.pop(key, None)
            raise

    async def cancel(self, reply: Reply) -> None:
        """Tell the server that the answer is not wanted. The reply ends when the server has said so."""
        key = next((key for key, known in self._replies.items() if known is reply), None)
        if key is None:
            return
        if reply.response_id is None:
            self._unwanted.add(key)
            return
        try:
            await self.send({"type": "response.cancel", "response_id": reply.response_id})
        except ConnectionLost as exc:
            reply.fail(exc)

    async def _read(self) -> None:
        error: AskcamError = self._lost()
        try:
            async for message in self._websocket:
                await self._hear(json.loads(message))
        except ConnectionClosed as exc:
            error = self._lost(exc)
        except (ValueError, KeyError, TypeError, AttributeError, msgspec.ValidationError) as exc:
            error = ConnectionLost(f"{self._where} sent what is no event of askcam's ({exc})")
            await self._websocket.close(1002)
        finally:
            for reply in self._replies.values():
                reply.fail(error)
            self._replies.clear()

    async def _hear(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "response.created":
                await self._created(event["response"])
            case "response.output_text.delta":
                reply = self._replies.get(self._by_response.get(event["response_id"], ""))
                if reply is not None:
                    reply.say(event["delta"])
            case "response.done":
                key = self._by_response.pop(event["response"]["id"], "")
                reply = self._replies.pop(key, None)
                if reply is not None:
                    reply.finish(event["response"])
            case "error":
                self._refused(event)
            case _:
                self.on_event(event)

    async def _created(self, response: dict[str, Any]) -> None:
        key = (response.get("metadata") or {}).get(KEY, "")
        reply = self._replies.get(key)
        if reply is None:
            return
        reply.response_id = response["id"]
        self._by_response[response["id"]] = key
        if key in self._unwanted:
            self._unwanted.discard(key)
            await self.cancel(reply)

    def _refused(self, event: dict[str, Any]) -> None:
        body, cause = _body(event["error"]), event["error"].get("event_id") or ""
        reply = self._replies.get(cause)
        if reply is None:
            if body.code != "response_cancel_not_active":  # it had ended by itself meanwhile
                self.on_event(event)
            return
        if reply.response_id is None:  # no response.done will come
            del self._replies[cause]
            self._unwanted.discard(cause)
        reply.fail(wire_error(body))

    def _lost(self, exc: ConnectionClosed | None = None) -> ConnectionLost:
        close = None if exc is None else exc.rcvd
        why = f" ({close.code} {close.reason})".replace(" )", ")") if close is not None else ""
        return ConnectionLost(f"the connection to {self._where} has ended{why}: ask again to connect anew")


def refusal_of(event: dict[str, Any]) -> WireError:
    """The error that an `error` event stands for."""
    return wire_error(_body(event["error"]))


def _body(error: dict[str, Any]) -> ErrorBody:
    return msgspec.convert({"message": "refused", "type": "server_error", **error}, ErrorBody)


def problem(data: bytes, status: int, address: Address) -> AskcamError:
    """What an HTTP answer with an error status means."""
    try:
        return wire_error(msgspec.json.decode(data, type=Problem).error)
    except msgspec.DecodeError:
        return ConnectionFailed(f"{address.http} answers with HTTP status {status}: is it askcam?")


def _refusal(exc: InvalidStatus, address: Address) -> AskcamError:
    return problem(bytes(exc.response.body or b""), exc.response.status_code, address)


def unreachable(address: Address, exc: BaseException) -> ConnectionFailed:
    """Why there is no connection, and what to do."""
    if isinstance(exc, ConnectionRefusedError):
        return ConnectionRefused(f"nothing listens at {address.http}: start `askcam serve` there, or give its --url")
    if isinstance(exc, ssl.SSLCertVerificationError):
        return ConnectionFailed(
            f"the certificate of {address.http} is not trusted ({exc.verify_message}): give its CA as ssl context"
        )
    why = "no answer in time" if isinstance(exc, TimeoutError) else str(exc) or type(exc).__name__
    return ConnectionFailed(f"cannot reach {address.http} ({why}): check the address and that the server runs")
