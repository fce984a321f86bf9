"""Requests and connections that are under way, by who asked: to be ended once that token is good for nothing."""

from askcam.server.access.viewer import Viewer
from askcam.server.connections.protocol import TcpLine

REVOKED = "revoked"  # why such a connection ends


class Visits:
    """Owned by the event loop. Bounded by the connections that are open: each carries one request at a time."""

    def __init__(self) -> None:
        self._lines: dict[str, set[TcpLine]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def enter(self, viewer: Viewer, line: TcpLine) -> None:
        self._lines.setdefault(viewer.owner, set()).add(line)

    def leave(self, viewer: Viewer, line: TcpLine) -> None:
        lines = self._lines.get(viewer.owner, set())
        lines.discard(line)
        if not lines:
            self._lines.pop(viewer.owner, None)

    def end(self, viewer: Viewer) -> None:
        """End all of its connections at once; what waits to be sent is dropped."""
        for line in tuple(self._lines.get(viewer.owner, ())):
            line.abort(REVOKED)
