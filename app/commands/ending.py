"""Signals end the server, and the process with it, whatever still runs in its threads."""

import asyncio
import contextlib
import logging
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable
from types import FrameType

log = logging.getLogger(__name__)

LAST = "askcam-last-resort"  # name of the thread that is there from the first signal on
LAST_S = 8.0  # from the first signal to the end of the process, at the latest


def stop_on_signals(stop: Callable[[], None], last_s: float = LAST_S) -> None:
    """Ctrl-C, SIGTERM and the end of the terminal call `stop` on this event loop, and at the latest `last_s` later the
    process ends with 0.

    Not by the loop's own handlers: the signal is taken note of even while the loop is held up by something.
    """
    loop = asyncio.get_running_loop()

    def hear(number: int, frame: FrameType | None) -> None:
        if not any(thread.name == LAST for thread in threading.enumerate()):
            threading.Thread(target=_end, args=(last_s,), name=LAST, daemon=True).start()
        with contextlib.suppress(RuntimeError):  # the loop is closed: it is all but over
            loop.call_soon_threadsafe(stop)

    def hung_up(number: int, frame: FrameType | None) -> None:
        _no_terminal()
        hear(number, frame)

    with contextlib.suppress(ValueError):  # not the main thread, as in tests
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, hear)
        hangup = getattr(signal, "SIGHUP", None)
        if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:  # nohup wants it ignored
            signal.signal(hangup, hung_up)


def _no_terminal() -> None:
    """What is still said has nobody to read it, and must not fail for that."""
    for stream in (1, 2):
        with contextlib.suppress(OSError):
            if stat.S_ISCHR(os.fstat(stream).st_mode):
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, stream)
                os.close(nothing)


def _end(after_s: float) -> None:
    """Nothing that is worth keeping is in memory by now: what the disk is to have goes there first of all."""
    threading.Event().wait(after_s)
    busy = ", ".join(sorted(thread.name for thread in threading.enumerate() if thread.name != LAST))
    log.error("ended with some work unfinished, %g s after the signal; threads that were left: %s", after_s, busy)
    leave(0)


def leave(code: int) -> None:
    """End the process here and now, without waiting for any thread."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
