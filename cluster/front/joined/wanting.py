"""Cameras that people want watched by whichever shard has room: those of front.toml, and those of POST /v1/cameras."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from askcam.cluster.changes import Change
from askcam.cluster.front.joined.config import API, FILE, options_of, origin_of, watches_in
from askcam.cluster.front.joined.owning import ClusterTable
from askcam.cluster.members import CameraWish
from askcam.cluster.owners import Owners
from askcam.server.errors import Invalid
from askcam.server.lifecycle import ServerPart
from askcam.stream.secrets import KNOWN

FPS = (0.05, 60.0)  # frames a second that a server takes
MAX_URI = 2048  # characters

log = logging.getLogger(__name__)


class WantedCameras(ServerPart):
    """Owned by the event loop. The table is its memory: what was wanted while it ran is wanted after a restart, too."""

    def __init__(self, table: ClusterTable, listed: Sequence[CameraWish]) -> None:
        """`listed`: those of front.toml."""
        self._table, self._listed = table, listed

    async def open(self) -> None:
        """Raises Refusal."""
        self._table.begins = self._hold
        if self._table.leads:
            await self._hold()

    async def _hold(self) -> None:
        """What front.toml says now holds: cameras that were taken out of it are wanted no longer. Raises Refusal."""
        listed = {wish.name for wish in self._listed}
        known = self._table.view.wishes.values()
        gone = [wish.name for wish in known if wish.name not in listed and origin_of(wish) == FILE]
        of_file = {name for wish in self._listed for name in watches_in(wish)}
        taken = sorted(of_file & self._table.view.watches.keys())

        def hold(owners: Owners, now_s: float) -> list[Change]:
            others = [change for name in taken for change in owners.unwatch(name, now_s)]
            return [*others, *owners.unwant(gone, now_s), *owners.want(self._listed, now_s)]

        await self._table.change(hold)
        for name in taken:
            log.warning("a watch %r was made while the front ran; the one of front.toml has taken its place", name)

    async def add(self, name: str, options: dict[str, Any], only: str, apart: str) -> None:
        """`options`: as under [cameras.NAME]; the shard that gets it reads them. Raises Refusal."""
        uri, fps = options["uri"], options.get("fps")
        if not uri.strip() or len(uri) > MAX_URI:
            raise Invalid(f"a camera needs its source, of up to {MAX_URI} characters: rtsp://host/path", "uri")
        if fps is not None and not FPS[0] <= fps <= FPS[1]:
            raise Invalid(f"fps is {fps:g}; it must be {FPS[0]:g} to {FPS[1]:g}", "fps")
        KNOWN.learn_uri(uri)
        wish = CameraWish(name, only, apart, options_of(options, {}, API))
        await self._table.change(lambda owners, now_s: owners.want([wish], now_s))
        KNOWN.publish(name)

    async def change(self, name: str, changes: Mapping[str, Any]) -> None:
        """Its masks or zones, as under [cameras.NAME], which were checked; its shard opens it anew. Raises Refusal."""
        wish = self._table.view.wishes[name]
        told = json.loads(wish.options or "{}")
        options = options_of(told.get("camera", {}) | changes, told.get("watches", {}), told.get("origin", API))
        await self._table.change(lambda owners, now_s: owners.want([replace(wish, options=options)], now_s))

    async def remove(self, name: str) -> None:
        """Raises Trouble."""
        await self._table.change(lambda owners, now_s: owners.unwant([name], now_s))
