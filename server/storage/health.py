"""Whether what is kept on disk is still where it was put."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

log = logging.getLogger(__name__)

FRESH_S = 1.0  # strangers may ask /readyz as often as they like


class Storage(Collector):
    """Owned by the event loop. Each of `looks` says, on any thread, what has become of a store (None: nothing)."""

    def __init__(self, looks: Mapping[str, Callable[[], str | None]] | None = None) -> None:
        self._looks = dict(looks or {})
        self._givers: list[Callable[[Path], bool]] = []
        self._lost: dict[str, str] = {}
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()

    def watch(self, name: str, look: Callable[[], str | None]) -> None:
        """One more store."""
        self._looks[name] = look

    def give(self, way: Callable[[Path], bool]) -> None:
        """One more who may let something go (see running.Running.gives_way)."""
        self._givers.append(way)

    def make_room(self, folder: Path) -> bool:
        """Something important has no room in `folder`: have what is less so give way. Returns whether anything went.
        Blocks for some seconds; any thread but the event loop's."""
        return any(way(folder) for way in self._givers)

    async def look(self) -> dict[str, str]:
        """By store: what is lost; at most a second old. A disk that hangs holds up whoever asks, and not the server."""
        async with self._looking:
            if time.monotonic() - self._looked_at >= FRESH_S:
                found = await asyncio.to_thread(self._look)
                for name in found.keys() - self._lost.keys():
                    log.error("what is kept of %s is lost: %s", name, found[name])
                for name in self._lost.keys() - found.keys():
                    log.warning("what is kept of %s is there again", name)
                self._lost, self._looked_at = found, time.monotonic()
        return dict(self._lost)

    def _look(self) -> dict[str, str]:
        return {name: trouble for name, look in self._looks.items() if (trouble := look()) is not None}

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """As of the last look."""
        there = GaugeMetricFamily(
            "askcam_storage_lost", "1: a store's file is gone or another; nothing is kept there.", labels=["store"]
        )
        for name in self._looks:
            there.add_metric([name], float(name in self._lost))
        yield there
