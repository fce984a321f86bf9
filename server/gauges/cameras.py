"""Cameras as they are when Prometheus scrapes: one that was removed is gone from the next scrape on."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from askcam.server.camera_names import private
from askcam.stream.health import Health
from askcam.stream.states import State
from askcam.stream.status import CameraStatus

REASONS = {"late": 0, "load": 0, "still": 0}  # of drops: told from the start, so that the first one counts


class MeasuredCamera(Protocol):
    """What is wanted of a camera; stream.Camera is one."""

    @property
    def name(self) -> str: ...

    def status(self) -> CameraStatus: ...


class CameraGauges(Collector):
    """Reads every camera's status once per scrape, so that no frame pays for being counted twice."""

    def __init__(self, cameras: Callable[[], Iterable[MeasuredCamera]]) -> None:
        self._cameras = cameras

    def describe(self) -> Iterable[Metric]:
        return ()  # registering must not look at cameras

    def collect(self) -> Iterator[Metric]:
        every = list(self._cameras())
        public = [(camera.name, camera.status()) for camera in every if not private(camera.name)]
        pushed = GaugeMetricFamily("askcam_pushed_cameras", "Private cameras pushed over connections now.")
        pushed.add_metric([], len(every) - len(public))
        yield pushed
        yield from _counts(public)
        yield from _gauges(public)


def _counts(cameras: list[tuple[str, CameraStatus]]) -> Iterator[Metric]:
    decoded = CounterMetricFamily("askcam_camera_frames_decoded", "Frames decoded.", labels=["camera"])
    sampled = CounterMetricFamily("askcam_camera_frames_sampled", "Frames sampled for the window.", labels=["camera"])
    pairs = CounterMetricFamily(
        "askcam_camera_pairs", "Pairs of sampled frames: kept, or left out as still.", labels=["camera", "outcome"]
    )
    dropped = CounterMetricFamily("askcam_camera_frames_dropped", "Frames dropped.", labels=["camera", "reason"])
    reconnects = CounterMetricFamily("askcam_camera_reconnects", "Times it was opened again.", labels=["camera"])
    for name, status in cameras:
        decoded.add_metric([name], status.decoded)
        sampled.add_metric([name], status.sampled)
        pairs.add_metric([name, "kept"], status.pairs_kept)
        pairs.add_metric([name, "still"], status.pairs_still)
        reconnects.add_metric([name], status.reconnects)
        for reason, count in (REASONS | dict(status.dropped)).items():
            dropped.add_metric([name, reason], count)
    yield from (decoded, sampled, pairs, dropped, reconnects)


def _gauges(cameras: list[tuple[str, CameraStatus]]) -> Iterator[Metric]:
    state = GaugeMetricFamily("askcam_camera_state", "1 for the state it is in.", labels=["camera", "state"])
    health = GaugeMetricFamily("askcam_camera_health", "1 for what is wrong with it.", labels=["camera", "health"])
    age = GaugeMetricFamily("askcam_camera_frame_age_seconds", "Age of its newest decoded frame.", labels=["camera"])
    stuck = GaugeMetricFamily("askcam_camera_readers_abandoned", "Readers stuck in a driver now.", labels=["camera"])
    for name, status in cameras:
        for each in State:
            state.add_metric([name, each.value], status.state is each)
        for flag in Health:
            health.add_metric([name, flag.value], flag in status.health)
        if status.frame_age_s is not None:
            age.add_metric([name], status.frame_age_s)
        stuck.add_metric([name], status.abandoned)
    yield from (state, health, age, stuck)
