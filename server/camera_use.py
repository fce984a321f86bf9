"""What is done with a camera's pictures, and what is said where a model cannot keep up with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from askcam.server.steps import Unwell


@dataclass(frozen=True, slots=True)
class CameraUse:
    """What is done with a camera's pictures. Fields of [cameras.NAME], too."""

    tools: tuple[str, ...] = ()  # server-side tools that its questions may call: "clock", "parcels.*", "*"
    unwell: Unwell = "refuse"  # what to do with questions about a dark or frozen picture
    model: str | None = None  # which of the models here answers about it; None: the usual one
    options: Mapping[str, Any] = field(
        default_factory=dict
    )  # those of features, by name; CameraInfo tells those that it knows


DEFAULT_USE = CameraUse()


def slow_words(every_ms: float | None, fps: float | None) -> str | None:
    """`every_ms`: between frames that the model takes in, None where it keeps up; `fps`: the camera's own."""
    if every_ms is None:
        return None
    itself = "" if fps is None else f"; the camera itself is live at {fps:.0f} fps"
    return f"the model sees one frame in {every_ms / 1000:.1f} s: this machine cannot keep up{itself}"
