"""A camera of askcam.toml, as commands are told of it: by its name, or by its address."""

from collections.abc import Mapping
from dataclasses import dataclass

from askcam.app.config import CameraEntry
from askcam.stream.polygons import Polygon
from askcam.stream.sources.base import SourceSpec
from askcam.stream.sources.registry import SAMPLED_FPS, resolve


@dataclass(frozen=True, slots=True, eq=False)
class NamedCamera:
    """What opens it, and what nobody is to see of its picture."""

    source: SourceSpec
    masks: tuple[Polygon, ...] = ()


def find(said: str, cameras: Mapping[str, CameraEntry]) -> CameraEntry | None:
    """The one of the file that is meant; None: none of them."""
    same = (camera for camera in cameras.values() if camera.uri == said.strip())
    return cameras.get(said) or next(same, None)


def named_camera(said: str, cameras: Mapping[str, CameraEntry], fps: float = SAMPLED_FPS) -> NamedCamera:
    """The camera that is meant, of the file or not. Raises StreamError for a URI of no source."""
    entry = find(said, cameras)
    if entry is None:
        return NamedCamera(resolve(said, fps))
    return NamedCamera(resolve(entry.uri, fps), entry.config.masks)
