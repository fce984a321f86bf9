"""MQTT, plugged in: [mqtt]. Without that section nothing of it is read."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from askcam.features.mqtt.config import check_mqtt, read_mqtt, secrets
from askcam.server.feature import Feature, Given, Section

if TYPE_CHECKING:
    from askcam.server.core import Core
    from askcam.server.running import Running


def build(core: "Core", given: Given, others: "Mapping[str, Running]") -> "Running":
    from askcam.server.running import Running

    if given.sections["mqtt"] is None:
        return Running()
    from askcam.features.mqtt.running import MqttRunning

    return MqttRunning(core, given, others)


FEATURE = Feature(
    name="mqtt",
    sections={"mqtt": Section(read_mqtt, lambda: None, check_mqtt, secrets)},
    build=build,
    needs=("events", "watches"),
)
