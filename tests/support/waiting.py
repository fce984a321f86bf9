"""Waiting for something to come true, with a deadline that only a broken test meets."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(found: Callable[[], T], what: str, timeout_s: float = 60.0, every_s: float = 0.01) -> T:
    """Ask `found` again and again until it gives something true, and return that; fail naming `what` after a while."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = found()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s:g} s in vain for {what}; last seen: {value!r}")
        time.sleep(every_s)
