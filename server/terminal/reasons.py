"""A camera's reason in the language that is spoken. Reasons are made in stream/, in English; sentences of ours are
translated, and what is not known here stays as it is. The pages and the command line read one table."""

import functools
import re

from askcam.server.language.sentences import said, server_rows
from askcam.server.terminal.words import spoken_language

MAX_CHARS = 1000
AGAIN = re.compile(r"; (?:trying|connecting) again(?: every \d+ s)?")
TWICE = re.compile(r"^camera '([^']+)' is \w+: (?=\1)")


def reason_in(reason: str, language: str | None = None) -> str:
    """`reason` in `language`; None: in the one that this process speaks."""
    return said(reason[:MAX_CHARS], _table(language or spoken_language()))


def at_once(reason: str) -> str:
    """`reason` where nobody goes on trying: of a command that ends with it."""
    return TWICE.sub("", AGAIN.sub("", reason))


@functools.cache
def _table(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), words) for pattern, words in server_rows(language))
