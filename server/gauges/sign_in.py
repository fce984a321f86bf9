"""What was said of who has signed in, and not believed."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

REASONS = ("address", "secret", "several", "name")


class SignInGauges(Collector):
    """Read at each scrape."""

    def __init__(self, ignored: Mapping[str, int]) -> None:
        self._ignored = ignored

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        ignored = CounterMetricFamily(
            "askcam_sign_ins_ignored",
            "Requests that named a user by sign_in_header and were not believed: not from a trusted proxy, without the "
            "secret, with several names, or with a name that nobody here has.",
            labels=["reason"],
        )
        for reason in REASONS:
            ignored.add_metric([reason], self._ignored.get(reason, 0))
        yield ignored
