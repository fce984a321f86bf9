"""What product desks have read, and what it cost."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from askcam.features.desk.desks import Desks


class DeskGauges(Collector):
    """Reads each desk's view once per scrape; a desk whose camera has ended is gone."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        pictures = CounterMetricFamily(
            "askcam_desk_pictures",
            "Pictures that a product desk looked at: read for codes, or skipped as they showed nothing new.",
            labels=["camera", "outcome"],
        )
        busy = CounterMetricFamily("askcam_desk_busy_seconds", "Time spent on reading codes.", labels=["camera"])
        codes = GaugeMetricFamily("askcam_desk_codes", "Verified codes seen in the last seconds.", labels=["camera"])
        for desk in self._desks.open_ones():
            view, camera = desk.view, desk.camera.name
            pictures.add_metric([camera, "read"], view.num_reads)
            pictures.add_metric([camera, "skipped"], view.num_pictures - view.num_reads)
            busy.add_metric([camera], view.busy_s)
            codes.add_metric([camera], len(desk.codes()))
        yield from (pictures, busy, codes)
