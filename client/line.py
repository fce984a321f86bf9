"""A realtime session's websocket, and the next one when it breaks: events come in order, each once."""

import asyncio
import json
import random
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from askcam.client.address import Address
from askcam.client.errors import (
    AskcamError,
    Busy,
    ConnectionFailed,
    ConnectionLost,
    ConnectionRefused,
    WireError,
    wire_error,
)
from askcam.client.protocol import ErrorBody, Problem

MAX_MESSAGE_BYTES = 16 << 20
FIRST_WAIT_S, LONGEST_WAIT_S = 0.05, 2.0  # between tries to come back
PINGS_UNANSWERED = 1011  # the server's close code when we seemed dead to it
EXPIRED, OTHER_NAME = 10, frozenset({62, 64})  # what OpenSSL says of a certificate that it does not trust
NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})


@dataclass(frozen=True, slots=True)
class LinePlace:
    """Where a session is, and how it is reached. Times in seconds."""

    address: Address
    model: str
    token: str | None
    context: ssl.SSLContext | None
    timeout_s: float  # to connect
    resume_s: float  # how long to try to come back

    async def connect(self, session: str | None = None, after: str | None = None) -> ClientConnection:
        """Raises ConnectionFailed, or the WireError that the server refuses with."""
        address = self.address
        try:
            return await open_websocket(
                address.realtime(self.model, session, after),
                additional_headers={"Authorization": f"Bearer {self.token}"} if self.token else None,
                compression=None,
                max_size=MAX_MESSAGE_BYTES,
                open_timeout=self.timeout_s,
                proxy=None if address.local else True,
                ssl=(self.context or ssl.create_default_context()) if address.ws.startswith("wss") else None,
            )
        except InvalidStatus as exc:
            raise problem(bytes(exc.response.body or b""), exc.response.status_code, address) from exc
        except (OSError, EOFError, InvalidHandshake, TimeoutError) as exc:
            raise unreachable(address, exc) from exc

    async def first(self, websocket: ClientConnection, kind: str) -> dict[str, Any]:
        """The first event, which must be of this type. Closes the websocket when it isn't, and raises as connect()."""
        try:
            async with asyncio.timeout(self.timeout_s):
                event: dict[str, Any] = json.loads(await websocket.recv())
        except (ConnectionClosed, TimeoutError, ValueError) as exc:
            await websocket.close()
            raise ConnectionFailed(
                f"{self.address.http} accepted, and then said nothing of use: is it askcam?"
            ) from exc
        if event.get("type") != kind:
            await websocket.close()
            raise wire_error(body(event.get("error") or {}))
        return event


