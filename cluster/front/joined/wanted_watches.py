"""Watches that were made at the front, of cameras that are given to shards: kept in the table, they go where their
cameras go. Whether one can be asked is for the shards to say that have these."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from askcam.cluster.front.directory import Directory
from askcam.cluster.front.errors import SeveralShards
from askcam.cluster.front.event_source import RefusedThere, ShardReply
from askcam.cluster.front.joined.owning import ClusterTable
from askcam.cluster.front.shards import FrontShard
from askcam.cluster.members import WatchWish
from askcam.cluster.merging import Row
from askcam.server.access.viewer import Role
from askcam.server.errors import Conflict, Invalid, NotFound, Refusal, unknown_camera

CHECK = "/v1/watches/check"
MAX_CAMERAS = 64  # of one watch, as on a server
MEANING = ("question", "kind", "choices", "on_when")  # who changes one of these asks something else
NOT_SET = ("name", "cameras", "origin", "now", "judged", "object")  # what is told of a watch beside its setting
HEARS_SOON = "its shard is about to hear of it"


class WantedWatches:
    """Owned by the event loop. What is known of them is in the table."""

    def __init__(self, table: ClusterTable, directory: Directory) -> None:
        self._table, self._directory = table, directory

    def has(self, name: object) -> bool:
        return name in self._table.view.watches

    def are_given(self, cameras: Sequence[str]) -> bool:
        """Whether a watch of these is kept here. Raises SeveralShards where only some of them are given to shards."""
        given = [camera for camera in cameras if self._table.view.wants(camera)]
        if given and len(given) < len(cameras):
            own = [camera for camera in cameras if camera not in given]
            if unknown := [camera for camera in own if not self._directory.has(camera)]:
                raise unknown_camera(unknown[0], self._directory.cameras()).at("cameras")
            told = f"{', '.join(given)} are the front's cameras, {', '.join(own)} a server's own: make two watches"
            raise SeveralShards(told, "cameras")
        return bool(given)

    async def make(self, body: Mapping[str, Any]) -> Row:
        """Raises Refusal, RefusedThere."""
        self._table.check_leads()
        name = str(body.get("name"))
        if self.has(name) or self._table.view.is_listed(name):
            raise Conflict(f"there is a watch {name!r} already", "name")
        wish = await self._checked(body, body["cameras"])
        await self._table.change(lambda owners, now_s: owners.watch(wish, now_s))
        return self._row(self._table.view.watches[name], ())

    async def change(self, name: str, body: Any) -> Row:
        """What is named is to be other than before. Raises Refusal, RefusedThere."""
        self._table.check_leads()
        if not isinstance(body, dict) or "name" in body:
            raise Invalid("say what is to be other than before, as an object; a watch keeps its name", "name")
        before = self._table.view.watches[name]
        setting = json.loads(before.setting)
        cameras = body.get("cameras", list(before.cameras))
        if "cameras" in body and _are_names(cameras) and not self.are_given(cameras):
            raise unknown_camera(cameras[0] if cameras else "", list(self._table.view.names())).at("cameras")
        wish = await self._checked({**setting, **body, "name": name}, cameras)
        now = json.loads(wish.setting)
        anew = any(setting.get(field) != now.get(field) for field in MEANING)
        await self._table.change(lambda owners, now_s: owners.watch(wish, now_s, anew=anew))
        return self._row(self._table.view.watches[name], ())

    async def remove(self, name: str) -> None:
        """Raises Refusal."""
        await self._table.change(lambda owners, now_s: owners.unwatch(name, now_s))

    def rows(self, told: Iterable[Row]) -> list[Row]:
        """What shards have told of watches, as they are known here: one that is kept here as it is kept, though its
        shards have not heard of it yet, and none that came from here and is kept no longer."""
        found, view = list[Row](), self._table.view
        for row in told:
            if (watch := view.watches.get(str(row.get("name")))) is not None:
                found.append(self._row(watch, row.get("now") or ()))
            elif not self.came_from_here(row) or view.is_listed(str(row.get("name"))):
                found.append(row)
        names = {row.get("name") for row in found}
        return found + [self._row(watch, ()) for name, watch in sorted(view.watches.items()) if name not in names]

    def kept_here(self, rows: Iterable[Row]) -> list[Row]:
        """Those of them whose events are delivered to the front."""
        return [row for row in rows if self.has(row.get("name")) or self.came_from_here(row)]

    def came_from_here(self, row: Any) -> bool:
        """Whether a shard that tells of that watch has it by the front."""
        cameras = row.get("cameras") if isinstance(row, dict) else None
        return row.get("origin") == "file" and isinstance(cameras, list) and all(map(self._table.view.wants, cameras))

    def _row(self, watch: WatchWish, now: Iterable[Row]) -> Row:
        by_camera = {each.get("camera"): each for each in now}
        return {
            "name": watch.name,
            "origin": "api",
            **json.loads(watch.setting),
            "cameras": list(watch.cameras),
            "judged": None,
            "now": [by_camera.get(camera) or self._resting(camera) for camera in watch.cameras],
            "object": "askcam.watch",
        }

    def _resting(self, camera: str) -> Row:
        """How a watch stands on a camera whose shard says nothing of it."""
        try:
            trouble = HEARS_SOON if self._directory.owner_of(camera).up else "its shard is down"
        except Refusal as refusal:
            trouble = refusal.message
        read = dict.fromkeys(("probability", "answer", "read_at", "expected", "since"))
        return {"camera": camera, "state": "unknown", **read, "trouble": trouble}

    async def _checked(self, body: Mapping[str, Any], cameras: Any) -> WatchWish:
        """As the shards that have its cameras would take it. Raises RefusedThere, Refusal."""
        if not _are_names(cameras) or len(cameras) > MAX_CAMERAS:
            raise Invalid(f"cameras must name 1 to {MAX_CAMERAS} cameras, each once", "cameras")
        by_shard: dict[FrontShard, list[str]] = {}
        away: Refusal | None = None
        for camera in cameras:
            try:
                by_shard.setdefault(self._directory.owner_of(camera), []).append(camera)
            except Refusal as refusal:  # of a watch that was made before its camera may be gone, or have no place now
                away = away or refusal
        if not by_shard:
            raise away or NotFound("none of its cameras is there", "cameras")
        replies = await self._directory.everywhere(
            lambda shard: self._check_there(shard, {**body, "cameras": by_shard[shard]}), by_shard
        )
        good = dict[str, Any]()
        for shard, reply in replies.items():
            if isinstance(reply, Refusal):
                raise reply
            if reply.status != 200 or not isinstance(reply.value, dict):
                raise RefusedThere(shard.name, reply)
            good = reply.value
        setting = {key: value for key, value in good.items() if key not in NOT_SET}
        return WatchWish(str(body["name"]), tuple(cameras), json.dumps(setting))

    async def _check_there(self, shard: FrontShard, body: Mapping[str, Any]) -> ShardReply:
        shard.check_role(Role.ADMIN, Role.ADMIN)
        return await shard.asked("POST", CHECK, role=Role.ADMIN, body=body)


def _are_names(cameras: Any) -> bool:
    return isinstance(cameras, list) and bool(cameras) and all(isinstance(each, str) for each in cameras)
