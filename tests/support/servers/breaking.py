"""A TCP proxy whose connections break when a test wants it: cut hard in the middle of a message, or gone silent."""

import asyncio
import contextlib
from types import TracebackType


class Breaking:
    """Listens on a port of the system's choice and passes everything on to `port`. Owned by the event loop.

    cut_after(down=n) breaks the newest connection, without a goodbye, once n more bytes have come from the server;
    `up` counts those from the client. Later connections are whole again.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._left: dict[str, int | None] = {"down": None, "up": None}
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._silent = asyncio.Event()  # set: connections of now pass nothing on any more
        self.num_cuts = self.num_connections = 0

    async def __aenter__(self) -> "Breaking":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _ in range(3):  # what was aborted is closed at the loop's next turn
            await asyncio.sleep(0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def cut_after(self, *, down: int | None = None, up: int | None = None) -> None:
        self._left = {"down": down, "up": up}

    def cut(self) -> None:
        """Break all connections now."""
        self.num_cuts += 1
        self._abort()

    def close(self) -> None:
        """Break all connections, and take no more."""
        self._server.close()
        self.cut()

    def fall_silent(self) -> None:
        """The connections of now stay open and pass nothing on any more, as a line whose far end has lost its power."""
        self._silent.set()
        self._silent = asyncio.Event()

    def _abort(self) -> None:
        for pair in self._pairs:
            for writer in pair:
                writer.transport.abort()
        self._pairs.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.num_connections += 1
        silent = self._silent
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, far_writer)
        self._pairs.add(pair)
        for work in (self._pump(reader, far_writer, "up", silent), self._pump(far_reader, writer, "down", silent)):
            task = asyncio.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str, silent: asyncio.Event
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(4096):
                if silent.is_set():
                    continue
                left = self._left[way]
                if left is not None and len(data) >= left:
                    self._left = {"down": None, "up": None}
                    writer.write(data[:left])
                    await writer.drain()
                    self.cut()
                    return
                self._left[way] = None if left is None else left - len(data)
                writer.write(data)
                await writer.drain()
        if not silent.is_set():
            writer.close()
