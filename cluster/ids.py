"""Ids of several shards as ids of one server: an event's number there becomes a number that names its shard, too. Pure.

`id = number there * 2**20 + key of the shard`, where the key is made of the shard's name alone: ids stay what they are
when shards come, go, or change their order. A page's numbers are exact up to 2**53: so are the first 8 billion of a
shard.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from askcam.server.given_names import quoted

MOST_NAMED = 64  # servers that front.toml names
MOST_JOINED = 256  # that have joined, or were lost a short while ago; `max_shards` says how many of these
MOST_SOURCES = MOST_NAMED + MOST_JOINED + 1  # and the front itself, which has the events that were delivered to it
KEY_BITS = 20  # of a source's key
MAX_ID = 2**63 - 1  # of the front's: what a database has a place for
MAX_NUMBER = MAX_ID >> KEY_BITS  # of a source's own
PLACE = re.compile(r"/v1/(events|timeline)/(\d{1,19})(/[\w/.-]*)")  # of a picture, as a shard tells it


class Garbage(ValueError):
    """What a shard told is not what an askcam server tells. The message says what is wrong with it."""


class ShardKeys:
    """The key of each shard by its name. Raises ValueError for two names that would have the same."""

    def __init__(self, names: Iterable[str]) -> None:
        self._keys: dict[str, int] = {}
        self._names: dict[int, str] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> int:
        """One more, or one that is there; its key. Raises ValueError."""
        key = key_of(name)
        if self._names.get(key, name) != name:
            raise ValueError(f"shards {self._names[key]!r} and {name!r} cannot be told apart by ids: rename one")
        self._keys[name], self._names[key] = key, name
        return key

    def drop(self, name: str) -> None:
        """It is known no longer; nothing, if it never was."""
        key = self._keys.pop(name, None)
        if key is not None:
            del self._names[key]

    def key(self, name: str) -> int:
        return self._keys[name]

    def name(self, key: int) -> str | None:
        """None: there is no such shard (any more)."""
        return self._names.get(key)

    def apart(self, front_id: int) -> tuple[str, int] | None:
        """The shard and the number there of an id; None where there is no such shard."""
        name = self._names.get(_key_in(front_id))
        return None if name is None else (name, front_id >> KEY_BITS)


def key_of(name: str) -> int:
    """Of a shard of that name, whether it is known or not."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) >> (32 - KEY_BITS)


def shard_in(front_id: int, names: Iterable[str]) -> str | None:
    """Whose id it is, of shards of these names."""
    return next((name for name in names if key_of(name) == _key_in(front_id)), None)


def _key_in(front_id: int) -> int:
    return front_id & ((1 << KEY_BITS) - 1)


def joined(key: int, number: Any) -> int:
    """The id of what a shard calls `number`. Raises Garbage."""
    return checked(number) << KEY_BITS | key


def checked(number: Any) -> int:
    """`number`, if a shard may call something so. Raises Garbage."""
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= MAX_NUMBER:
        raise Garbage(f"{quoted(number)} is no id")
    return number


def placed(key: int, url: Any) -> Any:
    """A picture's address at the front; what is none stays as it is."""
    found = PLACE.fullmatch(url) if isinstance(url, str) else None
    return url if found is None else f"/v1/{found[1]}/{joined(key, int(found[2]))}{found[3]}"


def event(key: int, told: Any) -> dict[str, Any]:
    """An event as the front tells it. Raises Garbage."""
    made = _object(told, "an event")
    made["id"] = joined(key, made.get("id"))
    if "frame_url" in made:
        made["frame_url"] = placed(key, made["frame_url"])
    if isinstance(frames := made.get("frames"), list):
        made["frames"] = [{**each, "url": placed(key, each.get("url"))} for each in frames if isinstance(each, dict)]
    return _clip_placed(key, made)


def noted(key: int, told: Any) -> dict[str, Any]:
    """What is told later of an event, as the front tells it. Raises Garbage."""
    made = _object(told, "what is told of an event")
    return _clip_placed(key, made | {"id": joined(key, made.get("id"))})


def _clip_placed(key: int, made: dict[str, Any]) -> dict[str, Any]:
    """With its clip at the front; a link, which is signed with the shard's id in it, is the shard's own."""
    if isinstance(clip := made.get("clip"), dict):
        made["clip"] = {**clip, "url": placed(key, clip.get("url")), "link": None}
    return made


def entry(key: int, told: Any) -> dict[str, Any]:
    """One of the timeline as the front tells it. Raises Garbage."""
    made = _object(told, "an entry of a timeline")
    made["id"] = joined(key, made.get("id"))
    if made.get("event_id") is not None:
        made["event_id"] = joined(key, made["event_id"])
    if "frame_url" in made:
        made["frame_url"] = placed(key, made["frame_url"])
    return made


def dead_letter(key: int, told: Any) -> dict[str, Any]:
    """One as the front tells it. Raises Garbage."""
    made = _object(told, "a dead letter")
    return made | {"id": joined(key, made.get("id")), "event": joined(key, made.get("event"))}


def _object(told: Any, what: str) -> dict[str, Any]:
    if not isinstance(told, Mapping):
        raise Garbage(f"{what} is {type(told).__name__}, not an object")
    return dict(told)
