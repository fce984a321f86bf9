"""Connections that are open, and what strangers have caused."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from askcam.server.connections.book import Book
from askcam.server.connections.told import Told


class ConnectionGauges(Collector):
    """Read at each scrape."""

    def __init__(self, book: Book, told: Told) -> None:
        self._book, self._told = book, told

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        peers = self._book.peers()
        num_proven = sum(peer.proven for peer in peers)
        connections = GaugeMetricFamily(
            "askcam_connections",
            "TCP connections now: those that were let in, and those that showed nothing yet.",
            labels=["proven"],
        )
        connections.add_metric(["true"], num_proven)
        connections.add_metric(["false"], len(peers) - num_proven)
        most = GaugeMetricFamily("askcam_connections_max", "So many may be open.")
        most.add_metric([], self._book.most)
        ended = CounterMetricFamily(
            "askcam_connections_troubled",
            "What connections were ended or refused for, and other lines of the log that are said once a minute.",
            labels=["kind"],
        )
        for kind in KINDS:
            ended.add_metric([kind], self._told.counts[kind])
        yield from (connections, most, ended)


KINDS = ("shed", "full", "descriptors", "handshake", "head", "body", "unread", "malformed", "websocket", "revoked")
