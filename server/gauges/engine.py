"""The engines as they are when Prometheus scrapes: their queues, counts and memory, by what the models are called.
Nothing of a model that is not loaded."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from askcam.server.camera_names import private
from askcam.server.model import Model
from askcam.server.models import Models

ENDS = ("answered", "cancelled", "failed", "refused")


class EngineGauges(Collector):
    """Read on the event loop. The label `model` has as many values as the config has models."""

    def __init__(self, models: Models) -> None:
        self._models = models

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        ready = _gauge("askcam_model_ready", "1 once the model is warm, and while its own server, if any, is there.")
        for model in self._models:
            ready.add_metric([model.called], model.loaded and model.trouble is None)
        yield ready
        loaded = [model for model in self._models if model.loaded]
        if loaded:
            low = _gauge("askcam_engine_low_power", "1 if the model runs in low power.")
            for model in loaded:
                low.add_metric([model.called], model.engine.info.power.low)
            yield low
            yield from _questions(loaded)
            yield from _memory(loaded)
            yield from _paces(loaded)


def _gauge(name: str, told: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, told, labels=["model", *labels])


def _questions(models: list[Model]) -> Iterator[Metric]:
    ended = CounterMetricFamily(
        "askcam_engine_questions",
        "What the engine was asked, by how it ended: questions, each round of tools anew, and scorings of watches.",
        labels=["model", "outcome"],
    )
    waiting = _gauge("askcam_engine_questions_waiting", "Questions and scorings in the engine's queue.")
    answering = _gauge("askcam_engine_questions_answering", "Questions and scorings that the engine is at.")
    tokens = CounterMetricFamily("askcam_engine_tokens", "Tokens generated.", labels=["model"])
    for model in models:
        stats = model.engine.stats()
        for outcome in ENDS:
            ended.add_metric([model.called, outcome], getattr(stats, outcome))
        waiting.add_metric([model.called], stats.waiting)
        answering.add_metric([model.called], stats.answering)
        tokens.add_metric([model.called], stats.tokens)
    yield from (ended, waiting, answering, tokens)


def _paces(models: list[Model]) -> Iterator[Metric]:
    told = "Seconds between two frames of a camera that the model takes in, lately."
    every = _gauge("askcam_engine_frame_interval_seconds", told, "camera")
    slow = _gauge("askcam_engine_too_slow", "1 while the machine cannot keep up with a camera.", "camera")
    told = "Of the frames a second that a camera wants, those that the machine holds."
    held = _gauge("askcam_engine_held_fps", told, "camera")
    for model in models:
        for name, pace in model.engine.paces().items():
            if not private(name):
                every.add_metric([model.called, name], pace.every_s)
                slow.add_metric([model.called, name], pace.slow)
                held.add_metric([model.called, name], pace.held_fps)
    yield from (every, slow, held)


def _memory(models: list[Model]) -> Iterator[Metric]:
    weights = _gauge("askcam_engine_weights_bytes", "Bytes of the model's weights.")
    told = "Bytes of keys and values of windows and answers now; 0 on the portable backend, which keeps none."
    used = _gauge("askcam_engine_kv_used_bytes", told)
    told = "Bytes that keys and values may take (kv_gb); 0 on the portable backend."
    room = _gauge("askcam_engine_kv_limit_bytes", told)
    told = "Bytes in use on the device that the model runs on."
    allocated = _gauge("askcam_device_memory_allocated_bytes", told, "device")
    reserved = _gauge("askcam_device_memory_reserved_bytes", "Bytes taken from the device, in use or not.", "device")
    for model in models:
        memory = model.engine.stats().memory
        weights.add_metric([model.called], memory.weights_bytes)
        used.add_metric([model.called], memory.kv_used_bytes)
        room.add_metric([model.called], memory.kv_limit_bytes)
        for device in memory.devices:
            allocated.add_metric([model.called, device.name], device.allocated_bytes)
            reserved.add_metric([model.called, device.name], device.reserved_bytes)
    yield from (weights, used, room, allocated, reserved)
