"""A registry in Prometheus's text format, without the moments at which series began."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def render(registry: CollectorRegistry) -> bytes:
    """Everything in it, as CONTENT_TYPE."""
    return generate_latest(_Bare(registry))


def method_label(method: str) -> str:
    """A request's method as a label: what no client should send is one value."""
    return method if method in METHODS else "other"


class _Bare(CollectorRegistry):
    """The registry without the moments at which series began (`_created`): Prometheus does not use them, and they
    are as many again."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric
