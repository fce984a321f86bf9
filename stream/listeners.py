"""Who wants to be told when something happens, and until when."""

import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Listener = TypeVar("Listener", bound=Callable[..., object])


class Listeners(Generic[Listener]):
    """Those there are now, in the order in which they came.

    `lock` guards every change: who tells them while holding it tells nobody who has left. Any thread.
    """

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._all: dict[object, Listener] = {}  # replaced at every change: whoever goes through it meets no other

    def __iter__(self) -> Iterator[Listener]:
        return iter(self._all.values())

    def add(self, listener: Listener) -> Callable[[], None]:
        """From now on. Returns what ends it, which may be called more than once."""
        key = object()  # the same listener may come twice
        with self._lock:
            self._all = {**self._all, key: listener}

        def remove() -> None:
            with self._lock:
                self._all = {known: each for known, each in self._all.items() if known is not key}

        return remove
