"""What Prometheus sees of a front."""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Counter, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from askcam.cluster.front.shards import FrontShard
from askcam.server.gauges.rendering import method_label, render


class FrontMetrics:
    """One registry of its own. Owned by the event loop."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "askcam_http_requests", "HTTP requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self._relayed = Counter(
            "askcam_front_relayed",
            "Requests that went to a shard, by what became of them: told, left (the client went away), or the refusal.",
            ["shard", "outcome"],
            registry=self.registry,
        )
        self._sessions = Counter(
            "askcam_front_realtime", "Realtime connections that went to a shard.", ["shard"], registry=self.registry
        )

    def requested(self, method: str, route: str, status: int) -> None:
        """Count an HTTP request by its route's pattern, never by its path."""
        self._requests.labels(method_label(method), route, str(status)).inc()

    def relayed(self, shard: FrontShard, outcome: str) -> None:
        self._relayed.labels(shard.name, outcome).inc()

    def connected(self, shard: FrontShard) -> None:
        self._sessions.labels(shard.name).inc()

    def register(self, *collectors: Collector) -> None:
        for collector in collectors:
            self.registry.register(collector)

    def render(self) -> bytes:
        """Everything in Prometheus's text format."""
        return render(self.registry)


class ShardGauges(Collector):
    """Read at each scrape."""

    def __init__(self, shards: Callable[[], Sequence[FrontShard]]) -> None:
        self._shards = shards

    def describe(self) -> Iterator[Metric]:
        yield from ()

    def collect(self) -> Iterator[Metric]:
        for name, what, value in (
            ("askcam_front_shard_up", "Whether a shard answers.", lambda shard: shard.up),
            ("askcam_front_shard_ready", "Whether its model is warm, as it said last.", lambda shard: shard.ready),
            ("askcam_front_cameras", "Its cameras, as it told them last.", lambda shard: len(shard.cameras)),
            (
                "askcam_front_under_way",
                "What goes on there for the front's clients.",
                lambda shard: shard.num_under_way,
            ),
        ):
            family = GaugeMetricFamily(name, what, labels=["shard"])
            for shard in self._shards():
                family.add_metric([shard.name], float(value(shard)))
            yield family
