"""The timeline, plugged in: [timeline], `timeline = true` under a camera, /v1/timeline, a tool and a command."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from askcam.features.timeline.cli import add_command
from askcam.features.timeline.config import OPTION, TimelineConfig, read_timeline
from askcam.server.feature import Feature, Given, Section

if TYPE_CHECKING:
    from askcam.server.core import Core
    from askcam.server.running import Running


def build(core: "Core", given: Given, others: "Mapping[str, Running]") -> "Running":
    from askcam.features.events.running import events_of
    from askcam.features.timeline.running import TimelineRunning

    return TimelineRunning(core, given, events_of(others))


FEATURE = Feature(
    name="timeline",
    sections={"timeline": Section(read_timeline, TimelineConfig)},
    camera_options={OPTION: bool | None},
    build=build,
    commands=add_command,
    needs=("events",),
)
