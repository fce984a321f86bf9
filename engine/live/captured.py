"""A call captured as a CUDA graph."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import torch

T = TypeVar("T")


class Captured(Generic[T]):
    """One call on tensors that stay where they are. On CUDA a graph; elsewhere just the call."""

    def __init__(self, call: Callable[[], T], device: torch.device, memory: Any = None) -> None:
        """Runs `call` twice, and once more to record it. `memory`: a torch.cuda.graph_pool_handle() that graphs share
        which never run at the same time."""
        self._call, self._device = call, device
        self._graph: torch.cuda.CUDAGraph | None = None
        if device.type != "cuda":
            return
        here = torch.cuda.current_stream(device)
        side = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        side.wait_stream(here)
        with torch.cuda.stream(side):
            for _ in range(2):  # compiles kernels, makes workspaces
                call()
        here.wait_stream(side)
        torch.cuda.synchronize(device)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=memory):
            self._result = call()
        self._graph = graph

    def __call__(self) -> T:
        """Run it. The next run overwrites the result."""
        if self._graph is None:
            return self._call()
        self._graph.replay()
        return self._result

    def milliseconds(self, times: int = 3) -> float:
        """How long a run takes on the device, the fastest of some; 0 where nothing is captured."""
        if self._graph is None:
            return 0.0
        self._graph.replay()
        found = []
        for _ in range(times):
            begin = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
            end = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
            begin.record()
            self._graph.replay()
            end.record()
            end.synchronize()
            found.append(float(begin.elapsed_time(end)))
        return min(found)
