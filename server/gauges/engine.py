"""The engine as it is when Prometheus scrapes: its queue, its counts, its memory. Nothing while no model is loaded."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from askcam.engine.interface import EngineMemory, EngineStats, SeenPace
from askcam.server.camera_names import private
from askcam.server.model import Model

ENDS = ("answered", "cancelled", "failed", "refused")


class EngineGauges(Collector):
    """Read on the event loop."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        loaded = self._model.loaded
        ready = loaded and self._model.trouble is None
        told = "1 once the model is loaded and warm, and while its own server, if it has one, is there."
        yield GaugeMetricFamily("askcam_model_ready", told, value=ready)
        if loaded:
            stats, low = self._model.engine.stats(), self._model.engine.info.power.low
            yield GaugeMetricFamily("askcam_engine_low_power", "1 if the model runs in low power.", value=low)
            yield from _questions(stats)
            yield from _memory(stats.memory)
            yield from _paces(self._model.engine.paces())


def _questions(stats: EngineStats) -> Iterator[Metric]:
    ended = CounterMetricFamily(
        "askcam_engine_questions",
        "What the engine was asked, by how it ended: questions, each round of tools anew, and scorings of watches.",
        labels=["outcome"],
    )
    for outcome in ENDS:
        ended.add_metric([outcome], getattr(stats, outcome))
    yield ended
    waiting = "Questions and scorings in the engine's queue."
    yield GaugeMetricFamily("askcam_engine_questions_waiting", waiting, value=stats.waiting)
    answering = "Questions and scorings that the engine is at."
    yield GaugeMetricFamily("askcam_engine_questions_answering", answering, value=stats.answering)
    yield CounterMetricFamily("askcam_engine_tokens", "Tokens generated.", value=stats.tokens)


def _paces(paces: Mapping[str, SeenPace]) -> Iterator[Metric]:
    every = GaugeMetricFamily(
        "askcam_engine_frame_interval_seconds",
        "Seconds between two frames of a camera that the model takes in, lately.",
        labels=["camera"],
    )
    slow = GaugeMetricFamily(
        "askcam_engine_too_slow", "1 while the machine cannot keep up with a camera.", labels=["camera"]
    )
    held = GaugeMetricFamily(
        "askcam_engine_held_fps",
        "Of the frames a second that a camera wants, those that the machine holds.",
        labels=["camera"],
    )
    for name, pace in paces.items():
        if not private(name):
            every.add_metric([name], pace.every_s)
            slow.add_metric([name], pace.slow)
            held.add_metric([name], pace.held_fps)
    yield from (every, slow, held)


def _memory(memory: EngineMemory) -> Iterator[Metric]:
    weights = "Bytes of the model's weights."
    yield GaugeMetricFamily("askcam_engine_weights_bytes", weights, value=memory.weights_bytes)
    used = "Bytes of keys and values of windows and answers now; 0 on the portable backend, which keeps none."
    yield GaugeMetricFamily("askcam_engine_kv_used_bytes", used, value=memory.kv_used_bytes)
    room = "Bytes that keys and values may take (kv_gb); 0 on the portable backend."
    yield GaugeMetricFamily("askcam_engine_kv_limit_bytes", room, value=memory.kv_limit_bytes)
    allocated = GaugeMetricFamily(
        "askcam_device_memory_allocated_bytes", "Bytes in use on the device that the model runs on.", labels=["device"]
    )
    reserved = GaugeMetricFamily(
        "askcam_device_memory_reserved_bytes", "Bytes taken from the device, in use or not.", labels=["device"]
    )
    for device in memory.devices:
        allocated.add_metric([device.name], device.allocated_bytes)
        reserved.add_metric([device.name], device.reserved_bytes)
    yield from (allocated, reserved)
