"""What Prometheus sees of the table, of events that are written into it, and of shards that the front has started."""

from collections import Counter
from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from askcam.cluster.front.joined.owning import ClusterTable
from askcam.cluster.front.joined.starting import StartedShards
from askcam.cluster.starting.messages import ShardPhase
from askcam.cluster.store import Fate


class TableGauges(Collector):
    """Read at each scrape, on the event loop."""

    def __init__(self, table: ClusterTable, fates: Mapping[Fate, int]) -> None:
        """`fates`: what became of events that were delivered, since the front began."""
        self._table, self._fates = table, fates

    def describe(self) -> Iterator[Metric]:
        yield from ()

    def collect(self) -> Iterator[Metric]:
        view = self._table.view
        owned = Counter(owner.shard for owner in view.owners.values())
        own = GaugeMetricFamily("askcam_front_cameras_owned", "Cameras that a joined shard is given.", labels=["shard"])
        for name in view.shards:
            own.add_metric([name], float(owned[name]))
        yield own
        yield GaugeMetricFamily("askcam_front_cameras_wanted", "Cameras that are given to shards.", len(view.wishes))
        unplaced = "Of these, those that no shard which lives has: each is watched by nobody."
        yield GaugeMetricFamily("askcam_front_cameras_unplaced", unplaced, len(view.unplaced()))
        delivered = CounterMetricFamily("askcam_front_events", "Events delivered by shards.", labels=["fate"])
        for fate in Fate:
            delivered.add_metric([fate.value], self._fates[fate])
        yield delivered
        lost = "Whether the table's file is gone, or another one, or its database cannot be reached."
        yield GaugeMetricFamily("askcam_front_table_lost", lost, float(self._table.trouble() is not None))
        leads = "Whether this front decides; one of those over one table does."
        yield GaugeMetricFamily("askcam_front_leads", leads, float(self._table.leads))


class StartedGauges(Collector):
    """Read at each scrape, on the event loop."""

    def __init__(self, started: StartedShards) -> None:
        self._started = started

    def describe(self) -> Iterator[Metric]:
        yield from ()

    def collect(self) -> Iterator[Metric]:
        told = "Processes of a shard that were started, since its supervisor was."
        starts = GaugeMetricFamily("askcam_front_shard_starts", told, labels=["shard"])
        running = GaugeMetricFamily("askcam_front_shard_running", "Whether one of them runs.", labels=["shard"])
        for shard in self._started.shards:
            starts.add_metric([shard.name], float(shard.starts))
            running.add_metric([shard.name], float(shard.phase is ShardPhase.RUNNING))
        yield starts
        yield running
        trouble = "Whether no shard can be started just now."
        yield GaugeMetricFamily("askcam_front_starter_trouble", trouble, float(self._started.troubled))
