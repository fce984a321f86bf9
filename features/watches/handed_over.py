"""How a camera's watches, and the camera itself, stand by what a front knows of its past. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from askcam.features.watches.setting import WatchSetting
from askcam.features.watches.store import CAMERA, PICTURE, Place
from askcam.features.watches.threshold import WatchMemory

OF_CAMERA = {"camera_lost": CAMERA, "camera_back": CAMERA, "camera_unwell": PICTURE, "camera_well": PICTURE}
BAD = ("camera_lost", "camera_unwell")


def memories_of(camera: str, events: Sequence[Any], settings: Mapping[str, WatchSetting]) -> dict[Place, WatchMemory]:
    """`events`: the last of each kind, oldest first, as cluster/messages.py has them (LastEvent). Of a watch that asks
    something else by now, and of one that has told nothing, there is none."""
    found: dict[Place, WatchMemory] = {}
    for told in events:
        if not isinstance(told, Mapping):
            continue
        kind, watch, at = told.get("kind"), told.get("watch"), told.get("at")
        wall = float(at) if isinstance(at, int | float) else None
        if watch is None and kind in OF_CAMERA:
            found[OF_CAMERA[kind], camera] = WatchMemory(kind in BAD)
        setting = settings.get(watch) if isinstance(watch, str) else None
        if setting is None or setting.question != told.get("question"):
            continue
        place = (str(watch), camera)
        before = found.get(place)
        match kind:
            case "on":
                found[place] = WatchMemory(True, wall)
            case "off":
                found[place] = WatchMemory(False, None if before is None else before.on_wall)
            case "changed" if isinstance(text := told.get("answer"), str):
                found[place] = WatchMemory(False, wall, text)
    return found


def of_another(events: Sequence[Any], settings: Mapping[str, WatchSetting]) -> set[str]:
    """The watches that were told of last while they asked something else: what is remembered of them means nothing."""
    pairs = [(told.get("watch"), told.get("question")) for told in events if isinstance(told, Mapping)]
    asked = {watch: question for watch, question in pairs if isinstance(watch, str) and isinstance(question, str)}
    return {name for name, setting in settings.items() if asked.get(name, setting.question) != setting.question}
