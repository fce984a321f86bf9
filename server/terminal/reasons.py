"""A camera's reason in the language that is spoken. Reasons are made in stream/, in English; sentences of ours are
translated, and what is not known here stays as it is. The pages and the command line read one table."""

import functools
import json
import re
from importlib.resources import files

from askcam.server.terminal.words import spoken_language

MAX_CHARS = 1000
AGAIN = re.compile(r"; (?:trying|connecting) again(?: every \d+ s)?")
TWICE = re.compile(r"^camera '([^']+)' is \w+: (?=\1)")


def reason_in(reason: str, language: str | None = None) -> str:
    """`reason` in `language`; None: in the one that this process speaks."""
    reason = reason[:MAX_CHARS]
    for pattern, words in sentences().get(language or spoken_language(), ()):
        reason = pattern.sub(words, reason)
    return reason


def at_once(reason: str) -> str:
    """`reason` where nobody goes on trying: of a command that ends with it."""
    return TWICE.sub("", AGAIN.sub("", reason))


@functools.cache
def sentences() -> dict[str, tuple[tuple[re.Pattern[str], str], ...]]:
    """By language: what is said in English, and what stands for it."""
    text = (files("askcam.client") / "web/words/sentences.js").read_text(encoding="utf-8")
    table = json.loads(text[text.index("{") : text.rindex("}") + 1])
    return {
        language: tuple((re.compile(pattern), words) for pattern, words in rows) for language, rows in table.items()
    }
