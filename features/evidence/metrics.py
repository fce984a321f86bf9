"""How the writing of evidence goes."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from askcam.features.evidence.writer import Stats


class EvidenceGauges(Collector):
    """Reads how the writing goes once per scrape."""

    def __init__(self, stats: Callable[[], Stats]) -> None:
        self._stats = stats

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        stats = self._stats()
        records = CounterMetricFamily(
            "askcam_evidence_records", "Records of answers, by what became of them.", labels=["outcome"]
        )
        for outcome in ("stored", "dropped", "failed"):
            records.add_metric([outcome], getattr(stats, outcome))
        yield records
        gone = "Answers whose evidence gave way because the disk was full."
        yield CounterMetricFamily("askcam_evidence_gone", gone, value=stats.gone)
        yield GaugeMetricFamily("askcam_evidence_waiting", "Records that wait to be written.", value=stats.waiting)
        yield GaugeMetricFamily("askcam_evidence_answers", "Answers whose evidence is kept.", value=stats.answers)
        yield GaugeMetricFamily("askcam_evidence_bytes", "Bytes of kept records and pictures.", value=stats.bytes)
