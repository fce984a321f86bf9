"""The language that this process speaks, and words in it."""

from collections.abc import Mapping

from askcam.server.terminal.chinese import CHINESE
from askcam.server.terminal.english import ENGLISH

_spoken = "en"  # set once, by app/cli.py, before anything is said


class Words:
    """Texts by key, in each language of language.LANGUAGES. The server's own are `told`; features have theirs."""

    def __init__(self, english: Mapping[str, str], chinese: Mapping[str, str]) -> None:
        self.by_language: Mapping[str, Mapping[str, str]] = {"en": english, "zh": chinese}

    def __call__(self, key: str, /, **values: object) -> str:
        """The words of `key` in the language that is spoken, with the values in their places."""
        text = self.by_language[_spoken][key]
        return text.format(**values) if values else text


told = Words(ENGLISH, CHINESE)


def speak(language: str) -> None:
    """From now on; one of language.LANGUAGES."""
    global _spoken
    assert language in told.by_language, language
    _spoken = language


def spoken_language() -> str:
    """The one that speak() was told."""
    return _spoken
