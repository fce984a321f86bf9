"""The plain values in which a camera says how it is and is told how to be."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from askcam.stream.frame import AgeBasis
from askcam.stream.health import Health
from askcam.stream.polygons import Polygon, check_masks
from askcam.stream.states import State
from askcam.stream.zones import Zone, check_zones

LONGEST_S = 3600.0  # any time limit


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """How a camera is read. Times in seconds."""

    fps: float = 2.0  # frames sampled into the window, per second
    motion_gate: float | None = None  # leave out pairs that differ by less (mean, 0..255) from the last; None: none
    stall_s: float = 1.25  # no new frame for so long: stalled (for cameras slower than 3 fps, three of their intervals)
    grace_s: float = 2.0  # a stalled reader may come back by itself for so long, then it is abandoned
    silence_s: float = 12.5  # a network camera whose rate is not known yet may be silent for so long
    open_timeout_s: float = 8.0  # to connect and to decode the first frame, each
    keyframe_s: float | None = None  # packets may come for so long without one; None: as long as they come
    max_abandoned: int = 2  # readers stuck in a driver, at the same time
    masks: tuple[Polygon, ...] = ()  # parts of its picture that nobody is to see (masks.py)
    zones: Mapping[str, Zone] = field(default_factory=dict)  # parts of it that can be looked at alone (zones.py)

    def __post_init__(self) -> None:
        if not 0.05 <= self.fps <= 60:
            raise ValueError(f"fps is {self.fps:g}; a window is sampled at 0.05 to 60 frames a second")
        for name in ("stall_s", "grace_s", "silence_s", "open_timeout_s", "keyframe_s"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= LONGEST_S:
                raise ValueError(f"{name} is {value:g}; it must be more than 0 seconds, and at most {LONGEST_S:g}")
        if self.motion_gate is not None and not 0 < self.motion_gate <= 255:
            raise ValueError(
                f"motion_gate is {self.motion_gate:g}; it is a difference of gray values, more than 0 and at most 255"
            )
        check_masks(self.masks)
        check_zones(self.zones)


@dataclass(frozen=True, slots=True)
class StateChange:
    """A camera became something else. `reason` is one line for people, None when it is live and well; a camera that is
    live and begins to fall behind, or has caught up, is told as a change from live to live."""

    camera: str
    old: State
    new: State
    reason: str | None
    wall: float  # when, seconds since the epoch


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """How a camera is, at one moment. Counts are since its start."""

    state: State
    reason: str | None  # why it is not live, or live but behind, and what to do
    width: int | None  # of the newest decoded frame
    height: int | None
    fps: float | None  # decoded per second, lately; None unless live
    frame_age_s: float | None  # of the newest decoded frame
    basis: AgeBasis
    health: tuple[Health, ...]
    decoded: int
    sampled: int  # frames, those of pairs that were then left out among them
    pairs_kept: int  # taken into the window
    pairs_still: int  # left out, since nothing moved in them: two of dropped["still"] each
    dropped: Mapping[str, int]  # reason -> count of frames
    reconnects: int
    abandoned: int  # readers now stuck in a driver
    retry_s: float | None = None  # until the source is tried again; None: it is not being waited for
