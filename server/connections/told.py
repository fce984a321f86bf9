"""What strangers cause, in the log: one line per kind and minute, with how often it was, and never a traceback."""

import logging
import time
from collections import Counter
from collections.abc import Callable

EVERY_S = 60.0
MAX_KINDS = 256  # then the others are one kind
STRANGERS = (  # how uvicorn's, websockets' and asyncio's messages begin that a client can bring about at will
    "Invalid HTTP request received",
    "Unsupported upgrade request",
    "No supported WebSocket library",
    "opening handshake failed",
    "Invalid UTF-8 sequence",
    "connection rejected",
    "connection handler failed",
    "data transfer failed",
    "unexpected internal error",
    "socket.accept() out of system resource",
    "SSL handshake failed",
    "SSL error in data received",
    "SSL connection is closed",
    "Fatal error on transport",
    "Fatal error on SSL transport",
    "Fatal error: protocol",
    "Fatal read error on",
    "Fatal write error on",
    "Error occurred during shutdown",
    "ASGI callable returned without",
    "Cancel %s running task(s)",
)

log = logging.getLogger(__name__)


class Told:
    """Owned by the event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: dict[str, float] = {}
        self._unsaid: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()  # all of them, by kind

    def once(self, kind: str, text: str) -> None:
        """Say it, unless this kind was said within the minute."""
        if (again := self.due(kind)) is not None:
            log.warning("%s%s", text, again)

    def due(self, kind: str) -> str | None:
        """What to add to the line, if one may be said now; None: it may not, and is counted."""
        now = self._clock()
        if kind not in self._said and len(self._said) >= MAX_KINDS:
            kind = "other"
        self.counts[kind] += 1
        if now - self._said.get(kind, -EVERY_S) < EVERY_S:
            self._unsaid[kind] += 1
            return None
        self._said[kind] = now
        before = self._unsaid.pop(kind, 0)
        return f" ({before} more like it since this was last said)" if before else ""


class Quiet(logging.Filter):
    """For the loggers of uvicorn and asyncio: what strangers cause is one line a minute without its traceback; anything
    else is as it was, but its traceback also comes once a minute and place."""

    def __init__(self, told: Told) -> None:
        super().__init__()
        self._told = told

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        template = str(record.msg)
        text = record.getMessage()
        if text == "ASGI callable returned without completing handshake.":
            return False  # uvicorn takes a websocket that was refused with a full response for an app that forgot it
        error = record.exc_info[1] if record.exc_info else None
        theirs = text.startswith(STRANGERS) or template.startswith(STRANGERS) or isinstance(error, ConnectionError)
        again = self._told.due(f"{record.name}:{template[:60]}:{type(error).__name__}:{_place(error)}")
        if again is None:
            return False
        if theirs:
            record.msg, record.args = text.splitlines()[0][:300] + (f": {error}" if error else ""), ()
            record.exc_info = record.exc_text = record.stack_info = None
        if again:
            record.msg, record.args = f"{record.getMessage().rstrip()}{again}", ()
        return True


def _place(error: BaseException | None) -> str:
    """Where it was raised."""
    trace = None if error is None else error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
