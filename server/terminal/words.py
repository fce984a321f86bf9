"""The language that this process speaks, and words in it."""

from askcam.server.language.catalogue import SOURCE, Locales, fill

_spoken = SOURCE  # set once, by app/cli.py, before anything is said


class Words(Locales):
    """What commands say to people. What all of them say is `told`; features have theirs."""

    def __call__(self, key: str, /, **values: object) -> str:
        """The words of `key` in the language that is spoken, with the values in their places."""
        text = self.in_language(_spoken)[key]
        return fill(text, values) if values else text


told = Words(__name__)


def speak(language: str) -> None:
    """From now on; one of language.LANGUAGES."""
    global _spoken
    _spoken = language


def spoken_language() -> str:
    """The one that speak() was told."""
    return _spoken
