"""Watches that come with cameras which a front gives to this server, and go with them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from askcam.client.watches import WatchInfo
from askcam.features.watches.bodies import NewWatch, read, setting
from askcam.features.watches.handed_over import memories_of, of_another
from askcam.features.watches.service import Watching
from askcam.features.watches.setting import WatchSetting
from askcam.features.watches.store import CAMERA, PICTURE
from askcam.features.watches.threshold import WatchMemory
from askcam.server.errors import Invalid, Refusal


class BroughtWatches:
    """Owned by the event loop. One watch may be of several cameras, of which some are here: it is asked of these."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching
        self._of: dict[str, dict[str, WatchSetting]] = {}  # by camera, by name
        self._begun: dict[str, int] = {}  # of those that are here: another number, another watch of that name

    async def came(self, camera: str, tables: Mapping[str, Any], past: Mapping[str, Any] | None = None) -> None:
        """`tables`: as those under [watches], without their cameras; `past`: what the front knows of the camera's
        (cluster/messages.py, LastEvents). All that can be asked are; raises Refusal for the first that cannot."""
        found: dict[str, WatchSetting] = {}
        refused: Refusal | None = None
        for name, table in tables.items():
            try:
                if not isinstance(table, Mapping):
                    raise Invalid(f"[watches.{name}] is no table")
                body = read({**table, "name": name, "cameras": [camera]}, NewWatch)
                found[name] = setting({key: value for key, value in body.items() if key != "name"})
            except Refusal as exc:
                refused = refused or exc.saying(f"[watches.{name}]: {exc.message}", exc.param)
        if past and found:
            events = listed if isinstance(listed := past.get("events"), list) else []
            memories, other = memories_of(camera, events, found), of_another(events, found)
            anew, begun = past.get("yours") is not True, _numbers(past.get("begun"), found)
            now = await self._watching.write(lambda store: store.hand_over(camera, found, memories, anew, begun, other))
            for name, number in begun.items():
                if self._begun.setdefault(name, number) != number:
                    self._begun[name] = number
                    await self._watching.bring(name, None)
            of_camera = ((CAMERA, camera), (PICTURE, camera))
            self._watching.remember({place: now.get(place, WatchMemory(False)) for place in of_camera})
        before = self._of.get(camera, {})
        self._of[camera] = found
        for name in {**before, **found}:
            try:
                await self._tell(name, camera)
            except Refusal as exc:
                refused = refused or exc.saying(f"[watches.{name}]: {exc.message}", exc.param)
        if refused is not None:
            raise refused

    async def left(self, camera: str) -> None:
        for name in self._of.pop(camera, {}):
            await self._tell(name, camera)

    async def _tell(self, name: str, newest: str) -> None:
        """As all cameras that bring it have it together; of several wordings that of the `newest` camera."""
        having = {camera: watches[name] for camera, watches in self._of.items() if name in watches}
        if not having:
            self._begun.pop(name, None)
            await self._watching.bring(name, None)
            return
        last = having.get(newest) or next(iter(having.values()))
        await self._watching.bring(name, replace(last, cameras=tuple(sorted(having))))


async def would_be(watching: Watching, name: str, setting: WatchSetting) -> WatchInfo:
    """A watch that is to be made at a front, as it would be told; nothing is made. Raises Refusal for what could not be
    made here, but for the name of one that came with cameras: whether that may be used again the front knows."""
    await watching.learn(setting)
    if name not in watching.known.brought or watching.known.own(name):
        watching.known.check_new(name)
    watching.check_setting(setting)
    said = msgspec.to_builtins(setting) | {"name": name, "origin": "api", "now": []}
    return msgspec.convert(said, WatchInfo)


def _numbers(told: Any, names: Mapping[str, Any]) -> dict[str, int]:
    """Of these, whatever a front tells."""
    given = told if isinstance(told, Mapping) else {}
    return {name: number for name, number in given.items() if name in names and isinstance(number, int)}
