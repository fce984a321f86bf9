"""Clips of events, plugged in: [clips], `clips = false` under a camera, their routes, and `askcam events export`.
Without that section nothing of it is read."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from askcam.features.clips.cli import add_command
from askcam.features.clips.config import OPTION, read_clips
from askcam.server.feature import Feature, Given, Section

if TYPE_CHECKING:
    from askcam.server.core import Core
    from askcam.server.running import Running


def build(core: "Core", given: Given, others: "Mapping[str, Running]") -> "Running":
    from askcam.server.running import Running

    if given.sections["clips"] is None:
        return Running()
    from askcam.features.clips.running import ClipsRunning
    from askcam.features.events.running import events_of

    return ClipsRunning(core, given.sections["clips"], events_of(others))


FEATURE = Feature(
    name="clips",
    sections={"clips": Section(read_clips, lambda: None)},
    camera_options={OPTION: bool},
    build=build,
    commands=add_command,
    needs=("events",),
)
