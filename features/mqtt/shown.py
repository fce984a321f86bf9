"""What is published of cameras and watches as they are now. What is old, or in doubt, has no state at all. Pure."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from askcam.client.protocol import CameraInfo, encode
from askcam.client.watches import WatchInfo, WatchNow
from askcam.features.mqtt.topics import Topics
from askcam.server.wire.moments import rfc3339
from askcam.stream.secrets import KNOWN

FRESH = 4  # readings: what is older than so many rounds is not how it is now
FRESH_S = 10.0  # at least, for a watch that is asked often
AGAIN_S = 30.0  # how often a camera's age is told anew
READINGS_S = 5.0  # how often attributes are, while nothing else has changed
MAX_STATE = 255  # characters that Home Assistant takes of a state
MAX_TOLD = 4000  # of a text's answer among the attributes
ONLINE, OFFLINE = b"online", b"offline"


@dataclass(frozen=True, slots=True)
class RetainedFact:
    """A retained message. It goes out when `key` has changed, and, where that has not but the payload has, `every_s`
    after the last. An empty one takes away what was retained."""

    topic: str
    payload: bytes
    key: Hashable
    every_s: float = float("inf")


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """The newest one of a watch at a camera."""

    id: int
    at: str
    clip_url: str | None = None  # for who has no token; None: there is none


@dataclass(frozen=True, slots=True)
class WatchFacts:
    """Published in this order, so that nobody takes an old state for one of now."""

    before: Sequence[RetainedFact]
    values: Sequence[RetainedFact]
    after: Sequence[RetainedFact]


def camera_fact(topics: Topics, name: str, info: CameraInfo | None, wall: float) -> RetainedFact:
    """`info`: None while its model is not there. `wall`: now, seconds since the epoch."""
    reason = "its model is not there yet" if info is None else info.reason and KNOWN.hide(info.reason)
    state, health = ("connecting", []) if info is None else (info.state, info.health)
    age_ms = None if info is None else info.frame_age_ms
    said = {"camera": name, "state": state, "reason": reason, "age_ms": age_ms, "health": health, "at": rfc3339(wall)}
    return RetainedFact(topics.camera(name), encode(said), (state, reason, tuple(health)), AGAIN_S)


def watch_facts(
    topics: Topics, watch: WatchInfo, now: WatchNow, live: bool, last: ShownEvent | None, wall: float
) -> WatchFacts:
    """`live`: whether the camera is; `last`: the newest event that is kept."""
    places = topics.watch(watch.name, now.camera)
    trouble, age_s = _trouble(watch, now, live, wall), _age_s(now, wall)
    state = None if trouble is not None else _state(watch, now)
    attributes = {
        "watch": watch.name,
        "camera": now.camera,
        "question": watch.question,
        "available": state is not None,
        "state": None if state is None else now.state,
        "probability": None if state is None else now.probability,
        "answer": None if state is None or now.answer is None else now.answer[:MAX_TOLD],
        "expected": None if state is None else now.expected,
        "trouble": trouble,
        "read_at": now.read_at,
        "age_ms": None if age_s is None else round(age_s * 1000),
        "at": rfc3339(wall),
        "event": None if last is None else last.id,
        "event_at": None if last is None else last.at,
        "clip_url": None if last is None else last.clip_url,
    }
    told = encode(attributes)
    detail = RetainedFact(places.attributes, told, (state, trouble, last, now.state, watch.question), READINGS_S)
    value = RetainedFact(places.state, b"" if state is None else state.encode(), state)
    there = RetainedFact(places.availability, OFFLINE if state is None else ONLINE, state is None)
    if state is None:
        return WatchFacts([there], [value, detail], [])
    return WatchFacts([], [value, detail], [there])


def topics_of(topics: Topics, watch: WatchInfo) -> Iterator[str]:
    """All retained ones that a watch has."""
    for camera in watch.cameras:
        places = topics.watch(watch.name, camera)
        yield from (places.state, places.availability, places.attributes, places.picture)


def _trouble(watch: WatchInfo, now: WatchNow, live: bool, wall: float) -> str | None:
    """Why it does not stand as it was last read."""
    if now.trouble is not None:
        return KNOWN.hide(now.trouble)
    if not live:
        return "the camera is not live"
    age_s = _age_s(now, wall)
    if age_s is None or now.state == "unknown":
        return "nothing has been read yet"
    if age_s > (most := max(FRESH * watch.every_s, FRESH_S)):
        return f"the last reading is older than {most:g} s"
    return None


def _age_s(now: WatchNow, wall: float) -> float | None:
    return None if now.read_at is None else max(0.0, wall - datetime.fromisoformat(now.read_at).timestamp())


def _state(watch: WatchInfo, now: WatchNow) -> str | None:
    if watch.kind == "yesno":
        return "ON" if now.state in ("on", "falling") else "OFF"
    return None if not now.answer else now.answer[:MAX_STATE]
