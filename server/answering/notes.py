"""What the model is told besides the question: facts that were read or looked up, what is wrong with the picture.

The lines stand in the question's own turn, behind the window, so that windows stay shared. Pure.
"""

from collections.abc import Sequence
from dataclasses import replace

from askcam.client.protocol import Fact
from askcam.engine.question import Message, Role, Text
from askcam.server.language.chinese import is_chinese

PICTURE = {
    "en": {
        "frozen": "The picture stands still: it may be an old one.",
        "dark": "The picture is dark: next to nothing can be seen.",
        "overexposed": "The picture is burnt out.",
        "blurred": "The picture is out of focus.",
    },
    "zh": {
        "frozen": "画面静止不动，可能是旧画面。",
        "dark": "画面很暗，几乎看不清。",
        "overexposed": "画面过曝。",
        "blurred": "画面模糊。",
    },
}
KNOWN = {"en": "Read or looked up, not guessed:", "zh": "以下内容为读取或查询所得，并非猜测："}


def language(text: str) -> str:
    """ "zh" for a text with Chinese characters, else "en"."""
    return "zh" if is_chinese(text) else "en"


def with_notes(messages: Sequence[Message], facts: Sequence[Fact], health: Sequence[str]) -> tuple[Message, ...]:
    """The conversation, with a line for each fact and each flag before the words of its last user turn."""
    place = max((i for i, message in enumerate(messages) if message.role is Role.USER), default=None)
    if place is None or not (facts or health):
        return tuple(messages)
    turn = messages[place]
    tongue = language("".join(part.text for part in turn.parts if isinstance(part, Text)))
    lines = [PICTURE[tongue][flag] for flag in health if flag in PICTURE[tongue]]
    lines += [KNOWN[tongue], *(f"- {fact.text}" for fact in facts)] if facts else []
    at = next((i for i, part in enumerate(turn.parts) if isinstance(part, Text)), len(turn.parts))
    note = Text("\n".join(lines) + "\n")
    changed = replace(turn, parts=(*turn.parts[:at], note, *turn.parts[at:]))
    return (*messages[:place], changed, *messages[place + 1 :])
