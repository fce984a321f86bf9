"""Waiting for something to come true, with a deadline that only a broken test meets."""

import asyncio
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


async def comes_true(found: Callable[[], object], what: str, timeout_s: float = 60.0) -> None:
    """Wait for something that others on this event loop bring about; fail naming `what` after a while."""
    try:
        async with asyncio.timeout(timeout_s):
            while not found():  # noqa: ASYNC110
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"waited {timeout_s:g} s in vain for {what}") from None
