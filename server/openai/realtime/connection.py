"""One websocket that serves a realtime session: a reader, a writer, and a watch for what ends it."""

import asyncio
import contextlib
import logging
import re
import time
from enum import StrEnum

from starlette.websockets import WebSocket, WebSocketDisconnect

from askcam.server.access.shares import client_of
from askcam.server.connections.protocol import broke_off
from askcam.server.core import Core, client
from askcam.server.errors import Refusal
from askcam.server.openai.addresses import fetched
from askcam.server.openai.realtime.client_events import ClientEvent, EventRefused, read
from askcam.server.openai.realtime.hosted import Hosted
from askcam.server.openai.realtime.session import random_id

log = logging.getLogger(__name__)

SLOW_READER_S = 20.0  # as long as the websocket's own pings wait
LARGE_CHARS = 32_768  # a longer message is read off the event loop: it may hold a frame
PICTURE = re.compile(r'"input_image"|\\u')  # in a message that holds pictures, in letters or perhaps escaped
CLOSE_S = 1.0  # to say goodbye to a connection that may be dead


class End(StrEnum):
    CLOSED = "closed"  # by the client
    LOST = "lost"  # nobody said goodbye
    TAKEN = "taken"  # the client has come back on another connection
    OVER = "over"  # the session has ended


class Connection:
    """Owned by the event loop. Runs once."""

    def __init__(self, websocket: WebSocket, hosted: Hosted, core: Core, first: str | None = None) -> None:
        """`first` is said before anything that waits in the outbox."""
        self._websocket, self._hosted, self._first = websocket, hosted, first
        self._fetcher, self._max_chars = core.fetcher, core.limits.max_question_chars
        self._decoding, self._intake = core.decoding, core.places.intake
        self._extensions = core.realtime
        self._end: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self._stopped = asyncio.Event()
        self._mute = asyncio.Event()  # nothing can be written any more

    async def run(self) -> End:
        """Serve until something ends it, and say what. The session goes on."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(work) for work in (self._write(), self._read(), self._watch())]
                end = await self._end
                for task in tasks:
                    task.cancel()
        finally:
            self._hosted.connection = None
            self._stopped.set()
        return end

    async def take(self) -> None:
        """Stop serving, since the client has come back elsewhere; returns when nothing is read or written any more."""
        self._over(End.TAKEN)
        await self._stopped.wait()

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye, if somebody still listens."""
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._websocket.close(code, reason)

    def _over(self, end: End) -> None:
        if not self._end.done():
            self._end.set_result(end)

    async def _watch(self) -> None:
        await self._hosted.ended.wait()
        self._over(End.OVER)

    async def _read(self) -> None:
        who = client_of(self._websocket)
        while True:
            late = await self._intake.turn(who)
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                self._over(_how(message.get("code"), message.get("reason")))
                return
            wall, mono = time.time() - late, time.monotonic() - late
            data = message.get("text")
            if data is None:
                data = message["bytes"]
            self._intake.came(who, len(data))
            data = await fetched(data, self._fetcher, who)
            if isinstance(data, EventRefused):
                event: ClientEvent = data
            elif isinstance(data, str) and PICTURE.search(data):
                event = await self._read_pictures(data)
            elif isinstance(data, str) and len(data) > LARGE_CHARS:
                event = await asyncio.to_thread(self._event, data)
            else:
                event = self._event(data)
            self._hosted.receive(event, wall, mono)
            if self._hosted.outbox.full:
                await self._room()

    def _event(self, data: str | bytes) -> ClientEvent:
        """On any thread."""
        return read(data, random_id, self._max_chars, self._extensions)

    async def _read_pictures(self, data: str) -> ClientEvent:
        try:
            return await self._decoding.run(client(self._websocket), lambda budget: self._event(data))
        except Refusal as busy:  # what is wrong with the message itself is in the event
            return EventRefused(busy, None)

    async def _room(self) -> None:
        """Wait until the client has read some more, or it is plain that it never will."""
        waits = [asyncio.create_task(self._hosted.outbox.room()), asyncio.create_task(self._mute.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _write(self) -> None:
        message = self._first
        while True:
            if message is None:
                message = await self._hosted.outbox.get()
            try:
                async with asyncio.timeout(SLOW_READER_S):
                    await self._websocket.send_text(message)
            except TimeoutError:
                log.info("a realtime client has read nothing for %g s; its connection is closed", SLOW_READER_S)
                self._over(End.LOST)
                return
            except WebSocketDisconnect:  # the reader will know how it ended
                self._mute.set()
                return
            message = None


def _how(code: int | None, reason: str | None) -> End:
    """How a connection ended that this server did not close."""
    return End.LOST if broke_off(code, reason) else End.CLOSED
