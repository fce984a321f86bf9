"""uvicorn's protocols, watched over: who is slow or breaks off is let go, and nothing that a stranger sends raises."""

import asyncio
import socket
import struct
import sys
import time
from typing import Any

import h11
from starlette.types import Scope
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from askcam.server.connections.book import Book, Peer
from askcam.server.connections.effort import Effort, Part, Reins
from askcam.server.connections.pace import Pace, Phase
from askcam.server.connections.told import Told

KEY = "askcam.line"  # in a scope's state: the Line that the request came over
SEND_BYTES = 128 << 10  # asked of the kernel per connection: what waits there is memory, and old pictures
NO_CLOSE_FRAME = 1005  # uvicorn's code for it, as for a close frame without a code; only that has a reason
ABNORMAL = (1006, 1011)  # the line broke; pings were not answered
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class TcpLine:
    """One connection as its requests know it, whichever protocol it speaks by now. Owned by the event loop."""

    def __init__(self, peer: Peer, book: Book, told: Told, effort: Effort) -> None:
        self.peer, self.book, self.told = peer, book, told
        # behind a trusted proxy there are many clients at one address
        whose = f"{id(self)}" if peer.proxy else peer.address
        self._part = Part(effort, whose, lambda: 1 if peer.proxy else book.of(peer.address))
        self.pace = Pace(since=time.monotonic())
        self.begun = False  # asyncio has the socket
        self.transport: Reins | None = None
        self.protocol: GuardedHttp | GuardedWebsocket | None = None

    def proven(self) -> None:
        """What came over it was let in."""
        self.peer.proven = True

    def parsed(self, seconds: float) -> None:
        """What came over it took so long to take in. Of whom that takes too much, nothing is read for a while."""
        wait_s = self._part.spent(seconds)
        if wait_s > 0.0 and self.transport is not None:
            self.transport.hold(wait_s, lambda: self._part.spent(0.0))

    def stalled_s(self) -> float:
        """For how long its client has read nothing of what waits for it, to a second."""
        return self.pace.stalled_s(time.monotonic())

    def abort(self, why: str) -> None:
        """End it at once; what waits is dropped."""
        self.peer.why = self.peer.why or why
        if self.transport is not None:
            self.transport.abort()

    def look(self, now: float) -> None:
        """Once a second: let it go if it is too slow."""
        transport, protocol = self.transport, self.protocol
        if transport is None or protocol is None:
            return  # in its TLS handshake, which has a time-out of its own
        pace = self.pace
        waiting = transport.get_write_buffer_size() > 0
        if pace.unread(waiting, _taken(transport) if waiting else 0, now):
            self.told.once("unread", "a client has read nothing for 20 s: its connection is ended")
            self.abort("unread")
        elif pace.lingers(transport.is_closing(), now) and not waiting:
            self.abort("lingers")
        elif (slow := protocol.look(now)) is not None:
            self.told.once(slow, f"the {slow} of a request came too slowly: its connection is ended")
            if protocol.may_answer:
                transport.write(TOO_SLOW)
            self.abort(f"slow {slow}")


