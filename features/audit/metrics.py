"""How the writing of the audit log goes."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from askcam.features.audit.writer import AuditWriter


class AuditGauges(Collector):
    """Read at each scrape."""

    def __init__(self, writer: AuditWriter) -> None:
        self._writer = writer

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        records = CounterMetricFamily(
            "askcam_audit_records", "Records of the audit log, by what became of them.", labels=["outcome"]
        )
        records.add_metric(["written"], self._writer.written)
        records.add_metric(["lost"], self._writer.lost)
        yield records
        waiting = self._writer.num_waiting
        yield GaugeMetricFamily("askcam_audit_waiting", "Records that wait to be written.", value=waiting)
