"""What an answer names, and which names came and which went between two answers. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from askcam.server.language.chinese import is_chinese
from askcam.server.language.fulltext import stem
from askcam.server.language.things import BULLET, MAX_THINGS, NOTHING, key, things

# How a sentence about what is to be seen begins.
SEEN = re.compile(
    r"^\W*(?:(?:now )?I (?:can )?see(?! no)|there (?:is|are)(?! no)|the (?:picture|image|video|scene) shows"
    r"|我(?:现在)?能?看(?:到|见)了?|画面[中里]有|(?:这里)?有)\s*",
    re.IGNORECASE,
)
NOT_ZH = re.compile(r"^\W*我(?=没)")
PARTS = re.compile(r"\s*[,，、;；\n]\s*(?:and\s+)?")
MAX_CHARS = 60  # of one name: what is longer is a sentence


@dataclass(frozen=True, slots=True)
class NameChange:
    """Names in the model's words."""

    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.came or self.went)


def named(answer: str) -> tuple[str, ...]:
    """The things in a sentence like "I see an apple and a lamp."; none where it says so."""
    lines = (SEEN.sub("", NOT_ZH.sub("", line)) for line in answer.splitlines())
    return _tidy(things("\n".join(lines)))


def listed(answer: str) -> tuple[str, ...]:
    """The things in a list with commas between them, or one on each line; none where it says so."""
    found: list[str] = []
    for part in PARTS.split(answer):
        thing = BULLET.sub("", SEEN.sub("", part)).strip().rstrip(".。!！").strip()
        if thing and not NOTHING.match(thing):
            found.append(thing)
    return _tidy(found)


def changes(before: Sequence[str], now: Sequence[str]) -> NameChange:
    """Which things of `now` were not there `before`, and the other way round. A number or an article makes no
    difference: a second apple has not come as long as one is there."""
    was, is_ = {same(thing) for thing in before}, {same(thing) for thing in now}
    came = tuple(thing for thing in now if same(thing) not in was)
    return NameChange(came, tuple(thing for thing in before if same(thing) not in is_))


def same(thing: str) -> str:
    """What stays the same however a thing is named, in the singular."""
    found = key(thing)
    return found if is_chinese(found) else " ".join(stem(word) for word in found.split())


def _tidy(found: Sequence[str]) -> tuple[str, ...]:
    unique = {same(thing): thing for thing in reversed(found) if same(thing) and len(thing) <= MAX_CHARS}
    return tuple(reversed(unique.values()))[:MAX_THINGS]
