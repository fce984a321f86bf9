"""What Prometheus sees of the broker: read once per scrape."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class MqttGauges(Collector):
    def __init__(
        self,
        connected: Callable[[], bool],
        published: Callable[[], int],
        dropped: Mapping[str, int],
        asked: Mapping[str, int],
        judged: Mapping[str, int],
    ) -> None:
        self._connected, self._published, self._dropped, self._asked, self._judged = (
            connected,
            published,
            dropped,
            asked,
            judged,
        )

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        connected = GaugeMetricFamily("askcam_mqtt_connected", "1 while there is a connection to the MQTT broker.")
        connected.add_metric([], self._connected())
        published = CounterMetricFamily("askcam_mqtt_published", "Messages that the MQTT broker has acknowledged.")
        published.add_metric([], self._published())
        dropped = CounterMetricFamily(
            "askcam_mqtt_dropped",
            "Not published: an event that was no longer kept, a picture that the broker did not take; and a message "
            "that came too fast.",
            labels=["what"],
        )
        for what, count in self._dropped.items():
            dropped.add_metric([what], count)
        asked = CounterMetricFamily("askcam_mqtt_asked", "Questions by MQTT, by what came of them.", labels=["outcome"])
        for outcome, count in self._asked.items():
            asked.add_metric([outcome], count)
        what = 'Presses of "that was wrong" by MQTT, by what came of them.'
        judged = CounterMetricFamily("askcam_mqtt_judged", what, labels=["outcome"])
        for outcome, count in self._judged.items():
            judged.add_metric([outcome], count)
        yield from (connected, published, dropped, asked, judged)
