"""How commands end when something fails: one line, and the exit code of the table."""

import contextlib
from collections.abc import Callable, Iterator
from typing import NoReturn

from askcam.server.terminal import say
from askcam.server.wire.refusals import AMISS, EXITS, FAILED


@contextlib.contextmanager
def leaving(*also: type[Exception], worded: Callable[[str], str] = str) -> Iterator[None]:
    """Run a command's work. What is foreseen, and `also`, is said in one line, in the words that `worded` makes of it;
    Ctrl-C ends without a word. What nobody foresaw goes on."""
    try:
        yield
    except KeyboardInterrupt:
        raise SystemExit(EXITS[KeyboardInterrupt]) from None
    except (*EXITS, *also) as exc:
        code = next((EXITS[kind] for kind in type(exc).__mro__ if kind in EXITS), FAILED)
        say.fail(worded(str(exc)), code)


def amiss() -> NoReturn:
    """It was done and told, and something is not as it should be."""
    raise SystemExit(AMISS)
