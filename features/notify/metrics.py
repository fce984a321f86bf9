"""What Prometheus sees of the deliveries: read once per scrape."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from askcam.features.notify.service import Notifying

OUTCOMES = ("delivered", "failed", "dead", "expired", "dropped", "fenced")


class NotifyGauges(Collector):
    def __init__(self, notifying: Notifying) -> None:
        self._notifying = notifying

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        total = CounterMetricFamily(
            "askcam_deliveries",
            "Events brought to a target: delivered; tries that failed; given up (dead); no longer kept (expired); dead "
            "letters that were removed (dropped).",
            labels=["target", "outcome"],
        )
        pending = GaugeMetricFamily("askcam_deliveries_pending", "Events that wait for a target.", labels=["target"])
        dead = GaugeMetricFamily("askcam_deliveries_dead", "Dead letters of a target.", labels=["target"])
        oldest = GaugeMetricFamily(
            "askcam_deliveries_oldest_pending_seconds", "Age of the oldest event that waits.", labels=["target"]
        )
        disabled = GaugeMetricFamily(
            "askcam_deliveries_disabled", "1 for a target that wants nothing any more.", labels=["target"]
        )
        for target in self._notifying.targets():
            where, since = [target.name], target.oldest_pending
            for outcome in OUTCOMES:
                total.add_metric([*where, outcome], target.counts[outcome])
            pending.add_metric(where, target.pending)
            dead.add_metric(where, target.num_dead)
            oldest.add_metric(where, 0.0 if since is None else max(0.0, self._notifying.wall() - since))
            disabled.add_metric(where, target.disabled is not None)
        yield from (total, pending, dead, oldest, disabled)
