"""What this machine offers to a model: its device, the memory that is left, and how fast it multiplies. Takes a second.

Two things are measured, in the dtype that weights would be read in: one block of a vision tower (of Qwen2-VL-2B's size,
as stock torch computes it), and products of one row with weights that no cache holds, as an answer's tokens take them.
"""

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import gelu, layer_norm, linear, scaled_dot_product_attention

from askcam.engine.catalogue.estimate import HostMachine
from askcam.engine.cpu_dtype import has_units
from askcam.engine.devices import pick_device
from askcam.engine.machine_memory import memory_left
from askcam.engine.weights import dtype_of

ROWS, WIDTH, HEADS, INNER = 936, 1280, 16, 5120
WEIGHTS, SHAPE = 4, (8960, 1536)
RUNS = 4  # after one that is not counted


def this_machine(device: str, dtype: str) -> HostMachine:
    """`device`, `dtype`: as EngineConfig has them. Raises ModelError for what there is not."""
    where = pick_device(device)
    kind = torch_dtype(dtype, where)
    with torch.inference_mode():
        flops = block_flops() / _seconds(_block(where, kind), where)
        bytes_s = WEIGHTS * SHAPE[0] * SHAPE[1] * kind.itemsize / _seconds(_one_row(where, kind), where)
    return HostMachine(
        name=device_name(where),
        device=where.type,
        dtype=str(kind).removeprefix("torch."),
        itemsize=kind.itemsize,
        free_bytes=free_bytes(where),
        flops=flops,
        bytes_s=bytes_s,
    )


def torch_dtype(wanted: str, device: torch.device) -> torch.dtype:
    """That a checkpoint of the catalogue is read in: all of them lie in bfloat16. Raises ModelError.

    A CPU with units for it is held for one that gains by them; a loaded model is measured (engine/cpu_dtype.py).
    """
    found = dtype_of(wanted)
    if isinstance(found, torch.dtype):
        return found
    return torch.float32 if device.type == "cpu" and not has_units() else torch.bfloat16


def device_name(device: torch.device | str) -> str:
    """The device that computes, in words; the same every time."""
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    return (
        f"{_processor()}, {len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} cores"
    )


def block_flops() -> int:
    return 2 * ROWS * (4 * WIDTH**2 + 2 * WIDTH * INNER) + 4 * ROWS**2 * WIDTH


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # no Linux
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def free_bytes(of: torch.device | str) -> int:
    """Bytes that may still be taken; of several GPUs, on the roomiest."""
    device = torch.device(of)
    if device.type != "cuda":
        return memory_left().num_bytes
    indices = range(torch.cuda.device_count()) if device.index is None else [device.index]
    return max(torch.cuda.mem_get_info(i)[0] for i in indices)


def _seconds(work: Callable[[], Tensor], device: torch.device) -> float:
    """Of the quickest run."""
    taken = []
    for _ in range(1 + RUNS):
        start = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        taken.append(time.perf_counter() - start)
    return min(taken[1:])


def _block(device: torch.device, dtype: torch.dtype) -> Callable[[], Tensor]:
    def made(*shape: int) -> Tensor:
        return torch.full(shape, 0.01, dtype=dtype, device=device)

    x, norm = made(ROWS, WIDTH), made(WIDTH)
    attend, out, up, down = made(3 * WIDTH, WIDTH), made(WIDTH, WIDTH), made(INNER, WIDTH), made(WIDTH, INNER)

    def run() -> Tensor:
        parts = linear(layer_norm(x, (WIDTH,), norm), attend).view(ROWS, 3, HEADS, WIDTH // HEADS)
        q, k, v = parts.permute(1, 2, 0, 3)[:, None]  # each (1, heads, rows, head dim)
        seen = scaled_dot_product_attention(q, k, v)[0].transpose(0, 1).reshape(ROWS, WIDTH)
        between = x + linear(seen, out)
        return between + linear(gelu(linear(layer_norm(between, (WIDTH,), norm), up)), down)

    return run


def _one_row(device: torch.device, dtype: torch.dtype) -> Callable[[], Tensor]:
    weights = [torch.full(SHAPE, 0.01, dtype=dtype, device=device) for _ in range(WEIGHTS)]
    row = torch.ones(1, SHAPE[1], dtype=dtype, device=device)
    return lambda: torch.stack([linear(row, weight) for weight in weights])
