"""English sentences that are made elsewhere, found in a text and said in another language. Pure, but for its files.

What is filled in is known by its name, with digits behind it where there are several: {n}, {n2}.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial

from askcam.server.language.catalogue import SOURCE, Locales, fill

PARTS = {
    "n": r"[\d.]+",
    "word": r"\w+",
    "where": r"\S+",  # an address, a name without spaces
    "name": r"[^']*",  # between quotes
    "detail": r"[^)]*",  # between parentheses
    "text": r".+?",
    "webcams": r"webcam:\d+(?:, webcam:\d+)*",
}
SERVER = Locales(__name__)
_NAME = re.compile(r"\{([a-z]+)(\d*)\}")

Row = tuple[str, str]  # a regular expression with named groups, and the text whose {names} they fill


def rows(english: Mapping[str, str], other: Mapping[str, str]) -> list[Row]:
    """What is to be looked for, one after the other, and what stands for it; none where both are the same."""
    return [(_pattern(text), other[key]) for key, text in english.items() if other[key] != text]


def server_rows(language: str) -> list[Row]:
    """Those of the server, whose English and translations lie beside this module. Raises LocaleError."""
    return rows(SERVER.in_language(SOURCE), SERVER.in_language(language))


def said(text: str, table: Sequence[tuple[re.Pattern[str], str]]) -> str:
    """`text` with each sentence of the table in the other language."""
    for pattern, words in table:
        text = pattern.sub(partial(_filled, words), text)
    return text


def _filled(words: str, found: re.Match[str]) -> str:
    return fill(words, found.groupdict())


def _pattern(sentence: str) -> str:
    """In the syntax that Python and JavaScript share but for the names of groups. One word alone is the whole text."""
    literals = _NAME.split(sentence)
    made = re.escape(literals[0])
    for kind, digits, literal in zip(literals[1::3], literals[2::3], literals[3::3], strict=True):
        made += f"(?P<{kind}{digits}>{PARTS[kind]})" + re.escape(literal)
    return f"^{made}$" if sentence.isalpha() else made
