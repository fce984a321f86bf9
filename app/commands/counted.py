"""How many there are of something, in words: one, or several."""

from askcam.server.terminal.words import Words

told = Words(__name__)


def counted(what: str, number: int) -> str:
    """`what`: "camera", "core"; its words are one.WHAT and several.WHAT."""
    return told(f"{'one' if number == 1 else 'several'}.{what}", n=number)
