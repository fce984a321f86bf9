"""What a feature brings to one running server."""

from collections.abc import Callable, Mapping, Sequence

from prometheus_client.registry import Collector

from askcam.server.tools.base import Tool
from askcam.server.wire.endpoint import Endpoint


class CannotOpen(Exception):
    """What a feature keeps cannot be kept: a folder, a file. The message names it and the remedy."""


class Running:
    """One feature: what it brings, and its life. Owned by the event loop; what a feature does not need stays as is."""

    endpoints: Sequence[Endpoint] = ()
    tools: Sequence[Tool] = ()
    collectors: Sequence[Collector] = ()
    stores: Mapping[
        str, Callable[[], str | None]
    ] = {}  # each says, on any thread, what has become of it; None: nothing

    async def open(self) -> None:
        """Before anything is answered: folders and files. Raises CannotOpen for what the user can mend."""

    async def begin(self) -> None:
        """The engine is warm, and the configured cameras are being opened."""

    async def close(self) -> None:
        """The server ends. Only after open()."""
