"""What a model takes of its devices' memory, as plain numbers."""

import torch

from askcam.engine.interface import DeviceMemory, EngineMemory


class Memory:
    """Of one model; now() may be called from any thread and waits for no device."""

    def __init__(self, model: torch.nn.Module) -> None:
        weights: dict[torch.device, int] = {}
        for tensor in (*model.parameters(), *model.buffers()):
            if tensor.device.type != "meta":  # it lies on no device
                weights[tensor.device] = weights.get(tensor.device, 0) + tensor.numel() * tensor.element_size()
        self._weights = weights

    def now(self, kv_used_bytes: int = 0, kv_limit_bytes: int = 0) -> EngineMemory:
        """`kv_...`: of the pool, which lies on the model's one device."""
        devices = []
        for device, num_bytes in sorted(self._weights.items(), key=lambda one: str(one[0])):
            if device.type == "cuda":
                allocated, reserved = torch.cuda.memory_allocated(device), torch.cuda.memory_reserved(device)
            elif device.type == "mps":
                allocated, reserved = torch.mps.current_allocated_memory(), torch.mps.driver_allocated_memory()
            else:
                allocated, reserved = num_bytes + kv_used_bytes, num_bytes + kv_limit_bytes
            devices.append(DeviceMemory(str(device), allocated, reserved))
        return EngineMemory(sum(self._weights.values()), kv_used_bytes, kv_limit_bytes, tuple(devices))
