"""Watches as one viewer has them: how they stand at cameras that they see, and which of them they may change."""

from collections.abc import Callable
from typing import Any

import msgspec

from askcam.client.watches import WatchInfo, WatchReadings
from askcam.features.watches.bodies import setting
from askcam.features.watches.errors import NoSuchWatch, not_asked_of
from askcam.features.watches.proposals import Proposal
from askcam.features.watches.service import Watching
from askcam.features.watches.setting import WatchSetting
from askcam.server.access.viewer import Viewer
from askcam.server.errors import NotFound, PermissionDenied


def watches(watching: Watching, viewer: Viewer) -> list[WatchInfo]:
    """Those that look at a camera that the viewer sees."""
    return [_seen(info, viewer) for info in watching.all() if viewer.sees_any(info.cameras)]


def watch(watching: Watching, name: str, viewer: Viewer) -> WatchInfo:
    """Raises NoSuchWatch, also for one that looks at none of the viewer's cameras."""
    info = watching.info(name)
    if not viewer.sees_any(info.cameras):
        raise NoSuchWatch(name)
    return _seen(info, viewer)


def readings(
    watching: Watching, name: str, viewer: Viewer, camera: str | None, since: float | None
) -> list[WatchReadings]:
    """Raises NotFound."""
    watch(watching, name, viewer)
    if camera is not None and not viewer.sees(camera):
        raise not_asked_of(name, camera)
    return [each for each in watching.readings(name, camera, since) if viewer.sees(each.camera)]


def check_whole(watching: Watching, name: str, viewer: Viewer) -> None:
    """Raises NoSuchWatch, PermissionDenied for one that looks at more than the viewer sees: to change it, or to have
    what was made of all of it."""
    _whole(name, watching.setting(name), viewer)


def _whole(name: str, before: WatchSetting, viewer: Viewer) -> None:
    if not viewer.sees_any(before.cameras):
        raise NoSuchWatch(name)
    if not viewer.sees_every(before.cameras):
        raise PermissionDenied(
            f"the watch {name!r} looks at more than the cameras that the token {viewer.name!r} is for",
            code="insufficient_permissions",
        )


def check_cameras(watching: Watching, wanted: WatchSetting, viewer: Viewer) -> None:
    """Raises NotFound for a camera that is not there for the viewer."""
    for camera in wanted.cameras:
        try:
            watching.cameras.get(camera, viewer)
        except NotFound as exc:
            raise exc.at("cameras") from exc


async def create(watching: Watching, name: str, wanted: WatchSetting, viewer: Viewer) -> WatchInfo:
    """Raises Refusal."""
    check_cameras(watching, wanted, viewer)
    return await watching.create(name, wanted)


async def change(watching: Watching, name: str, named: dict[str, Any], viewer: Viewer) -> WatchInfo:
    """What is `named` is set otherwise. Raises Refusal."""

    def changed(before: WatchSetting) -> WatchSetting:
        _whole(name, before, viewer)
        after = setting(msgspec.to_builtins(before) | named)
        check_cameras(watching, after, viewer)
        return after

    watch(watching, name, viewer)
    return await watching.change(name, changed)


async def remove(watching: Watching, name: str, viewer: Viewer) -> None:
    """Raises Refusal."""
    watch(watching, name, viewer)
    await watching.remove(name, _may_change(name, viewer))


def _may_change(name: str, viewer: Viewer) -> Callable[[WatchSetting], None]:
    return lambda before: _whole(name, before, viewer)


def sees_proposal(watching: Watching, proposal: Proposal, viewer: Viewer) -> bool:
    """Whether it is about nothing but cameras that the viewer sees."""
    about = proposal.setting or watching.known.all().get(proposal.name)
    return viewer.sees_all or (about is not None and viewer.sees_every(about.cameras))


def _seen(info: WatchInfo, viewer: Viewer) -> WatchInfo:
    if viewer.sees_all:
        return info
    now = [each for each in info.now if viewer.sees(each.camera)]
    judged = info.judged if viewer.sees_every(info.cameras) else None  # it counts events of all of them
    return msgspec.structs.replace(info, cameras=viewer.among(info.cameras), now=now, judged=judged)
