"""One formatter for all logs and tracebacks of a command: nothing secret goes out, whoever wrote it."""

import logging
import sys
import threading
import traceback
from types import TracebackType

from askcam.stream.sources.redact import redact

FORMAT = "%(levelname)s %(name)s: %(message)s"
MAX_CHARS = 64 << 10  # of one entry; the end of a longer one is cut off


class RedactingFormatter(logging.Formatter):
    """The whole entry is redacted, with its traceback: an exception's words are somebody else's."""

    def format(self, record: logging.LogRecord) -> str:
        return shown(super().format(record))


def shown(text: str) -> str:
    """`text` as it may leave this process."""
    text = redact(text)
    return text if len(text) <= MAX_CHARS else f"{text[:MAX_CHARS]} … ({len(text) - MAX_CHARS} more characters)"


def begin(level: int = logging.WARNING) -> None:
    """Send what is logged, and what nobody caught, to stderr through that formatter. For a command, once."""
    handler = logging.StreamHandler()
    logging.basicConfig(level=level, handlers=[handler])
    cover()
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable


def cover() -> None:
    """Put the formatter into every handler there is: the root's, and those that libraries brought."""
    loggers = [logging.getLogger(), *(logging.getLogger(name) for name in list(logging.root.manager.loggerDict))]
    handlers = {id(handler): handler for logger in loggers for handler in logger.handlers}
    if logging.lastResort is not None:
        handlers[0] = logging.lastResort
    for handler in handlers.values():
        if not isinstance(handler.formatter, RedactingFormatter):
            handler.setFormatter(RedactingFormatter(FORMAT))


def _tell(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None, where: str) -> None:
    lines = traceback.format_exception(kind, error, trace)
    sys.stderr.write(where + shown("".join(lines)))


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _tell(kind, error, trace, "")


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is not SystemExit:
        name = "a thread" if args.thread is None else args.thread.name
        _tell(args.exc_type, args.exc_value, args.exc_traceback, f"ERROR in {name}:\n")


def _unraisable(args: "sys.UnraisableHookArgs") -> None:
    if args.exc_type is not None:
        _tell(args.exc_type, args.exc_value, args.exc_traceback, f"{args.err_msg or 'ignored'}:\n")