class GuardedHttp(H11Protocol):
    """HTTP/1.1, one connection."""

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], line: TcpLine) -> None:
        super().__init__(config, server_state, {**app_state, KEY: line})
        self._line = line
        self._held_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        line = self._line
        line.transport, line.protocol = Reins(transport), self
        line.pace.since = time.monotonic()
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
        super().connection_made(line.transport)  # type: ignore[arg-type]  # all of a transport that it uses
        if line.peer.gone:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self._line.pace.came(len(data), now)
        if self._line.pace.phase is Phase.REST:
            self._line.pace.at(Phase.HEAD, now)
        try:
            super().data_received(data)
        except (h11.ProtocolError, ValueError, UnicodeError, RuntimeError) as exc:
            self._line.told.once(
                "malformed", f"a request was malformed ({type(exc).__name__}): its connection is ended"
            )
            self._line.abort("malformed")
        self._turn(now)
        self._line.parsed(time.monotonic() - now)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._line.protocol is self:  # not handed on to a websocket
            self._line.book.leave(self._line.peer)

    def send_400_response(self, msg: str) -> None:
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE) or self._answering:
            self._line.abort("malformed")  # amid an answer there is no place for another
            return
        super().send_400_response(msg)

    def shutdown(self) -> None:
        try:
            super().shutdown()
        except h11.LocalProtocolError:  # it was at its end already
            self._line.abort("ended")

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._turn(time.monotonic(), answered=True)

    @property
    def may_answer(self) -> bool:
        """Whether a request has begun, and got nothing yet: one that never began wants no answer."""
        begun = self._line.pace.body_bytes > 0 or self._line.pace.phase is not Phase.HEAD
        return begun and self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE) and not self._answering

    def look(self, now: float) -> str | None:
        if self.flow is not None and (self.flow.read_paused or (self._line.transport and self._line.transport.held)):
            held = now - (self._held_since or now)
            self._line.pace.held(held)
            self._held_since = now
        else:
            self._held_since = None
        self._turn(now)
        return self._line.pace.overdue(now)

    def _turn(self, now: float, *, answered: bool = False) -> None:
        """Take in what the connection is at."""
        pace, theirs, ours = self._line.pace, self.conn.their_state, self.conn.our_state
        asked = self.cycle is not None and not self.cycle.response_complete
        self._line.peer.idle = not asked
        if theirs is h11.IDLE and not asked:
            if answered:
                pace.at(Phase.REST, now)
            elif pace.phase is not Phase.REST:
                pace.at(Phase.HEAD, now)
        elif theirs is h11.SEND_BODY:
            pace.at(Phase.DRAIN if ours in (h11.DONE, h11.MUST_CLOSE) else Phase.BODY, now)
        else:
            pace.at(Phase.BUSY, now)


class GuardedWebsocket(WebSocketsSansIOProtocol):
    """A websocket, from its handshake on. Its pings find out who is gone."""

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        super().__init__(config, server_state, app_state)
        self._line: TcpLine = app_state[KEY]
        self._full = False

    may_answer = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._line.protocol = self
        self._line.peer.idle = False
        self._line.pace.at(Phase.BUSY, time.monotonic())
        super().connection_made(transport)

    def handle_parser_exception(self) -> None:
        if self._line.transport is not None:
            self._line.transport.draining = True
        super().handle_parser_exception()

    def data_received(self, data: bytes) -> None:
        if self._line.transport is not None and self._line.transport.draining:
            self._line.transport.came(len(data))
            return
        began = time.monotonic()
        try:
            super().data_received(data)
        except Exception as exc:  # whatever it is, it is what a client sent
            self._line.told.once("websocket", f"a websocket was malformed ({type(exc).__name__}): it is ended")
            self._line.abort("malformed")
        self._line.parsed(time.monotonic() - began)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._line.book.leave(self._line.peer)

    def pause_writing(self) -> None:
        """Pongs and errors are written without waiting, so who does not read is not read either."""
        super().pause_writing()
        self._full = True
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._full:
            self._full = False
            if not self.read_paused:
                self.transport.resume_reading()

    def look(self, now: float) -> str | None:
        return None


def line_of(scope: Scope) -> TcpLine | None:
    """The connection that a request came over; None where there is none of ours (a test's transport)."""
    found = scope.get("state", {}).get(KEY)
    return found if isinstance(found, TcpLine) else None


def broke_off(code: int | None, reason: str | None) -> bool:
    """Whether nobody said goodbye on a websocket that this server has not closed, by what its end is told with."""
    return code in ABNORMAL or (code in (None, NO_CLOSE_FRAME) and reason is None)


def _taken(transport: Reins) -> int:
    """How many bytes the client's machine has acknowledged so far; where the system does not say, what we still hold,
    counted down."""
    sock = transport.get_extra_info("socket")
    if sock is not None and sys.platform == "linux":
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 128)
        if len(info) >= 128:
            (acked,) = struct.unpack_from("=Q", info, 120)  # tcpi_bytes_acked
            return int(acked)
    return -int(transport.get_write_buffer_size())
