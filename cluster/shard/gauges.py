"""What Prometheus sees of a server as a shard: whether it has joined, how many cameras it has from its front, which has
the same by shard, and what became of their events there."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class ShardGauge(Collector):
    """Read at each scrape, on the event loop."""

    def __init__(
        self,
        joined: Callable[[], bool],
        num_held: Callable[[], int],
        num_closed: Callable[[], int],
        fates: Callable[[], Mapping[str, int]],
    ) -> None:
        """`num_held`: cameras that it has from the front; `num_closed`: those of them that it cannot open; `fates`: how
        many events were delivered, by what became of them."""
        self._joined, self._num_held, self._num_closed, self._fates = joined, num_held, num_closed, fates

    def describe(self) -> Iterator[Metric]:
        yield from ()

    def collect(self) -> Iterator[Metric]:
        taken_in = "Whether the front has taken this server in."
        yield GaugeMetricFamily("askcam_shard_joined", taken_in, float(self._joined()))
        yield GaugeMetricFamily("askcam_shard_cameras", "Cameras that the front has given to it.", self._num_held())
        closed = "Of these, those that it cannot open."
        yield GaugeMetricFamily("askcam_shard_cameras_closed", closed, self._num_closed())
        what = "Events of these cameras that were told to the front, by what became of them there."
        delivered = CounterMetricFamily("askcam_shard_events_delivered", what, labels=["fate"])
        for fate, count in self._fates().items():
            delivered.add_metric([fate], count)
        yield delivered
