"""Events with the readings that are kept with them, and a server with such, for those who judge."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from support.watch_events import WALL, event, open_store

from askcam.client.watches import Reading, WatchEvent
from askcam.features.events.pictures import Shown
from askcam.server.wire.moments import rfc3339

QUESTION = "Is the door open? Answer yes or no."
EVERY_S = 2.0
DOOR = {"name": "door", "question": QUESTION, "cameras": ["lobby"], "for_s": 2, "enabled": False}
RIGHT, WRONG = range(1, 13), range(13, 22)  # ids
OFF, OF_CAMERA, OF_OTHER = 22, 23, 24
CONFIG = f"""
[server]
token = "viewers-token"
admin_token = "admins-token"

[cameras.lobby]
uri = "synthetic:3"

[watching]
folder = "kept"

[watches.other]
question = "{QUESTION}"
cameras = ["lobby"]
enabled = false
"""


def readings(probabilities: Sequence[float], begun: float = WALL) -> list[Reading]:
    """One every EVERY_S seconds."""
    return [Reading(rfc3339(begun + i * EVERY_S), each) for i, each in enumerate(probabilities)]


def turned_on(probability: float, number: int = 0, **other: Any) -> WatchEvent:
    """Told since it was at that probability for two rounds, after a minute at nothing."""
    at = WALL + 100.0 * number
    told = event(probability=probability)
    before = readings([0.05, probability, probability], at - 2 * EVERY_S)
    more = {"question": QUESTION, "at": rfc3339(at), "before": before, "after": readings([0.05], at + EVERY_S)}
    return replace(told, **more | other)


def told_before(folder: Path) -> Path:
    """A server's config, and events of an earlier life: of `door` twelve that are right, nine that are wrong, and more.
    Where these are told apart by 0.83, seven of the wrong ones are below."""
    store = open_store(folder / "kept")
    probabilities = [0.9 + i / 1000 for i in range(12)] + [0.7 + i / 100 for i in range(7)] + [0.95, 0.96]
    told = [turned_on(each, i) for i, each in enumerate(probabilities)]
    told += [event("off", "door"), event("camera_lost", None), turned_on(0.9, watch="other")]
    for i, each in enumerate(told):
        store.add(each, WALL + i, Shown(b"jpeg"))
    store.close()
    path = folder / "askcam.toml"
    path.write_text(CONFIG)
    return path
