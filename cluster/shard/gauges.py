"""What Prometheus sees of a server as a shard."""

from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from askcam.cluster.shard.membership import Membership


class ShardGauge(Collector):
    """Read at each scrape, on the event loop."""

    def __init__(self, member: Callable[[], Membership | None]) -> None:
        """`member`: None before it begins."""
        self._member = member

    def describe(self) -> Iterator[Metric]:
        yield from ()

    def collect(self) -> Iterator[Metric]:
        member = self._member()
        joined = float(member is not None and member.joined)
        held = 0 if member is None else len(member.lease.holds)
        yield GaugeMetricFamily("askcam_shard_joined", "Whether the front has taken this server in.", joined)
        yield GaugeMetricFamily("askcam_shard_cameras", "Cameras that the front has given to it.", held)
