"""What Prometheus sees of the timeline: read once per scrape."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from askcam.features.timeline.service import Timeline


class TimelineGauges(Collector):
    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        what = "Changed scenes that were looked into for a note, by what came of it."
        notes = CounterMetricFamily("askcam_timeline_notes", what, labels=["camera", "outcome"])
        for (camera, outcome), count in self._timeline.writer.outcomes.items():
            notes.add_metric([camera, outcome], count)
        yield notes
        passed = "Changes that were gone again before they could be told."
        yield CounterMetricFamily("askcam_timeline_passed", passed, value=self._timeline.writer.passed())
        yield GaugeMetricFamily(
            "askcam_timeline_bytes", "Bytes of the timeline's database.", value=self._timeline.num_bytes
        )