class SessionLine:
    """Owned by the event loop. One task reads events(); any may send.

    When the connection breaks without a goodbye, events() connects again and goes on behind the last event that was
    taken out, for up to `resume_s`. What was being sent then may be lost: send() says so where it knows.
    """

    def __init__(self, place: LinePlace, websocket: ClientConnection, first: dict[str, Any]) -> None:
        self.session: dict[str, Any] = first["session"]  # as session.created had it
        self.num_resumed = 0
        self._place, self._websocket = place, websocket
        self._last: str = first["event_id"]
        self._up = asyncio.Event()
        self._up.set()
        self._closing = False

    @classmethod
    async def open(cls, place: LinePlace) -> "SessionLine":
        """Begin a session. Raises ConnectionFailed, or the WireError that the server refuses with."""
        websocket = await place.connect()
        return cls(place, websocket, await place.first(websocket, "session.created"))

    async def close(self, code: int = 1000) -> None:
        """Say goodbye: the session ends on the server, too. events() ends."""
        self._closing = True
        self._up.set()
        await self._websocket.close(code)

    async def send(self, message: dict[str, Any] | bytes) -> bool:
        """Waits while the server does not read. False: the connection is broken; what was sent last may be lost."""
        if not self._up.is_set():
            return False
        try:
            await self._websocket.send(message if isinstance(message, bytes) else json.dumps(message))
        except ConnectionClosed:
            return False
        return True

    async def up(self) -> None:
        """Wait until there is a connection again, or never will be."""
        await self._up.wait()

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """All events behind session.created. After a break comes session.resumed with `missed`, then so many as were
        missed. Ends with the session; raises ConnectionLost when it cannot be come back to, ValueError for no JSON."""
        while True:
            closed: ConnectionClosed | None = None
            try:
                async for message in self._websocket:
                    event = json.loads(message)
                    yield event
                    self._last = event["event_id"]  # taken out, and done with
            except ConnectionClosed as exc:
                closed = exc
            if self._closing or closed is None or not _broken(closed):
                raise self.lost(closed)
            self._up.clear()
            try:
                resumed = await self._resume()
            finally:
                self._up.set()
            yield resumed

    def lost(self, closed: ConnectionClosed | None = None) -> ConnectionLost:
        """That the session is over."""
        close = None if closed is None else closed.rcvd
        why = f" ({close.code} {close.reason})".replace(" )", ")") if close is not None else ""
        where = self._place.address.http
        return ConnectionLost(f"the connection to {where} has ended{why}: ask again to connect anew")

    async def _resume(self) -> dict[str, Any]:
        """Connect to the session again. Raises ConnectionLost."""
        place, wait_s = self._place, FIRST_WAIT_S
        deadline = time.monotonic() + place.resume_s
        while not self._closing:
            cause: AskcamError
            try:
                websocket = await place.connect(self.session["id"], self._last)
                resumed = await place.first(websocket, "session.resumed")
            except (ConnectionFailed, Busy) as exc:
                cause = exc
            except WireError as exc:
                raise ConnectionLost(f"{self.lost()} (it could not be resumed: {exc})") from exc
            else:
                self._websocket = websocket
                self.num_resumed += 1
                return resumed
            if time.monotonic() + wait_s > deadline:
                raise self.lost() from cause
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # clients that broke off together come apart
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        raise self.lost()


def _broken(closed: ConnectionClosed) -> bool:
    """Whether nobody said goodbye."""
    return closed.rcvd is None or closed.rcvd.code == PINGS_UNANSWERED


def body(error: dict[str, Any]) -> ErrorBody:
    """What an `error` object of the wire says."""
    return msgspec.convert({"message": "refused", "type": "server_error", **error}, ErrorBody)


def problem(data: bytes, status: int, address: Address) -> AskcamError:
    """What an HTTP answer with an error status means."""
    try:
        return wire_error(msgspec.json.decode(data, type=Problem).error)
    except msgspec.DecodeError:
        return ConnectionFailed(f"{address.http} answers with HTTP status {status}: is it askcam?")


def unreachable(address: Address, exc: BaseException) -> ConnectionFailed:
    """Why there is no connection, and what to do."""
    if isinstance(exc, ConnectionRefusedError):
        return ConnectionRefused(f"nothing listens at {address.http}: start `askcam serve` there, or give its --url")
    if isinstance(exc, ssl.SSLCertVerificationError):
        said = exc.verify_message.rstrip(".")
        return ConnectionFailed(f"the certificate of {address.http} is not trusted ({said}): {_mends(exc)}")
    if isinstance(exc, ssl.SSLError) and exc.reason in NO_TLS:
        return ConnectionFailed(f"what listens at {address.http} speaks no TLS: is its address http://?")
    why = "no answer in time" if isinstance(exc, TimeoutError) else str(exc) or type(exc).__name__
    return ConnectionFailed(f"cannot reach {address.http} ({why}): check the address and that the server runs")


def _mends(exc: ssl.SSLCertVerificationError) -> str:
    if exc.verify_code == EXPIRED:
        return "it has to be renewed there"
    if exc.verify_code in OTHER_NAME:
        return "use an address that it names"
    return "give its CA (--ca; in Python as ssl context)"
