"""What Prometheus sees of a server as a shard: whether it has joined, and how many cameras it has from its front, which
has the same by shard."""

from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class ShardGauge(Collector):
    """Read at each scrape, on the event loop."""

    def __init__(self, joined: Callable[[], bool], num_held: Callable[[], int], num_closed: Callable[[], int]) -> None:
        """`num_held`: cameras that it has from the front; `num_closed`: those of them that it cannot open."""
        self._joined, self._num_held, self._num_closed = joined, num_held, num_closed

    def describe(self) -> Iterator[Metric]:
        yield from ()

    def collect(self) -> Iterator[Metric]:
        taken_in = "Whether the front has taken this server in."
        yield GaugeMetricFamily("askcam_shard_joined", taken_in, float(self._joined()))
        yield GaugeMetricFamily("askcam_shard_cameras", "Cameras that the front has given to it.", self._num_held())
        closed = "Of these, those that it cannot open."
        yield GaugeMetricFamily("askcam_shard_cameras_closed", closed, self._num_closed())
