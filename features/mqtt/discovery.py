"""What Home Assistant is told there is: one retained config per entity, which all its versions since 2024 take. Pure.

A camera is a device, with its connection and, for each watch that looks at it, an answer and the picture of its last
event. https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery names the fields.
"""

from functools import lru_cache
from typing import Any

from askcam.client.protocol import encode
from askcam.features.mqtt.topics import PRESS, Topics

ORIGIN = {"name": "askcam"}
MOST = 4096  # that are remembered: they are asked for every second, and stay as they are
LIVE = "{{ 'ON' if value_json.state == 'live' else 'OFF' }}"


@lru_cache(MOST)
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


@lru_cache(MOST)
def watch_configs(topics: Topics, watch: str, kind: str, camera: str) -> tuple[tuple[str, bytes], ...]:
    """Topics and payloads: the answer of a watch of that name and kind at one camera, and the picture of its last
    event."""
    entity, places = topics.object_id("watch", watch, camera), topics.watch(watch, camera)
    shared: dict[str, Any] = {
        "json_attributes_topic": places.attributes,
        "device": _device(topics, camera),
        "origin": ORIGIN,
        "qos": 1,
    }
    answer: dict[str, Any] = shared | {
        "name": watch,
        "unique_id": entity,
        "state_topic": places.state,
        "availability": [{"topic": topics.status}, {"topic": places.availability}],
        "availability_mode": "all",
    }
    if kind == "number":
        answer |= {"state_class": "measurement"}
    component = "binary_sensor" if kind == "yesno" else "sensor"
    picture: dict[str, Any] = shared | {
        "name": f"{watch} picture",
        "unique_id": f"{entity}-picture",
        "image_topic": places.picture,
        "content_type": "image/jpeg",
        "availability": [{"topic": topics.status}],
    }
    return (topics.config(component, entity), encode(answer)), (topics.config("image", entity), encode(picture))


@lru_cache(MOST)
def press_config(topics: Topics, watch: str, camera: str) -> tuple[str, bytes]:
    """Topic and payload: the button that says that a watch's newest event at a camera was wrong."""
    entity = topics.object_id("watch", watch, camera)
    return topics.config("button", entity), encode(
        {
            "name": f"{watch} that was wrong",
            "unique_id": f"{entity}-wrong",
            "command_topic": topics.watch(watch, camera).wrong,
            "payload_press": PRESS.decode(),
            "retain": False,
            "icon": "mdi:thumb-down-outline",
            "availability": [{"topic": topics.status}],
            "device": _device(topics, camera),
            "origin": ORIGIN,
            "qos": 1,
        }
    )


def _device(topics: Topics, camera: str) -> dict[str, Any]:
    return {
        "identifiers": [topics.object_id("camera", camera)],
        "name": camera,
        "manufacturer": "askcam",
        "model": "camera",
    }
