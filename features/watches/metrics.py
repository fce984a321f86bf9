"""What Prometheus sees of the watches: read once per scrape."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Protocol

from prometheus_client import Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from askcam.features.watches.post import Post
from askcam.features.watches.text import TextState as SayingState
from askcam.features.watches.text_post import TextPost
from askcam.features.watches.threshold import WatchState

LATE_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


def lateness() -> Histogram:
    """What hears how late each question of a watch went to the engine, in seconds."""
    told = "From when a watch's question was due until it went to the engine."
    return Histogram("askcam_watch_lateness_seconds", told, buckets=LATE_S, registry=None)


class Counted(Protocol):
    """What is counted of whoever carries watches out."""

    scorings: Counter[str]

    @property
    def generations(self) -> Counter[str]: ...

    @property
    def skipped(self) -> int: ...

    def posts(self) -> Iterable[Post | TextPost]: ...


class WatchGauges(Collector):
    def __init__(self, runner: Counted, resting: Callable[[], int]) -> None:
        """`resting`: how many watches this model cannot score."""
        self._runner, self._resting = runner, resting

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        labels = ["watch", "camera"]
        state = GaugeMetricFamily("askcam_watch_state", "1 for the state it is in.", labels=[*labels, "state"])
        likely = GaugeMetricFamily("askcam_watch_probability", "Of the last reading.", labels=labels)
        number = GaugeMetricFamily("askcam_watch_number", "Expected value of a number's last reading.", labels=labels)
        blind = GaugeMetricFamily("askcam_watch_blind", "1 while there is nothing to go by.", labels=labels)
        read_at = GaugeMetricFamily(
            "askcam_watch_read_timestamp_seconds",
            "Capture time of the picture that was read last, in seconds since the epoch.",
            labels=labels,
        )
        for post in self._runner.posts():
            where = [post.name, post.camera]
            for each in SayingState if isinstance(post, TextPost) else WatchState:
                state.add_metric([*where, each.value], post.watch.state is each)
            if isinstance(post, Post) and post.last is not None:
                likely.add_metric(where, post.last.probability)
                if post.last.expected is not None:
                    number.add_metric(where, post.last.expected)
            if post.read_at is not None:
                read_at.add_metric(where, datetime.fromisoformat(post.read_at).timestamp())
            blind.add_metric(where, post.trouble is not None)
        yield from (state, likely, number, read_at, blind)
        resting = "Watches that this model cannot score; GET /v1/watches says why."
        yield GaugeMetricFamily("askcam_watches_resting", resting, value=self._resting())
        yield from self._counts()

    def _counts(self) -> Iterator[Metric]:
        scorings = CounterMetricFamily("askcam_watch_scorings", "Scorings, by how they ended.", labels=["outcome"])
        for outcome in ("scored", "failed", "refused", "busy", "cancelled"):
            scorings.add_metric([outcome], self._runner.scorings[outcome])
        yield scorings
        generated = CounterMetricFamily("askcam_watch_generations", "Texts read, by how it ended.", labels=["outcome"])
        for outcome in ("answered", "failed", "refused", "busy", "cancelled"):
            generated.add_metric([outcome], self._runner.generations[outcome])
        yield generated
        skipped = "Slots of watches that passed while their camera was being scored or the engine was busy."
        yield CounterMetricFamily("askcam_watch_slots_skipped", skipped, value=self._runner.skipped)
