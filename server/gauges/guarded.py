"""What others bring to /metrics, of which none keeps the rest from being read."""

import logging
from collections.abc import Callable, Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

log = logging.getLogger(__name__)


class GuardedCollector(Collector):
    """One that fails is left out of this scrape, whole; `failed` is told its class. A scrape is taken on any thread."""

    def __init__(self, inner: Collector, failed: Callable[[str], None]) -> None:
        self._inner, self._failed = inner, failed

    def describe(self) -> Iterator[Metric]:
        """What it will bring, if it says so, for the registry to see that no name is taken twice."""
        describe = getattr(self._inner, "describe", None)
        yield from () if describe is None else describe()

    def collect(self) -> Iterator[Metric]:
        try:
            found = list(self._inner.collect())
        except Exception:
            self._failed(type(self._inner).__name__)
            log.exception("a collector of metrics failed: %r", self._inner)
            return
        yield from found
