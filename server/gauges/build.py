"""Which askcam this is, and which model it runs."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from askcam.server.model import Model
from askcam.server.versions import version


class BuildInfo(Collector):
    """Joins on `instance` tell what a server's figures were measured with. The model is empty until it is loaded."""

    def __init__(self, model: Model) -> None:
        self._model, self._version = model, version("askcam")

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        info = self._model.engine.info if self._model.loaded else None
        labels = {
            "version": self._version,
            "backend": "" if info is None else info.backend,
            "model": "" if info is None else info.id,
            "device": "" if info is None else info.device,
        }
        yield InfoMetricFamily("askcam_build", "Always 1: which askcam this is, and what it runs.", value=labels)
