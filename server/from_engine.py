"""THE way from the engine's thread to the event loop: whatever it tells is taken there, in order."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def on_loop(take: Callable[[T], object]) -> Callable[[T], None]:
    """`take`, to be called on any thread, runs on the event loop that runs now; never once that is closed."""
    loop = asyncio.get_running_loop()

    def tell(what: T) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody wants it
            loop.call_soon_threadsafe(take, what)

    return tell
