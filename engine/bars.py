"""Bars of other libraries that tell instead of drawing. No torch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from askcam.engine.interface import Progress


def bar_class(progress: Progress, what: str) -> type[Any]:
    """A tqdm class that tells `progress` instead of drawing."""
    from tqdm.std import tqdm  # type: ignore[import-untyped, unused-ignore]

    class Bar(tqdm):  # type: ignore[misc, unused-ignore]
        monitor_interval = 0  # no thread that wakes sleeping bars

        def display(self, *args: Any, **kwargs: Any) -> None:
            if self.total:
                progress(what, min(1.0, self.n / self.total))

        def close(self) -> None:
            self.disable = True  # nothing was drawn, so there is nothing to tidy

    return Bar


@contextmanager
def weights_bar(progress: Progress) -> Iterator[None]:
    """While weights load, transformers' own bar goes to `progress`."""
    from transformers.utils import logging

    set_hook = getattr(logging, "set_tqdm_hook", None)
    if set_hook is None:
        yield
        return
    bar = bar_class(progress, "loading weights")
    before = set_hook(lambda factory, args, kwargs: bar(*args, **kwargs))
    try:
        yield
    finally:
        set_hook(before)
