"""The event log, plugged in: [watching], which says where it is kept, and /v1/events."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from askcam.features.events.config import WatchingConfig, read_watching
from askcam.server.feature import Feature, Given, Section

if TYPE_CHECKING:
    from askcam.server.core import Core
    from askcam.server.running import Running


def build(core: "Core", given: Given, others: "Mapping[str, Running]") -> "Running":
    from askcam.features.events.running import EventsRunning

    return EventsRunning(core, given)


FEATURE = Feature(name="events", sections={"watching": Section(read_watching, WatchingConfig)}, build=build)
