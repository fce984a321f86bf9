"""The words of the language that this process speaks."""

from collections.abc import Mapping

from askcam.server.terminal.chinese import CHINESE
from askcam.server.terminal.english import ENGLISH

CATALOGUES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "zh": CHINESE}

_spoken: Mapping[str, str] = ENGLISH  # set once, by cli.py, before anything is said


def speak(language: str) -> None:
    """From now on; one of choice.LANGUAGES."""
    global _spoken
    _spoken = CATALOGUES[language]


def told(key: str, /, **values: object) -> str:
    """The words of `key`, with the values in their places."""
    text = _spoken[key]
    return text.format(**values) if values else text


def spoken_language() -> str:
    """The one that speak() was told."""
    return next(language for language, words in CATALOGUES.items() if words is _spoken)
