"""The event loop and other threads: THE way from the engine's thread to the loop, and work that nobody waits for when
the process ends: whatever it does, SIGTERM is not kept waiting."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def give_way(nice: int) -> None:
    """Have the calling thread give way to others by so much, where the system can do that for one thread (Linux)."""
    if nice and hasattr(os, "setpriority") and os.uname().sysname == "Linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)


def in_daemon(work: Callable[[], T], name: str, *, nice: int = 0) -> "asyncio.Future[T]":
    """Run `work` in a thread of its own; the future is of this event loop. Cancelling it does not end the thread.

    `nice`: how much the thread gives way to others.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(set_: Callable[..., None], value: object) -> None:
        if not done.done():
            set_(value)

    def run() -> None:
        give_way(nice)
        try:
            result = work()
        except Exception as exc:
            call: tuple[Callable[..., None], object] = (done.set_exception, exc)
        else:
            call = (done.set_result, result)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is there to be told
            loop.call_soon_threadsafe(tell, *call)

    threading.Thread(target=run, name=name, daemon=True).start()
    return done


def on_loop(take: Callable[[T], object]) -> Callable[[T], None]:
    """Whatever the engine tells is taken on the loop, in order.

    `take`, to be called on any thread, runs on the event loop that runs now; never once that is closed.
    """
    loop = asyncio.get_running_loop()

    def tell(what: T) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody wants it
            loop.call_soon_threadsafe(take, what)

    return tell
