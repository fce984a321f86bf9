"""Faults that are planted on purpose: in the passes of a model, and in a camera's source."""

import logging
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor

from askcam.engine.live.ops import AppendBatch, RowBatch
from askcam.engine.live.passes import Passes
from askcam.engine.live.vision import EncodedPairs
from askcam.stream.errors import SourceError
from askcam.stream.sources.base import DecodedPicture, Source, SourceSpec

T = TypeVar("T")
OOM_SHARE = 0.2  # of the faults in passes
PIECE = 3  # layers of an append at once: other passes come in between, as on a GPU


class Planted(RuntimeError):
    """A fault of no meaning."""


class PlantedOOM(torch.OutOfMemoryError):
    """As the device has none left."""


class FaultyPasses:
    """Passes of which some raise, before they are run or afterwards. Owned by the engine thread, but for `share`."""

    def __init__(self, passes: Passes, seed: int, share: float) -> None:
        """`share` of the calls raise; any thread may set it."""
        self.share = share
        self.planted: Counter[str] = Counter()  # by pass and kind
        self.ran: Counter[str] = Counter()  # by pass
        self._passes, self._chance = passes, random.Random(seed)

    def rows(self, x: Tensor, batch: RowBatch, select: Tensor | None = None, extras: Sequence[Tensor] = ()) -> Tensor:
        return self._perhaps("rows", lambda: self._passes.rows(x, batch, select, extras))

    def append(
        self,
        x: Tensor,
        positions: Tensor,
        batch: AppendBatch,
        extras: Sequence[Tensor] = (),
        layers: range | None = None,
    ) -> None:
        self._perhaps("append", lambda: self._passes.append(x, positions, batch, extras, layers))

    def encode(self, patches: Tensor, rows: int, columns: int) -> Iterator[EncodedPairs | None]:
        pieces = self._passes.encode(patches, rows, columns)
        while True:
            found = self._perhaps("encode", lambda: next(pieces))
            yield found
            if found is not None:
                return

    def layer_ranges(self, num_windows: int, num_new: int) -> tuple[range, ...]:
        end = self._passes.layer_ranges(num_windows, num_new)[-1].stop
        return tuple(range(start, min(start + PIECE, end)) for start in range(0, end, PIECE))

    def _perhaps(self, name: str, run: Callable[[], T]) -> T:
        self.ran[name] += 1
        if self._chance.random() >= self.share:
            return run()
        kind = PlantedOOM if self._chance.random() < OOM_SHARE else Planted
        self.planted[f"{name} {kind.__name__}"] += 1
        if self._chance.random() < 0.5:
            run()  # what it has written stays
        raise kind(f"a planted fault of {name}")


class Fragile:
    """A source that fails once its `plug` is pulled."""

    def __init__(self, source: Source, plug: threading.Event) -> None:
        self._source, self._plug = source, plug

    def open(self) -> None:
        self._source.open()

    def read(self, convert: bool) -> DecodedPicture | None:
        if self._plug.is_set():
            self._plug.clear()
            raise SourceError("its plug was pulled")
        return self._source.read(convert)

    def close(self) -> None:
        self._source.close()


def fragile(spec: SourceSpec, plug: threading.Event) -> SourceSpec:
    """The same source, with a plug that can be pulled; opened again, it works."""
    return replace(spec, make=lambda: Fragile(spec.make(), plug))


class Listening(logging.Handler):
    """Hears askcam's log instead of the terminal: what no planted fault explains is kept. Any thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings: Counter[str] = Counter()  # by the message without its values
        self.unexplained: list[str] = []
        self._log = logging.getLogger("askcam")
        self._before = self._log.propagate

    def __enter__(self) -> "Listening":
        self._log.addHandler(self)
        self._log.propagate = False
        return self

    def __exit__(self, *_: object) -> None:
        self._log.removeHandler(self)
        self._log.propagate = self._before

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.ERROR:
            self.warnings[str(record.msg)] += 1
            return
        causes = [*(record.args if isinstance(record.args, tuple) else ()), *(record.exc_info or ())]
        if not any(isinstance(cause, Planted | PlantedOOM) for cause in causes):
            self.unexplained.append(logging.Formatter().format(record))
