"""A server that runs, as those see it who started it: whether it is ready, and how it is told to end."""

import asyncio

import uvicorn

from askcam.engine.interface import Engine
from askcam.server.core import Core

LOADING = "askcam-load"  # name of the thread that loads the model


class RunningServer:
    """A server that has its socket. Owned by the event loop that `serving` runs in."""

    def __init__(self, core: Core, url: str, server: uvicorn.Server, loaded: "asyncio.Future[Engine]") -> None:
        self.core, self.url, self._server, self._loaded = core, url, server, loaded
        self._ended = asyncio.Event()

    async def ready(self) -> Engine:
        """Wait until the model is warm and the configured cameras are being opened. Raises ModelError, SourceError."""
        return await asyncio.shield(self._loaded)

    async def ended(self) -> None:
        """Wait until the server ends, or has been told to."""
        await self._ended.wait()

    def stop(self) -> None:
        """Begin to end: requests get 1.5 s to finish, at the second call none."""
        self._server.force_exit = self._server.should_exit
        self._server.should_exit = True
        self.core.end_streams()
        self._ended.set()
