"""A private camera of a program's own frames."""

import asyncio
import contextlib
import struct
import time
from collections.abc import AsyncIterable, Awaitable, Callable
from types import TracebackType
from typing import Any

from askcam.client.errors import AskcamError
from askcam.client.frames import jpeg
from askcam.client.link import Link, refusal_of
from askcam.client.reply import Reply

HEADER = struct.Struct(">Q")  # microseconds since the epoch, before each JPEG
ROUND_TRIPS = 5  # the quickest of these compares the clocks
CLOCK_EVERY_S = 30.0
CLOCK_TIMEOUT_S = 5.0


class Pushed:
    """A camera that only this connection feeds and asks; it is gone when the block is left. Made by Client.push().

        async with client.push() as camera:
            await camera.send(jpeg_bytes, captured_at=time.time())
            answer = await camera.ask("what am I holding?")

    Frames are read as the camera's frames are: the newest counts, older ones that nobody has seen are dropped.
    """

    def __init__(
        self,
        open_link: Callable[[], Awaitable[Link]],
        ask: Callable[..., Reply],
        frames: AsyncIterable[Any] | None,
    ) -> None:
        self._open_link, self._ask, self._frames = open_link, ask, frames
        self._link: Link | None = None
        self._clock_answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._refusal: AskcamError | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def name(self) -> str:
        """The camera's name on the server."""
        return str(self._open.session["askcam"]["camera"])

    @property
    def _open(self) -> Link:
        if self._link is None:
            raise AskcamError("the pushed camera is not open: use it in `async with client.push() as camera:`")
        return self._link

    async def __aenter__(self) -> "Pushed":
        self._link = await self._open_link()
        self._link.on_event = self._hear
        try:
            await self._compare_clocks()
        except BaseException:
            await self._link.close()
            raise
        self._tasks.append(asyncio.create_task(self._keep_clock()))
        if self._frames is not None:
            self._tasks.append(asyncio.create_task(self._feed(self._frames)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        failures = [
            failure
            for failure in await asyncio.gather(*self._tasks, return_exceptions=True)
            if isinstance(failure, Exception)
        ]
        await self._open.close()
        if failures and exc is None:
            raise failures[0]

    async def send(self, frame: Any, captured_at: float | None = None) -> None:
        """Push a frame: JPEG bytes, or an array (height, width, 3) uint8 RGB.

        `captured_at` is in seconds since the epoch by this machine's clock; now, if it isn't given. Raises FrameError,
        ConnectionLost, and what the server said of an earlier frame (BadRequest).
        """
        if self._refusal is not None:
            refusal, self._refusal = self._refusal, None
            raise refusal
        at = time.time() if captured_at is None else captured_at
        data = frame if isinstance(frame, bytes) else await asyncio.to_thread(jpeg, frame)
        await self._open.send(HEADER.pack(int(at * 1e6)) + jpeg(data))
        await asyncio.sleep(0)  # sending alone need not give others a turn, and refusals must be heard

    def ask(self, question: str, **options: Any) -> Reply:
        """Ask about this camera; `options` as in Client.ask."""
        return self._ask(question, self._open, **options)

    async def _feed(self, frames: AsyncIterable[Any]) -> None:
        async for frame in frames:
            if isinstance(frame, tuple):
                await self.send(frame[0], frame[1])
            else:
                await self.send(frame)

    def _hear(self, event: dict[str, Any]) -> None:
        if event["type"] == "askcam.clock" and "server_us" in event:
            self._clock_answers.put_nowait(event)
        elif event["type"] == "error":
            self._refusal = refusal_of(event)

    async def _keep_clock(self) -> None:
        while True:
            await asyncio.sleep(CLOCK_EVERY_S)
            await self._compare_clocks()

    async def _compare_clocks(self) -> None:
        """Tell the server how far its clock is from ours, by the quickest of some round trips.

        Without an answer in time, frames count from their arrival.
        """
        best: tuple[int, int] | None = None  # round trip, offset; microseconds
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOCK_TIMEOUT_S):
                for _ in range(ROUND_TRIPS):
                    sent = time.time_ns() // 1000
                    await self._open.send({"type": "askcam.clock", "client_us": sent})
                    while (answer := await self._clock_answers.get())["client_us"] != sent:
                        pass  # one that came too late
                    rtt = max(0, time.time_ns() // 1000 - sent)
                    trip = (rtt, answer["server_us"] - sent - rtt // 2)
                    best = trip if best is None else min(best, trip)
        if best is not None:
            await self._open.send({"type": "askcam.clock", "rtt_us": best[0], "offset_us": best[1]})
