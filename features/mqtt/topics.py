"""Where what is published. Names become one level of a topic, each its own, whatever characters they have. Pure."""

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

PRESS = b"PRESS"  # what Home Assistant's button sends
MAX_CHARS = 64
MAX_PLAIN = 40  # of a name that was changed, before its digest
PLAIN = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_CHARS}}}")  # Home Assistant takes no other characters in ids
DIGESTED = re.compile(r"--[0-9a-f]{12}\Z")  # how names end that were changed


@lru_cache(4096)
def level(name: str) -> str:
    """A name as one level of a topic: itself where that can be, else what can be of it and a digest of all of it."""
    if PLAIN.fullmatch(name) and not DIGESTED.search(name):
        return name
    return f"{re.sub(r'[^A-Za-z0-9_-]', '-', name)[:MAX_PLAIN]}--{sha256(name.encode()).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class WatchTopics:
    """Of one watch at one camera."""

    state: str
    availability: str
    attributes: str
    picture: str
    wrong: str  # where it is said that the newest event was wrong


@dataclass(frozen=True, slots=True)
class Topics:
    """Those under one prefix."""

    prefix: str
    discovery: str  # Home Assistant's; "": none

    @property
    def status(self) -> str:
        return f"{self.prefix}/status"

    @property
    def event(self) -> str:
        return f"{self.prefix}/event"

    @property
    def ask(self) -> str:
        return f"{self.prefix}/ask"

    @property
    def birth(self) -> str:
        """Where Home Assistant says that it is there."""
        return f"{self.discovery}/status"

    def answer(self, number: str | None) -> str:
        """To the question of that id; of one without any that can stand in a topic, one for all."""
        named = number is not None and PLAIN.fullmatch(number)
        return f"{self.prefix}/answer/{number}" if named else f"{self.prefix}/answer"

    def camera(self, name: str) -> str:
        return f"{self.prefix}/camera/{level(name)}/state"

    def watch(self, name: str, camera: str) -> WatchTopics:
        base = f"{self.prefix}/watch/{level(name)}/{level(camera)}"
        return WatchTopics(
            f"{base}/state", f"{base}/availability", f"{base}/attributes", f"{base}/picture", f"{base}/wrong"
        )

    @property
    def presses(self) -> str:
        """All topics of watches where it is said that the newest event was wrong."""
        return f"{self.prefix}/watch/+/+/wrong"

    def is_press(self, topic: str) -> bool:
        return topic.startswith(f"{self.prefix}/watch/") and topic.endswith("/wrong")

    def object_id(self, *names: str) -> str:
        """The same for these names alone, in Home Assistant's characters."""
        return level("/".join((self.prefix, *names)))

    def config(self, component: str, object_id: str) -> str:
        return f"{self.discovery}/{component}/{object_id}/config"
