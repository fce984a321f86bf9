"""Several models on one machine: whether they fit together, and how they share what their weights leave."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from askcam.engine.checkpoint import find
from askcam.engine.errors import ModelError
from askcam.engine.interface import EngineConfig, Progress
from askcam.engine.live.capacity import windows_budget
from askcam.engine.machine_memory import MemoryLeft, memory_left
from askcam.engine.stored import with_beside


@dataclass(frozen=True, slots=True)
class WeightsNeed:
    """What one model's weights take where they lie."""

    device: str  # "cpu", "cuda"
    num_bytes: int


def shared(configs: Mapping[str, EngineConfig], progress: Progress) -> dict[str, EngineConfig]:
    """As engine.open.sharing_memory(), of models that run here."""
    needs = {}
    for name, config in configs.items():
        found = find(config, progress)
        needs[name] = WeightsNeed(found.device.type, found.weights_bytes)
    return divided(configs, needs, memory_left())


def divided(
    configs: Mapping[str, EngineConfig], needs: Mapping[str, WeightsNeed], left: MemoryLeft
) -> dict[str, EngineConfig]:
    """`configs`, with memory for windows that all of them have room for. `left`: of a CPU's. Pure. Raises ModelError.

    A GPU holds one of them: CUDA graphs are captured with nothing else going on there.
    """
    on_gpu = [name for name, need in needs.items() if need.device != "cpu"]
    if len(on_gpu) > 1:
        raise ModelError(
            f'the models {_listed(on_gpu)} would share a GPU, which holds one: give the others device = "cpu", or run '
            "them behind a model server (url)"
        )
    on_cpu = [name for name in needs if name not in on_gpu]
    weights = sum(with_beside(needs[name].num_bytes) for name in on_cpu)
    asked = sum(configs[name].kv_gb or 0.0 for name in on_cpu) * 1e9
    if weights + asked > left.num_bytes:
        raise ModelError(
            f"the models {_listed(on_cpu)} take {(weights + asked) / 1e9:.2f} GB together, and "
            f"{left.num_bytes / 1e9:.2f} GB are {left.bound}: use smaller ones, less kv_gb, or run one behind a model "
            "server (url)"
        )
    untold = [name for name in on_cpu if configs[name].kv_gb is None]
    each = windows_budget(int(left.num_bytes - weights - asked), "cpu") / max(1, len(untold))
    return {name: replace(config, kv_gb=each / 1e9) if name in untold else config for name, config in configs.items()}


def _listed(names: list[str]) -> str:
    return " and ".join(map(repr, names))
