"""What a model says that it takes of its device, on both backends."""

from typing import Any

import pytest
import torch
from support.waiting import until

from askcam.engine.interface import EngineConfig, EngineMemory
from askcam.engine.live.engine import LiveEngine
from askcam.engine.open import open_engine
from askcam.engine.question import Event, Finished, First


def weights_bytes(model: torch.nn.Module) -> int:
    """Counted another way: by what their storages hold."""
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in model.state_dict().values()}
    return sum(storages.values())


def test_weights_keys_and_values_are_told_in_bytes(engine: Any, camera: Any, loaded: Any, about: Any) -> None:
    seen: list[EngineMemory] = []
    heard: list[Event] = []

    def listen(event: Event) -> None:
        if isinstance(event, First):  # its window and its tokens lie in the pool now
            seen.append(engine.stats().memory)
        heard.append(event)

    engine.ask(about("What is on the table?", max_tokens=2), listen)
    until(lambda: heard and isinstance(heard[-1], Finished), "the answer")
    (memory,) = seen
    assert memory.weights_bytes == pytest.approx(weights_bytes(loaded.model), rel=0.01)
    (device,) = memory.devices
    assert device.name == "cpu"
    if isinstance(engine, LiveEngine):
        assert 0 < memory.kv_used_bytes < memory.kv_limit_bytes
        assert memory.kv_limit_bytes % engine.pool.total_rows == 0
    else:
        assert (memory.kv_used_bytes, memory.kv_limit_bytes) == (0, 0)
    assert device.allocated_bytes == memory.weights_bytes + memory.kv_used_bytes
    assert device.reserved_bytes == memory.weights_bytes + memory.kv_limit_bytes


@pytest.mark.gpu
def test_a_gpu_tells_what_torch_has_of_it(builtin: Any) -> None:
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device here")
    engine = open_engine(EngineConfig(str(builtin), device="cuda"))
    try:
        (device,) = engine.stats().memory.devices
        assert device.name.startswith("cuda")
        assert 0 < device.allocated_bytes <= device.reserved_bytes
        assert device.allocated_bytes >= engine.stats().memory.weights_bytes
    finally:
        engine.close()
