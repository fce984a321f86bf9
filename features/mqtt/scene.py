"""What there is to publish, gathered from the running server."""

import time
from dataclasses import dataclass, field

from askcam.client.protocol import CameraInfo
from askcam.client.watches import WatchInfo
from askcam.features.mqtt.discovery import camera_config, press_config, watch_configs
from askcam.features.mqtt.shown import RetainedFact, ShownEvent, camera_fact, topics_of, watch_facts
from askcam.features.mqtt.topics import Topics
from askcam.features.watches import seen
from askcam.features.watches.service import Watching
from askcam.server.access.viewer import Viewer
from askcam.server.cameras import Cameras
from askcam.server.errors import Refusal

WatchPlace = tuple[str, str]  # a watch and a camera


@dataclass(slots=True)
class SceneFacts:
    """One moment. `waves` go out one after the other: what was true is taken back before something else is said."""

    places: list[WatchPlace] = field(default_factory=list)
    configs: list[RetainedFact] = field(default_factory=list)
    waves: tuple[list[RetainedFact], list[RetainedFact], list[RetainedFact]] = field(
        default_factory=lambda: ([], [], [])
    )
    topics: set[str] = field(default_factory=set)  # all retained ones that are this server's now


class Observing:
    """Owned by the event loop."""

    def __init__(
        self, cameras: Cameras, watching: Watching, topics: Topics, viewer: Viewer, judge: bool = False
    ) -> None:
        """`viewer`: whoever may listen at the broker. `judge`: whether it may be said there that an event was wrong."""
        self._cameras, self._watching, self._topics = cameras, watching, topics
        self._viewer, self._judge = viewer, judge

    def look(self, last: dict[WatchPlace, ShownEvent | None]) -> SceneFacts:
        """`last`: the newest event of each place, as far as it is known."""
        topics, wall, scene = self._topics, time.time(), SceneFacts(topics={self._topics.status})
        live: set[str] = set()
        names = self._viewer.among([*self._cameras.names(), *self._cameras.announced])
        for name in names:
            scene.topics.add(topics.camera(name))
            if topics.discovery:
                scene.configs.append(_config(*camera_config(topics, name)))
            info = self._info(name)
            scene.waves[1].append(camera_fact(topics, name, info, wall))
            if info is not None and info.state == "live":
                live.add(name)
        for watch in seen.watches(self._watching, self._viewer):
            self._watch(scene, watch, live, last, wall)
        scene.topics |= {fact.topic for fact in scene.configs}
        return scene

    def _info(self, name: str) -> CameraInfo | None:
        try:
            return self._cameras.info(name)
        except Refusal:  # its model is not there
            return None

    def _watch(
        self,
        scene: SceneFacts,
        watch: WatchInfo,
        live: set[str],
        last: dict[WatchPlace, ShownEvent | None],
        wall: float,
    ) -> None:
        scene.topics.update(topics_of(self._topics, watch))
        for now in watch.now:
            place = (watch.name, now.camera)
            scene.places.append(place)
            facts = watch_facts(self._topics, watch, now, now.camera in live, last.get(place), wall)
            for wave, found in zip(scene.waves, (facts.before, facts.values, facts.after), strict=True):
                wave += found
            if self._topics.discovery:
                scene.configs += [
                    _config(*each) for each in watch_configs(self._topics, watch.name, watch.kind, now.camera)
                ]
                if self._judge:
                    scene.configs.append(_config(*press_config(self._topics, watch.name, now.camera)))


def _config(topic: str, payload: bytes) -> RetainedFact:
    return RetainedFact(topic, payload, payload)
