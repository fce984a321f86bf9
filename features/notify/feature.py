"""Notifying, plugged in: [notify.NAME], /v1/deliveries and /v1/notify."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from askcam.features.notify.config import check_notify, read_notify, secrets
from askcam.server.feature import Feature, Given, Section

if TYPE_CHECKING:
    from askcam.server.core import Core
    from askcam.server.running import Running


def build(core: "Core", given: Given, others: "Mapping[str, Running]") -> "Running":
    from askcam.features.events.running import events_of
    from askcam.features.notify.running import NotifyRunning

    return NotifyRunning(given, events_of(others))


FEATURE = Feature(
    name="notify",
    sections={"notify": Section(read_notify, dict, check_notify, secrets)},
    build=build,
    needs=("events",),
)
