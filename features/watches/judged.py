"""What people have judged of each watch, as it was last read from the disk, and what follows from that."""

import logging
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from askcam.client.watches import WatchJudged
from askcam.features.events.service import EventLog
from askcam.features.events.store import EventStore
from askcam.features.watches.known import KnownWatches
from askcam.features.watches.setting import WatchSetting
from askcam.features.watches.store import WatchStore
from askcam.server.errors import Refusal
from askcam.server.judging.labels import AskedNow
from askcam.server.judging.proposal import judged

log = logging.getLogger(__name__)

Found = dict[str, WatchJudged | None]


class JudgedWatches:
    """Owned by the event loop. One entry for each watch there is; read anew once something has changed."""

    def __init__(self, events: EventLog, known: KnownWatches) -> None:
        self._events, self._known = events, known
        self._found: dict[str, tuple[int, WatchSetting, WatchJudged | None]] = {}
        events.hear_verdicts(self._was_judged)

    def of(self, name: str, setting: WatchSetting) -> WatchJudged | None:
        """As it was last looked at; None where the watch was set otherwise then."""
        found = self._found.get(name)
        return None if found is None or found[1] != setting else found[2]

    def all(self) -> Iterator[tuple[str, WatchJudged]]:
        """Of each watch of which something was judged."""
        return ((name, found) for name, (_, _, found) in self._found.items() if found is not None)

    async def look(self) -> None:
        """Have what has changed read from the disk; where that refuses, what was known stays."""
        version, settings = self._events.keeping.verdicts_version, self._known.all()
        self._found = {name: found for name, found in self._found.items() if name in settings}
        stale = {name: setting for name, setting in settings.items() if self._known_of(name) != (version, setting)}
        if not stale:
            return
        nothing: Found = dict.fromkeys(stale)
        try:
            found = await self._events.read(lambda store: _read(store, stale), nothing)
        except Refusal as exc:
            log.error("what was judged of watches cannot be read: %s", exc.message)
            return
        for name, value in found.items():
            self._found[name] = (version, stale[name], value)

    async def _was_judged(self, watch: str) -> None:
        if (found := self._found.get(watch)) is not None:
            self._found[watch] = (0, *found[1:])
        await self.look()

    def _known_of(self, name: str) -> tuple[int, WatchSetting] | None:
        found = self._found.get(name)
        return None if found is None else found[:2]


class JudgedGauges(Collector):
    """Of each watch there is, and of nothing that was removed."""

    def __init__(self, judged: JudgedWatches) -> None:
        self._judged = judged

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        what = "Times that a watch came true and that people have judged, of those that it would tell as it is set now."
        told = GaugeMetricFamily("askcam_watch_judged", what, labels=["watch", "verdict"])
        for name, found in self._judged.all():
            told.add_metric([name, "right"], found.judged - found.wrong)
            told.add_metric([name, "wrong"], found.wrong)
        yield told


def _read(store: EventStore, wanted: Mapping[str, WatchSetting]) -> Found:
    """On the store's thread."""
    after = WatchStore(store.db).asked_since()
    return {
        name: judged(store.verdicts.of_watch(name, after.get(name, 0)), asked_now(setting))
        for name, setting in wanted.items()
    }


def asked_now(setting: WatchSetting) -> AskedNow:
    return AskedNow(setting.question, setting.every_s, setting.on, setting.off, setting.for_s)
