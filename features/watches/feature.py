"""Watches, plugged in: [watches.NAME], /v1/watches, watch.* in realtime sessions, four tools and `askcam watch`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from askcam.features.watches.cli import add_commands
from askcam.features.watches.config import check_watches, models_of, read_watches
from askcam.server.feature import Feature, Given, Section

if TYPE_CHECKING:
    from askcam.server.core import Core
    from askcam.server.running import Running


def build(core: "Core", given: Given, others: "Mapping[str, Running]") -> "Running":
    from askcam.features.events.running import events_of
    from askcam.features.watches.running import WatchesRunning

    return WatchesRunning(core, given, events_of(others))


FEATURE = Feature(
    name="watches",
    sections={"watches": Section(read_watches, dict, check_watches, models=models_of)},
    build=build,
    commands=add_commands,
    needs=("events",),
)
