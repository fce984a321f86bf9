"""What Prometheus sees of events: read once per scrape."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from askcam.features.events.service import EventLog


class EventGauges(Collector):
    def __init__(self, events: EventLog) -> None:
        self._telling, self._readers, self._log = events.telling, events.readers, events

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        told = CounterMetricFamily("askcam_events", "Events kept and told.", labels=["kind", "severity"])
        for (kind, severity), count in self._telling.told.items():
            told.add_metric([kind, severity], count)
        yield told
        judged = CounterMetricFamily("askcam_events_judged", "Times that an event was judged.", labels=["verdict"])
        for verdict, count in self._log.num_judged.items():
            judged.add_metric([verdict], count)
        yield judged
        waiting = "Events that wait for the disk."
        yield GaugeMetricFamily("askcam_events_waiting", waiting, value=self._telling.num_waiting)
        yield CounterMetricFamily("askcam_events_lost", "Events that the disk never took.", value=self._telling.lost)
        plain = "Events kept without the picture that they had, since the disk had no room for it."
        yield CounterMetricFamily("askcam_events_without_picture", plain, value=self._telling.without_picture)
        missed = "Events that had to go before the front was told of them."
        yield CounterMetricFamily("askcam_events_front_missed", missed, value=self._log.num_missed)
        yield GaugeMetricFamily("askcam_event_readers", "Streams of events open now.", value=len(self._readers))
