"""How the making of clips goes."""

from collections import Counter
from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from askcam.features.clips.service import Clips


class ClipGauges(Collector):
    """Reads it once per scrape."""

    def __init__(self, clips: Clips) -> None:
        self._clips = clips

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        clips, footage = self._clips, self._clips.footage()
        made = CounterMetricFamily("askcam_clips", "Clips of events, by what came of them.", labels=["outcome"])
        for outcome, count in clips.outcomes.items():
            made.add_metric([outcome], count)
        yield made
        dropped = CounterMetricFamily(
            "askcam_clips_packets_dropped", "Packets that were not held in memory, by reason.", labels=["reason"]
        )
        reasons = Counter[str]({"memory": 0, "without_keyframe": 0})
        for each in footage:
            reasons.update(each.ring.dropped)
        for reason, count in reasons.items():
            dropped.add_metric([reason], count)
        yield dropped
        held = sum(each.ring.num_bytes for each in footage)
        yield GaugeMetricFamily("askcam_clips_memory_bytes", "Bytes of packets held in memory.", value=held)
        yield GaugeMetricFamily("askcam_clips_waiting", "Clips that are to be made.", value=clips.num_waiting)
        yield GaugeMetricFamily("askcam_clips_kept", "Clips on disk.", value=clips.count)
        yield GaugeMetricFamily("askcam_clips_bytes", "Bytes of clips on disk.", value=clips.num_bytes)
