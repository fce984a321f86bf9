"""One life of a source: what blocks is woken when nobody wants it any more."""

import threading
from collections.abc import Callable

from askcam.stream.reader import Reader
from askcam.stream.sources.base import DecodedPicture, SourceSpec


class Blocked:
    """A source that brings nothing until it is woken."""

    def __init__(self) -> None:
        self.reading, self._woken = threading.Event(), threading.Event()
        self.interrupts = 0
        self.closed = False

    def open(self) -> None:
        """At once."""

    def read(self, convert: bool) -> DecodedPicture | None:
        self.reading.set()
        assert self._woken.wait(60), "nobody woke it"
        return None

    def interrupt(self) -> None:
        self.interrupts += 1
        self._woken.set()

    def close(self) -> None:
        self.closed = True


class Nobody:
    """Wants no picture."""

    def __init__(self) -> None:
        self.finished_readers: list[Reader] = []

    def wants_pixels(self, reader: Reader) -> bool:
        return False

    def take(self, reader: Reader, picture: DecodedPicture) -> bool:
        raise AssertionError("there was no picture")

    def finished(self, reader: Reader) -> None:
        self.finished_readers.append(reader)


def reader_of(make: Callable[[], Blocked], sink: Nobody) -> Reader:
    return Reader("lobby", 1, SourceSpec("blocked", "blocked:", make, live=True), sink, 5.0)


def test_one_that_is_abandoned_while_it_reads_is_woken_once_and_closed() -> None:
    source, sink = Blocked(), Nobody()
    reader = reader_of(lambda: source, sink)
    reader.start()
    assert source.reading.wait(60)
    for _ in range(3):
        reader.abandon()
    assert reader.join(60)
    assert (source.interrupts, source.closed, reader.error) == (1, True, None)
    assert sink.finished_readers == [reader]


def test_one_that_is_abandoned_before_it_begins_opens_nothing() -> None:
    made: list[Blocked] = []

    def make() -> Blocked:
        made.append(Blocked())
        return made[-1]

    reader = reader_of(make, Nobody())
    reader.abandon()
    reader.start()
    assert reader.join(60)
    assert [source.reading.is_set() for source in made] in ([], [False])
    assert all(source.closed for source in made)
