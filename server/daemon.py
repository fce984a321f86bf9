"""Work in threads that nobody waits for when the process ends: whatever they do, SIGTERM is not kept waiting."""

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
