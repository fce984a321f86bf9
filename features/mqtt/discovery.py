"""What Home Assistant is told there is: one retained config per entity, which all its versions since 2024 take. Pure.

A camera is a device, with its connection and, for each watch that looks at it, an answer and the picture of its last
event. https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery names the fields.
"""

from collections.abc import Iterator
from typing import Any

from askcam.client.protocol import encode
from askcam.client.watches import WatchInfo
from askcam.features.mqtt.topics import Topics

ORIGIN = {"name": "askcam"}
LIVE = "{{ 'ON' if value_json.state == 'live' else 'OFF' }}"


def camera_config(topics: Topics, camera: str) -> tuple[str, bytes]:
    """Topic and payload: whether a camera is live."""
    entity = topics.object_id("camera", camera)
    state = topics.camera(camera)
    return topics.config("binary_sensor", entity), encode(
        {
            "name": "connection",
            "unique_id": entity,
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "state_topic": state,
            "value_template": LIVE,
            "json_attributes_topic": state,
            "availability": [{"topic": topics.status}],
            "device": _device(topics, camera),
            "origin": ORIGIN,
            "qos": 1,
        }
    )


def watch_configs(topics: Topics, watch: WatchInfo, camera: str) -> Iterator[tuple[str, bytes]]:
    """Topics and payloads: a watch's answer at one camera, and the picture of its last event."""
    entity, places = topics.object_id("watch", watch.name, camera), topics.watch(watch.name, camera)
    shared: dict[str, Any] = {
        "json_attributes_topic": places.attributes,
        "device": _device(topics, camera),
        "origin": ORIGIN,
        "qos": 1,
    }
    answer: dict[str, Any] = shared | {
        "name": watch.name,
        "unique_id": entity,
        "state_topic": places.state,
        "availability": [{"topic": topics.status}, {"topic": places.availability}],
        "availability_mode": "all",
    }
    if watch.kind == "number":
        answer |= {"state_class": "measurement"}
    component = "binary_sensor" if watch.kind == "yesno" else "sensor"
    yield topics.config(component, entity), encode(answer)
    yield (
        topics.config("image", entity),
        encode(
            shared
            | {
                "name": f"{watch.name} picture",
                "unique_id": f"{entity}-picture",
                "image_topic": places.picture,
                "content_type": "image/jpeg",
                "availability": [{"topic": topics.status}],
            }
        ),
    )


def _device(topics: Topics, camera: str) -> dict[str, Any]:
    return {
        "identifiers": [topics.object_id("camera", camera)],
        "name": camera,
        "manufacturer": "askcam",
        "model": "camera",
    }
