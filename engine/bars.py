"""Bars of other libraries that tell instead of drawing. No torch."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
def unpacking_bars(progress: Progress) -> Iterator[None]:
    """While compressed-tensors prepares a model and unpacks its weights, where it is installed: its bars likewise."""
    if importlib.util.find_spec("compressed_tensors") is None:
        yield
        return
    before = []
    for name in ("compressors.model_compressors.model_compressor", "quantization.lifecycle.apply"):
        with suppress(ImportError, AttributeError):  # another release's other rooms
            module: Any = importlib.import_module(f"compressed_tensors.{name}")
            before.append((module, module.tqdm))
            module.tqdm = bar_class(progress, "unpacking weights")
    try:
        yield
    finally:
        for module, bar in before:
            module.tqdm = bar


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
